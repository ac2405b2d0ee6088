//! Operations 1 to 6 of the storefront document: register, login, refresh, profile, password.

use crate::support::{Answer, Shop, shapes};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::{Value, json};

const REGISTER: &str = "/api/v1/auth/register/";
const LOGIN: &str = "/api/v1/auth/login/";
const REFRESH: &str = "/api/v1/auth/refresh/";
const PROFILE: &str = "/api/v1/auth/profile/";
const CHANGE_PASSWORD: &str = "/api/v1/auth/change-password/";

const REQUIRED: &str = "This field is required.";

fn registration(email: &str) -> Value {
    json!({"email": email, "password": "password123", "password_confirm": "password123",
        "user_type": "customer", "first_name": "John", "last_name": "Doe"})
}

fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

#[tokio::test]
async fn registration_names_every_wrong_field_at_once() {
    let shop = Shop::open().await;
    let nobody = shop.nobody();
    let ask = async |body: Value| nobody.post(REGISTER, body).await;

    let all = json!({"email": [REQUIRED], "password": [REQUIRED], "password_confirm": [REQUIRED]});
    ask(json!({})).await.says(400, all);
    let printed = json!({"email": [REQUIRED], "password": [REQUIRED], "password_confirm": ["Passwords do not match"]});
    ask(json!({"password_confirm": "password123"})).await.says(400, printed);
    let mismatch = with(registration("ann@souk.example"), "password_confirm", json!("password124"));
    ask(mismatch).await.says(400, json!({"password_confirm": ["Passwords do not match"]}));

    let bad = json!({"email": "no address", "user_type": "wizard"});
    let expected = json!({"email": ["Enter a valid email address."], "password": [REQUIRED],
        "password_confirm": [REQUIRED], "user_type": ["\"wizard\" is not a valid choice."]});
    ask(bad).await.says(400, expected);

    let good = registration("ann@souk.example");
    ask(with(good.clone(), "email", json!("")))
        .await
        .says(400, json!({"email": ["This field may not be blank."]}));
    ask(with(good.clone(), "email", json!(null)))
        .await
        .says(400, json!({"email": ["This field may not be null."]}));
    ask(with(good.clone(), "email", json!(["a"]))).await.blames(400, &["email"]);
    let long = format!("{}@souk.example", "a".repeat(300));
    ask(with(good.clone(), "email", json!(long))).await.blames(400, &["email"]);
    ask(with(good.clone(), "first_name", json!("x".repeat(5_000))))
        .await
        .blames(400, &["first_name"]);

    for password in ["short", &"x".repeat(129)] {
        let body = with(good.clone(), "password", json!(password));
        ask(with(body, "password_confirm", json!(password))).await.blames(400, &["password"]);
    }
    nobody.try_log_in("ann@souk.example", "password123").await.expect(400);
    ask(good).await.expect(201);
}

#[tokio::test]
async fn an_email_is_taken_without_regard_to_case() {
    let shop = Shop::open().await;
    shop.nobody().post(REGISTER, registration("ann@souk.example")).await.expect(201);

    shop.nobody().post(REGISTER, registration("ann@souk.example")).await.blames(400, &["email"]);
    shop.nobody().post(REGISTER, registration("ANN@Souk.Example")).await.blames(400, &["email"]);
    shop.nobody().try_log_in("Ann@souk.example", "password123").await.expect(200);
}

#[tokio::test]
async fn nobody_becomes_an_administrator_by_asking() {
    let shop = Shop::open().await;
    let ann = shop.customer("ann").await;
    let body = with(registration("eve@souk.example"), "user_type", json!("admin"));

    assert!(shop.nobody().post(REGISTER, body.clone()).await.expect(403)["detail"].is_string());
    assert!(ann.post(REGISTER, body.clone()).await.expect(403)["detail"].is_string());
    ann.patch(PROFILE, json!({"user_type": "admin", "is_staff": true})).await;
    assert_eq!(ann.get(PROFILE).await.expect(200)["user_type"], "customer");

    let made = shop.admin().await.post(REGISTER, body).await.expect(201);
    shapes::expect(&made, &shapes::session());
    assert_eq!(made["data"]["user"]["user_type"], "admin");
    let eve = shop.nobody().log_in("eve@souk.example", "password123").await;
    eve.add_category("Books").await;
}

#[tokio::test]
async fn what_is_not_asked_for_may_be_left_out_or_added() {
    let shop = Shop::open().await;
    let body = json!({"email": "ann@souk.example", "password": "password123", "password_confirm": "password123",
        "newsletter": {"weekly": true}});
    let answer = shop.nobody().post(REGISTER, body).await.expect(201);
    assert_eq!(answer["data"]["user"]["user_type"], "customer");

    let ann = shop.nobody().log_in("ann@souk.example", "password123").await;
    let profile = ann.get(PROFILE).await.expect(200);
    shapes::expect(&profile, &shapes::profile());
    assert_eq!((&profile["first_name"], &profile["last_name"]), (&json!(""), &json!("")));
}

#[tokio::test]
async fn a_failed_login_does_not_reveal_which_part_was_wrong() {
    let shop = Shop::open().await;
    let ann = shop.customer("ann").await;
    let wrong = json!({"non_field_errors": ["Invalid credentials"]});

    shop.nobody().try_log_in(&ann.email, "not-her-password").await.says(400, wrong.clone());
    shop.nobody().try_log_in("nobody@souk.example", "not-her-password").await.says(400, wrong);
    shop.nobody()
        .post(LOGIN, json!({}))
        .await
        .says(400, json!({"email": [REQUIRED], "password": [REQUIRED]}));
    let body = json!({"email": "no address", "password": ""});
    let expected = json!({"email": ["Enter a valid email address."], "password": ["This field may not be blank."]});
    shop.nobody().post(LOGIN, body).await.says(400, expected);
}

#[tokio::test]
async fn tokens_are_as_the_sample_in_the_document() {
    let secret = "a-secret-of-at-least-thirty-two-bytes";
    let shop = Shop::open_with(&[("SOUK_JWT_SECRET", secret)]).await;
    let ann = shop.customer("ann").await;

    let key = DecodingKey::from_secret(secret.as_bytes());
    for (token, kind, seconds) in [(&ann.access, "access", 900), (&ann.refresh, "refresh", 86_400)]
    {
        let read = jsonwebtoken::decode::<Value>(token, &key, &Validation::new(Algorithm::HS256));
        let claims = read.expect("an HS256 token signed with the configured secret").claims;
        assert_eq!(claims["token_type"], kind, "{claims}");
        assert_eq!(claims["user_id"], ann.id, "{claims}");
        assert!(claims["jti"].as_str().is_some_and(|jti| !jti.is_empty()), "{claims}");
        let lifetime =
            claims["exp"].as_i64().zip(claims["iat"].as_i64()).map(|(exp, iat)| exp - iat);
        assert_eq!(lifetime, Some(seconds), "{claims}");
    }

    let mut claims: Value =
        jsonwebtoken::decode(&ann.access, &key, &Validation::new(Algorithm::HS256))
            .expect("her token")
            .claims;
    let now = jiff::Timestamp::now().as_second();
    (claims["iat"], claims["exp"]) = (json!(now - 1_000), json!(now - 100));
    let sign = |claims: &Value, algorithm, secret: &str| {
        jsonwebtoken::encode(
            &Header::new(algorithm),
            claims,
            &EncodingKey::from_secret(secret.as_bytes()),
        )
        .expect("a token")
    };
    expect_bad_token(&as_bearer(&shop, &sign(&claims, Algorithm::HS256, secret)).await);
    claims["exp"] = json!(now + 800);
    expect_bad_token(
        &as_bearer(&shop, &sign(&claims, Algorithm::HS256, "somebody-else's-secret-of-32-bytes"))
            .await,
    );
    expect_bad_token(&as_bearer(&shop, &sign(&claims, Algorithm::HS512, secret)).await);
}

#[tokio::test]
async fn all_but_four_operations_require_a_token() {
    let shop = Shop::open().await;
    let ann = shop.customer("ann").await;
    let doors = [
        ("GET", PROFILE),
        ("PUT", PROFILE),
        ("PATCH", PROFILE),
        ("POST", CHANGE_PASSWORD),
        ("GET", "/api/v1/products/"),
        ("POST", "/api/v1/products/"),
        ("GET", "/api/v1/products/1/"),
        ("PUT", "/api/v1/products/1/"),
        ("PATCH", "/api/v1/products/1/"),
        ("DELETE", "/api/v1/products/1/"),
        ("GET", "/api/v1/categories/"),
        ("POST", "/api/v1/categories/"),
        ("GET", "/api/v1/categories/1/"),
        ("PUT", "/api/v1/categories/1/"),
        ("PATCH", "/api/v1/categories/1/"),
        ("DELETE", "/api/v1/categories/1/"),
        ("GET", "/api/v1/orders/"),
        ("POST", "/api/v1/orders/"),
        ("GET", "/api/v1/orders/1/"),
        ("PUT", "/api/v1/orders/1/"),
        ("PATCH", "/api/v1/orders/1/"),
        ("DELETE", "/api/v1/orders/1/"),
        ("POST", "/api/v1/orders/1/create-payment/"),
        ("POST", "/api/v1/orders/1/confirm-payment/"),
        ("GET", "/api/v1/cart/"),
        ("POST", "/api/v1/cart/"),
        ("DELETE", "/api/v1/cart/"),
        ("PUT", "/api/v1/cart/items/1/"),
        ("PATCH", "/api/v1/cart/items/1/"),
        ("DELETE", "/api/v1/cart/items/1/"),
        ("POST", "/api/v1/cart/checkout/"),
        ("GET", "/api/v1/reports/summary/"),
    ];
    for (method, path) in doors {
        let answer = shop.nobody().ask(method, path).json(&json!({})).send().await;
        answer.says(401, json!({"detail": "Authentication credentials were not provided."}));
        assert!(
            answer.header("WWW-Authenticate").starts_with("Bearer"),
            "{method} {path}: {answer}"
        );

        let answer =
            shop.nobody().ask(method, path).bearer("gar.ba.ge").json(&json!({})).send().await;
        expect_bad_token(&answer);
        // A refresh token opens nothing.
        expect_bad_token(
            &shop.nobody().ask(method, path).bearer(&ann.refresh).json(&json!({})).send().await,
        );
    }
    // Another scheme is no token at all.
    let answer =
        shop.nobody().ask("GET", PROFILE).header("Authorization", "Basic YW5uOnB3").send().await;
    answer.says(401, json!({"detail": "Authentication credentials were not provided."}));
}

#[tokio::test]
async fn refreshing_rotates_and_a_second_use_ends_the_session() {
    let shop = Shop::open().await;
    let ann = shop.customer("ann").await;
    let elsewhere = shop.nobody().log_in(&ann.email, &ann.password).await;

    let rotated = refresh(&shop, &ann.refresh).await.expect(200);
    shapes::expect(&rotated, &json!({"access": "token", "refresh": "token"}));
    let (access, next) = (text(&rotated["access"]), text(&rotated["refresh"]));
    assert_ne!(next, ann.refresh);
    as_bearer(&shop, &access).await.expect(200);
    let third = refresh(&shop, &next).await.expect(200);

    expect_dead_refresh(&refresh(&shop, &ann.refresh).await);
    // The token was stolen: the whole session ends, her other sessions continue.
    expect_dead_refresh(&refresh(&shop, &text(&third["refresh"])).await);
    expect_bad_token(&as_bearer(&shop, &text(&third["access"])).await);
    expect_bad_token(&as_bearer(&shop, &access).await);
    elsewhere.get(PROFILE).await.expect(200);
    refresh(&shop, &elsewhere.refresh).await.expect(200);
}

#[tokio::test]
async fn only_a_refresh_token_refreshes() {
    let shop = Shop::open().await;
    let ann = shop.customer("ann").await;

    expect_dead_refresh(&refresh(&shop, &ann.access).await);
    expect_dead_refresh(&refresh(&shop, "garbage").await);
    shop.nobody().post(REFRESH, json!({})).await.says(400, json!({"refresh": [REQUIRED]}));
    refresh(&shop, &ann.refresh).await.expect(200);
}

#[tokio::test]
async fn tokens_and_their_ends_survive_a_restart() {
    let mut shop = Shop::open().await;
    let ann = shop.customer("ann").await;
    let rotated = refresh(&shop, &ann.refresh).await.expect(200);

    shop.kill();
    shop.start();

    as_bearer(&shop, &text(&rotated["access"])).await.expect(200);
    expect_dead_refresh(&refresh(&shop, &ann.refresh).await);
    expect_bad_token(&as_bearer(&shop, &text(&rotated["access"])).await);
}

#[tokio::test]
async fn the_profile_can_be_changed_in_part_and_whole() {
    let shop = Shop::open().await;
    let (ann, ben) = (shop.customer("ann").await, shop.customer("ben").await);
    let before = ann.get(PROFILE).await.expect(200);

    let patched = ann.patch(PROFILE, json!({"first_name": "Jane"})).await.expect(200);
    assert_eq!(patched, with(before.clone(), "first_name", json!("Jane")));
    let body = json!({"email": "new@souk.example", "first_name": "Jane", "last_name": "Smith"});
    let put = ann.put(PROFILE, body).await.expect(200);
    shapes::expect(&put, &shapes::profile());
    let expected = json!({"id": ann.id, "email": "new@souk.example", "username": "new@souk.example",
        "first_name": "Jane", "last_name": "Smith", "user_type": "customer", "date_joined": before["date_joined"]});
    assert_eq!(put, expected);
    ann.get(PROFILE).await.says(200, put.clone());

    // The new address is the log-in name, the old one is free.
    shop.nobody().log_in("new@souk.example", &ann.password).await;
    shop.nobody().try_log_in(&ann.email, &ann.password).await.expect(400);
    let taken = json!({"email": ["This email is already in use."]});
    ben.patch(PROFILE, json!({"email": "new@souk.example"})).await.says(400, taken.clone());
    ben.patch(PROFILE, json!({"email": "NEW@souk.example"})).await.says(400, taken);
    ben.patch(PROFILE, json!({"email": ann.email})).await.expect(200);

    let bad = json!({"email": "no address", "first_name": null});
    let expected = json!({"email": ["Enter a valid email address."], "first_name": ["This field may not be null."]});
    ann.patch(PROFILE, bad).await.says(400, expected);
    ann.patch(PROFILE, json!({"email": ""}))
        .await
        .says(400, json!({"email": ["This field may not be blank."]}));
    // Her own address causes no conflict, and read-only fields are ignored.
    let body = json!({"email": "new@souk.example", "id": 77, "date_joined": "2001-01-01T00:00:00Z", "username": "x"});
    ann.patch(PROFILE, body).await.says(200, put);
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let shop = Shop::open().await;
    let ann = shop.customer("ann").await;
    let elsewhere = shop.nobody().log_in(&ann.email, &ann.password).await;
    let new = "newpassword123";

    let body = |old: &str, new: &str, confirm: &str| json!({"old_password": old, "new_password": new, "new_password_confirm": confirm});
    let wrong = json!({"old_password": ["Old password is incorrect"]});
    ann.post(CHANGE_PASSWORD, body("not-it-at-all", new, new)).await.says(400, wrong);
    let mismatch = json!({"new_password": ["New passwords do not match"]});
    ann.post(CHANGE_PASSWORD, body(&ann.password, new, "newpassword124")).await.says(400, mismatch);
    let missing = json!({"old_password": [REQUIRED], "new_password": [REQUIRED], "new_password_confirm": [REQUIRED]});
    ann.post(CHANGE_PASSWORD, json!({})).await.says(400, missing);
    ann.post(CHANGE_PASSWORD, body(&ann.password, "short", "short"))
        .await
        .blames(400, &["new_password"]);
    elsewhere.get(PROFILE).await.expect(200);

    let changed = ann.post(CHANGE_PASSWORD, body(&ann.password, new, new)).await;
    changed.says(200, json!({"message": "Password changed successfully"}));

    expect_bad_token(&elsewhere.get(PROFILE).await);
    expect_dead_refresh(&refresh(&shop, &elsewhere.refresh).await);
    ann.get(PROFILE).await.expect(200);
    shop.nobody().try_log_in(&ann.email, &ann.password).await.expect(400);
    shop.nobody().log_in(&ann.email, new).await;
}

async fn refresh(shop: &Shop, token: &str) -> Answer {
    shop.nobody().post(REFRESH, json!({"refresh": token})).await
}

/// The profile as seen with this token.
async fn as_bearer(shop: &Shop, token: &str) -> Answer {
    shop.nobody().bearing(token).get(PROFILE).await
}

fn text(value: &Value) -> String {
    value.as_str().expect("a token").to_owned()
}

#[track_caller]
fn expect_bad_token(answer: &Answer) {
    answer.says(
        401,
        json!({"detail": "Given token not valid for any token type", "code": "token_not_valid"}),
    );
    assert!(answer.header("WWW-Authenticate").starts_with("Bearer"), "{answer}");
}

#[track_caller]
fn expect_dead_refresh(answer: &Answer) {
    answer.says(401, json!({"detail": "Token is invalid or expired", "code": "token_not_valid"}));
}
