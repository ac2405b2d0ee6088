//! Users of the services document (API4).

use crate::support::services::{self, SERVICE_SETTING, bad_token, forbidden, no_token};
use crate::support::{Answer, Person, Shop, mailed_links, shapes};
use serde_json::{Value, json};

const REGISTER: &str = "/api/v1/users/register/";
const LOGIN: &str = "/api/v1/users/login/";
const LOGOUT: &str = "/api/v1/users/logout/";
const ME: &str = "/api/v1/users/me/";
const UPDATE: &str = "/api/v1/users/me/update/";
const CHANGE_PASSWORD: &str = "/api/v1/users/me/change-password/";
const RESET: &str = "/api/v1/users/reset-password/";
const REFRESH: &str = "/api/v1/users/token/refresh/";
const VERIFY: &str = "/api/v1/users/token/verify/";

const REQUIRED: &str = "This field is required.";

/// The error for a refresh token that is invalid or expired.
fn dead_token() -> Value {
    json!({"detail": "Token is invalid or expired", "code": "token_not_valid"})
}

/// A user with this name, registered through this contract.
async fn person(shop: &Shop, username: &str) -> Person {
    let body = shop.nobody().register_as(username, "").await.expect(201);
    let mut person = shop.nobody().bearing(body["user"]["access"].as_str().expect("a token"));
    person.refresh = body["user"]["refresh"].as_str().expect("a token").to_owned();
    person.email = format!("{username}@souk.example");
    person.password = "password123".to_owned();
    person
}

async fn log_in(shop: &Shop, username: &str, password: &str) -> Answer {
    shop.nobody().post(LOGIN, json!({"username": username, "password": password})).await
}

async fn session(shop: &Shop, username: &str, password: &str) -> Person {
    let body = log_in(shop, username, password).await.expect(200);
    shop.nobody().bearing(body["access"].as_str().expect("a token"))
}

#[tokio::test]
async fn register() {
    let shop = Shop::open().await;
    let body = json!({"username": "gus", "email": "gus@souk.example", "password": "password123",
        "confirm_password": "password123"});
    let made = shop.nobody().post(REGISTER, body.clone()).await.expect(201);
    let mut shape = json!({"message": "text", "user": services::me()});
    shape["user"]["access"] = json!("token");
    shape["user"]["refresh"] = json!("token");
    shapes::expect(&made, &shape);
    assert_eq!(made["message"], "User registered successfully.");
    let user = &made["user"];
    assert_eq!((&user["username"], &user["email"]), (&json!("gus"), &json!("gus@souk.example")));
    assert_eq!((&user["first_name"], &user["phone_number"]), (&json!(""), &Value::Null));
    shop.nobody().bearing(user["access"].as_str().expect("a token")).get(ME).await.expect(200);

    let taken = json!({"username": ["A user with that username already exists."],
        "email": ["This email is already in use."]});
    shop.nobody().post(REGISTER, body.clone()).await.says(400, taken);
    let with = |field: &str, value: Value| {
        let mut body = body.clone();
        body[field] = value;
        body
    };
    let shouted = with("username", json!("GUS"));
    shop.nobody().post(REGISTER, shouted).await.blames(400, &["username", "email"]);
    let missing = json!({"username": [REQUIRED], "password": [REQUIRED],
        "confirm_password": [REQUIRED], "email": [REQUIRED]});
    shop.nobody().post(REGISTER, json!({})).await.says(400, missing);
    let wrong = json!({"username": "a b", "email": "no address", "password": "short",
        "confirm_password": "other"});
    shop.nobody().post(REGISTER, wrong).await.blames(400, &["username", "email", "password"]);
    let differs = json!({"username": "ann", "email": "ann@souk.example", "password": "password123",
        "confirm_password": "password124"});
    let mismatch = json!({"confirm_password": ["Passwords do not match"]});
    shop.nobody().post(REGISTER, differs).await.says(400, mismatch);
}

#[tokio::test]
async fn nobody_becomes_an_administrator_by_asking() {
    let shop = Shop::open().await;
    let ask = |name: &str| {
        json!({"username": name, "email": format!("{name}@souk.example"), "password": "password123",
            "confirm_password": "password123", "user_type": "admin", "is_staff": true})
    };
    shop.nobody().post(REGISTER, ask("eve")).await.says(403, forbidden());
    person(&shop, "ann").await.post(REGISTER, ask("eve")).await.says(403, forbidden());
    shop.admin().await.post(REGISTER, ask("new")).await.expect(201);
    let new = session(&shop, "new", "password123").await;
    new.post("/api/v1/category/", json!({"name": "Books"})).await.expect(201);
}

#[tokio::test]
async fn login() {
    let shop = Shop::open().await;
    person(&shop, "gus").await;
    let body = log_in(&shop, "Gus", "password123").await.expect(200);
    shapes::expect(&body, &json!({"refresh": "token", "access": "token"}));
    let wrong = json!({"detail": "No active account found with the given credentials"});
    for (username, password) in [
        ("gus", "password124"),
        ("nobody", "password123"),
        ("a b!", "x"),
        ("gus@souk.example", "x"),
    ] {
        let refused = log_in(&shop, username, password).await;
        refused.says(401, wrong.clone());
        assert!(refused.header("WWW-Authenticate").starts_with("Bearer"), "{refused}");
    }
    shop.nobody().post(LOGIN, json!({})).await.blames(400, &["username", "password"]);
    // A user registered at the storefront has the e-mail address as name.
    let ann = shop.customer("ann").await;
    log_in(&shop, &ann.email, &ann.password).await.expect(200);
}

#[tokio::test]
async fn logout() {
    let shop = Shop::open_with(&[SERVICE_SETTING]).await;
    let gus = person(&shop, "gus").await;
    let elsewhere = session(&shop, "gus", "password123").await;
    gus.ask("POST", LOGOUT).send().await.says(200, json!({"message": "Logged out successfully."}));
    gus.get(ME).await.says(401, bad_token());
    gus.post(LOGOUT, json!({})).await.says(401, bad_token());
    shop.nobody().post(REFRESH, json!({"refresh": gus.refresh})).await.says(401, dead_token());
    elsewhere.get(ME).await.expect(200);
    shop.nobody().post(LOGOUT, json!({})).await.says(401, no_token());
    shop.service().post(LOGOUT, json!({})).await.says(403, forbidden());
}

#[tokio::test]
async fn me() {
    let shop = Shop::open_with(&[SERVICE_SETTING]).await;
    let gus = person(&shop, "gus").await;
    let shown = gus.get(ME).await.expect(200);
    shapes::expect(&shown, &services::me());
    assert_eq!(shown["username"], "gus");
    gus.get("/api/v1/users/me").await.says(200, shown);
    shop.nobody().get(ME).await.says(401, no_token());
    shop.service().get(ME).await.says(403, forbidden());
    gus.bearing(&gus.refresh).get(ME).await.says(401, bad_token());
}

#[tokio::test]
async fn update() {
    let shop = Shop::open().await;
    let (gus, ann) = (person(&shop, "gus").await, person(&shop, "ann").await);
    let mut body = json!({"username": "gustav", "email": "gustav@souk.example", "first_name": "Gus",
        "last_name": "Guest", "phone_number": "+212 5", "city": "Fez", "address": "1 Square",
        "postcode": "30000"});
    let changed = gus.put(UPDATE, body.clone()).await.expect(200);
    shapes::expect(&changed, &services::me());
    body["id"] = changed["id"].clone();
    assert_eq!(changed, body);
    gus.get(ME).await.says(200, changed);

    let partial =
        gus.put(UPDATE, json!({"city": null, "phone_number": "+212 6"})).await.expect(200);
    body["city"] = Value::Null;
    body["phone_number"] = json!("+212 6");
    assert_eq!(partial, body);
    gus.put(UPDATE, json!({})).await.says(200, body);
    log_in(&shop, "gustav", "password123").await.expect(200);
    log_in(&shop, "gus", "password123").await.expect(401);

    ann.put(UPDATE, json!({"username": "Gustav"})).await.blames(400, &["username"]);
    ann.put(UPDATE, json!({"email": "GUSTAV@souk.example"})).await.blames(400, &["email"]);
    let wrong =
        json!({"username": "a b", "email": "x", "first_name": null, "city": "x".repeat(200)});
    ann.put(UPDATE, wrong).await.blames(400, &["username", "email", "first_name", "city"]);
    shop.nobody().put(UPDATE, json!({})).await.says(401, no_token());
}

#[tokio::test]
async fn change_password() {
    let shop = Shop::open().await;
    let gus = person(&shop, "gus").await;
    let elsewhere = session(&shop, "gus", "password123").await;
    let body = |old: &str, new: &str, confirm: &str| json!({"old_password": old, "new_password": new, "confirm_password": confirm});
    let wrong = json!({"old_password": ["Old password is incorrect"]});
    gus.post(CHANGE_PASSWORD, body("wrong", "password456", "password456")).await.says(400, wrong);
    let mismatch = json!({"confirm_password": ["Passwords do not match"]});
    let differs = body("password123", "password456", "password457");
    gus.post(CHANGE_PASSWORD, differs).await.says(400, mismatch);
    gus.post(CHANGE_PASSWORD, json!({}))
        .await
        .blames(400, &["old_password", "new_password", "confirm_password"]);
    elsewhere.get(ME).await.expect(200);

    let good = body("password123", "password456", "password456");
    let changed = gus.post(CHANGE_PASSWORD, good).await;
    changed.says(200, json!({"message": "Password changed successfully."}));
    gus.get(ME).await.expect(200);
    elsewhere.get(ME).await.says(401, bad_token());
    log_in(&shop, "gus", "password123").await.expect(401);
    log_in(&shop, "gus", "password456").await.expect(200);
    shop.nobody().post(CHANGE_PASSWORD, json!({})).await.says(401, no_token());
}

fn new_password(text: &str) -> Value {
    json!({"new_password": text, "confirm_password": text})
}

#[tokio::test]
async fn post_users_reset_password() {
    let shop = Shop::open().await;
    person(&shop, "gus").await;
    let sent = json!({"detail": "If an account with that email exists, a password reset email has been sent."});
    for email in ["gus@souk.example", "nobody@souk.example"] {
        shop.nobody().post(RESET, json!({"email": email})).await.says(200, sent.clone());
    }
    shop.nobody().post(RESET, json!({"email": "no address"})).await.blames(400, &["email"]);
    shop.nobody().post(RESET, json!({})).await.blames(400, &["email"]);
    mailed_links(&shop, "gus@souk.example", 1).await;
}

#[tokio::test]
async fn post_users_reset_password_confirm() {
    let mut shop = Shop::open().await;
    let gus = person(&shop, "gus").await;
    shop.nobody().post(RESET, json!({"email": "gus@souk.example"})).await.expect(200);
    let link = mailed_links(&shop, "gus@souk.example", 1).await.remove(0);

    let invalid = json!({"detail": "Invalid or expired token."});
    let confirm = async |link: &str, body: Value| shop.nobody().post(link, body).await;
    let (start, token) = link.split_once("&token=").expect("a token");
    let wrong_token = format!("{start}&token={}", token.replace(|c: char| c.is_ascii_digit(), "a"));
    let wrong_user = link.replace("uidb64=", "uidb64=M");
    for bad in [
        &wrong_token,
        &wrong_user,
        start,
        "/api/v1/users/reset-password/confirm/",
        "/api/v1/users/reset-password/confirm/?uidb64=MQ&token=abc",
    ] {
        confirm(bad, new_password("password456")).await.says(400, invalid.clone());
    }
    confirm(&link, json!({})).await.blames(400, &["new_password", "confirm_password"]);
    confirm(&link, new_password("short")).await.blames(400, &["new_password"]);
    let differs = json!({"new_password": "password456", "confirm_password": "password457"});
    confirm(&link, differs).await.blames(400, &["confirm_password"]);

    let done = confirm(&link, new_password("password456")).await;
    done.says(200, json!({"detail": "Password has been reset."}));
    confirm(&link, new_password("password789")).await.says(400, invalid);
    gus.get(ME).await.says(401, bad_token());
    log_in(&shop, "gus", "password123").await.expect(401);
    log_in(&shop, "gus", "password456").await.expect(200);
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn a_reset_is_used_once_even_by_many_and_ends_the_other_links() {
    let mut shop = Shop::open().await;
    person(&shop, "gus").await;
    for _ in 0..8 {
        shop.nobody().post(RESET, json!({"email": "Gus@souk.example"})).await.expect(200);
    }
    let links = mailed_links(&shop, "gus@souk.example", 5).await;

    let nobody = shop.nobody();
    let attempts = (0..10).map(|number| {
        let password = format!("password-number-{number}");
        nobody.post(&links[number % 2], new_password(&password))
    });
    let attempts: Vec<_> = attempts.map(Box::pin).collect();
    let answers = futures_util::future::join_all(attempts).await;

    let good = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(good, 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    for link in &links {
        nobody.post(link, new_password("password456")).await.expect(400);
    }
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn a_changed_password_or_address_ends_the_mailed_links() {
    let shop = Shop::open().await;
    let gus = person(&shop, "gus").await;
    shop.nobody().post(RESET, json!({"email": gus.email})).await.expect(200);
    let link = mailed_links(&shop, "gus@souk.example", 1).await.remove(0);
    gus.put(UPDATE, json!({"email": "new@souk.example"})).await.expect(200);
    shop.nobody().post(&link, new_password("password456")).await.expect(400);
}

#[tokio::test]
async fn refresh_token() {
    let shop = Shop::open().await;
    let gus = person(&shop, "gus").await;
    let refresh = async |token: &str| shop.nobody().post(REFRESH, json!({"refresh": token})).await;
    for _ in 0..3 {
        let body = refresh(&gus.refresh).await.expect(200);
        shapes::expect(&body, &json!({"access": "token"}));
        gus.bearing(body["access"].as_str().expect("a token")).get(ME).await.expect(200);
    }
    gus.get(ME).await.expect(200);
    for bad in [gus.access.as_str(), "abc", "a.b.c"] {
        refresh(bad).await.says(401, dead_token());
    }
    shop.nobody().post(REFRESH, json!({})).await.blames(400, &["refresh"]);

    // After a refresh at the storefront the old token is invalid, and using it again ends the session.
    let body = json!({"refresh": gus.refresh});
    let traded = shop.nobody().post("/api/v1/auth/refresh/", body).await.expect(200);
    let traded = traded["refresh"].as_str().expect("a token").to_owned();
    refresh(&traded).await.expect(200);
    refresh(&gus.refresh).await.says(401, dead_token());
    refresh(&traded).await.says(401, dead_token());
    gus.get(ME).await.says(401, bad_token());
}

#[tokio::test]
async fn verify_token() {
    let shop = Shop::open().await;
    let gus = person(&shop, "gus").await;
    let verify = async |token: &str| shop.nobody().post(VERIFY, json!({"token": token})).await;
    for token in [&gus.access, &gus.refresh] {
        verify(token).await.says(200, json!({"detail": "Token is valid"}));
    }
    let invalid = json!({"detail": "Token is invalid", "code": "token_not_valid"});
    verify("a.b.c").await.says(401, invalid.clone());
    verify(&format!("{}x", gus.access)).await.says(401, invalid.clone());
    shop.nobody().post(VERIFY, json!({})).await.blames(400, &["token"]);
    gus.post(LOGOUT, json!({})).await.expect(200);
    for token in [&gus.access, &gus.refresh] {
        verify(token).await.says(401, invalid.clone());
    }
}
