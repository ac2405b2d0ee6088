//! Every operation of every contract refuses bad tokens, with one answer; and no log-in reveals who has an account.

use crate::support::services::bad_token;
use crate::support::{Answer, Person, Shop};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::{Value, json};

use super::access::table::{CALLERS, Caller, rows_of};

const SECRET: &str = "a-secret-of-at-least-thirty-two-bytes";
const CONTRACTS: [&str; 5] = ["classic", "minimal", "services", "storefront", "platform"];
/// `{"typ":"JWT","alg":"none"}`.
const NO_ALGORITHM: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0";

async fn shop() -> Shop {
    Shop::open_with(&[("SOUK_JWT_SECRET", SECRET)]).await
}

fn claims_of(token: &str) -> Value {
    let key = DecodingKey::from_secret(SECRET.as_bytes());
    let read = jsonwebtoken::decode(token, &key, &Validation::new(Algorithm::HS256));
    read.expect("a token of the shop").claims
}

fn signed(claims: &Value, algorithm: Algorithm, secret: &str) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(&Header::new(algorithm), claims, &key).expect("a token")
}

/// Every kind of bad token, made from a good one; `stranger` is another user.
fn bad_tokens_like(good: &str, stranger: i64) -> Vec<(&'static str, String)> {
    let claims = claims_of(good);
    let now = jiff::Timestamp::now().as_second();
    let with = |field: &str, value: Value| {
        let mut claims = claims.clone();
        claims[field] = value;
        claims
    };
    let ours = |claims: &Value| signed(claims, Algorithm::HS256, SECRET);
    let without = |field: &str| {
        let mut claims = claims.clone();
        claims.as_object_mut().expect("claims").remove(field);
        ours(&claims)
    };
    let (head, signature) = good.rsplit_once('.').expect("three parts");
    let (header, payload) = head.split_once('.').expect("three parts");
    let promoted = ours(&with("user_id", json!(stranger)));
    let promoted_payload = promoted.split('.').nth(1).expect("three parts");
    vec![
        ("no algorithm", format!("{NO_ALGORITHM}.{payload}.")),
        ("no algorithm, signed", format!("{NO_ALGORITHM}.{payload}.{signature}")),
        ("no signature", format!("{header}.{payload}.")),
        ("another algorithm", signed(&claims, Algorithm::HS384, SECRET)),
        ("a longer algorithm", signed(&claims, Algorithm::HS512, SECRET)),
        ("another secret", signed(&claims, Algorithm::HS256, "another-secret-of-thirty-two-bytes")),
        ("another payload", format!("{header}.{promoted_payload}.{signature}")),
        ("a cut signature", good[..good.len() - 4].to_owned()),
        ("expired", ours(&with("exp", json!(now - 1)))),
        ("issued in the future", ours(&with("iat", json!(now + 7_200)))),
        ("not good yet", ours(&with("nbf", json!(now + 7_200)))),
        ("without an end", without("exp")),
        ("without a kind", without("token_type")),
        ("of no kind we know", ours(&with("token_type", json!("sliding")))),
        ("of no session", ours(&with("jti", json!("7fffffff-0-0000000000000001")))),
        ("of another user's session", promoted),
        ("no token at all", "x".to_owned()),
    ]
}

#[tokio::test]
async fn every_door_of_every_contract_refuses_every_bad_token_alike() {
    let shop = shop().await;
    let (ann, boss) = (shop.customer("ann").await, shop.admin().await);
    let mut bad = bad_tokens_like(&ann.access, boss.id);
    bad.push(("a refresh token", ann.refresh.clone()));

    for contract in CONTRACTS {
        let doors = rows_of(contract).into_iter().filter(|row| {
            row.status_for(Caller::BadToken) == 401
                && CALLERS.iter().any(|caller| row.status_for(*caller) < 300)
        });
        for row in doors {
            let path = filled(&row.path);
            for (what, token) in &bad {
                let ask = shop.nobody().ask(&row.method, &path).bearer(token).json(&json!({}));
                let answer = ask.send().await;
                assert_eq!(answer.status, 401, "{}, {what}: {answer}", row.operation());
                answer.says(401, bad_token());
                assert!(
                    answer.header("WWW-Authenticate").starts_with("Bearer"),
                    "{what}: {answer}"
                );
            }
        }
    }
    // The good token still works.
    ann.get("/api/v1/auth/profile/").await.expect(200);
}

/// A path with an id in the place of its parameter.
fn filled(path: &str) -> String {
    match path.split_once('{') {
        Some((before, rest)) => {
            let (_, after) = rest.split_once('}').expect("a parameter in braces");
            format!("{before}1{after}")
        }
        None => path.to_owned(),
    }
}

#[tokio::test]
async fn no_bad_token_is_traded_for_a_good_one() {
    let shop = shop().await;
    let (ann, boss) = (shop.customer("ann").await, shop.admin().await);
    let mut bad = bad_tokens_like(&ann.refresh, boss.id);
    bad.push(("an access token", ann.access.clone()));
    let dead = json!({"detail": "Token is invalid or expired", "code": "token_not_valid"});

    for (_, token) in &bad {
        let body = json!({"refresh": token});
        let storefront = shop.nobody().post("/api/v1/auth/refresh/", body.clone()).await;
        storefront.says(401, dead.clone());
        let services = shop.nobody().post("/api/v1/users/token/refresh/", body).await;
        services.says(401, dead.clone());
    }
    for (what, token) in bad.iter().filter(|(what, _)| *what != "an access token") {
        let answer =
            shop.nobody().post("/api/v1/users/token/verify/", json!({"token": token})).await;
        let detail = match *what {
            "expired" => "Token is expired",
            "of no kind we know" => "Token has wrong type",
            _ => "Token is invalid",
        };
        assert!(answer.header("WWW-Authenticate").starts_with("Bearer"), "{what}: {answer}");
        answer.says(401, json!({"detail": detail, "code": "token_not_valid"}));
    }
    let body = json!({"refresh": ann.refresh});
    shop.nobody().post("/api/v1/auth/refresh/", body).await.expect(200);
}

#[tokio::test]
async fn tokens_of_closed_accounts_and_ended_sessions_are_refused() {
    let shop = shop().await;
    let ann = shop.customer("ann").await;
    let elsewhere = shop.nobody().log_in(&ann.email, &ann.password).await;
    elsewhere.post("/api/v1/users/logout/", json!({})).await.expect(200);
    refused_everywhere(&elsewhere).await;

    ann.delete(&format!("/api/v1/users/{}", ann.id)).await.expect(204);

    refused_everywhere(&ann).await;
    let body = json!({"refresh": ann.refresh});
    shop.nobody().post("/api/v1/auth/refresh/", body).await.expect(401);
}

async fn refused_everywhere(person: &Person) {
    for path in [
        // These need no token, but refuse a bad one.
        "/api/products/",
        "/api/products/999/",
        "/api/v1/product/",
        "/api/v1/category/1/",
        "/api/v1/products/1",
        "/api/cart/",
        "/api/v1/users/me/",
        "/api/v1/auth/profile/",
        "/api/v1/users/1",
        "/api/v1/cart/get_cart/",
    ] {
        person.get(path).await.says(401, bad_token());
    }
    person.post("/api/orders/", json!({"products": [1]})).await.says(401, bad_token());
}

/// The five log-ins, each with the field that names an account.
const LOG_INS: [(&str, &str); 5] = [
    ("/api/token/", "username"),
    ("/api/login/", "username"),
    ("/api/v1/users/login/", "username"),
    ("/api/v1/auth/login/", "email"),
    ("/api/v1/auth/login", "email"),
];
/// Log-ins of each kind.
const ATTEMPTS: usize = 3;

/// How many password hashes the shop has computed.
async fn hashes(shop: &Shop) -> usize {
    let metrics = shop.nobody().get("/metrics").await.text;
    let mut lines = metrics.lines();
    let number = lines.find_map(|line| line.strip_prefix("souk_password_hashes_total "));
    number.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{metrics}"))
}

#[tokio::test]
async fn an_unknown_account_is_answered_as_a_wrong_password_and_after_the_same_work() {
    let shop = shop().await;
    let ann = shop.customer("ann").await;
    for (path, field) in LOG_INS {
        let attempts = async |account: &str| {
            let before = hashes(&shop).await;
            let body = json!({field: account, "password": "not-hers"});
            let mut answers = Vec::new();
            for _ in 0..ATTEMPTS {
                answers.push(seen(&shop.nobody().post(path, body.clone()).await));
            }
            (answers, hashes(&shop).await - before)
        };
        let (known, known_hashes) = attempts(&ann.email).await;
        let (unknown, unknown_hashes) = attempts("nobody@souk.example").await;

        assert!(known[0].0 == 400 || known[0].0 == 401, "{known:?}");
        assert_eq!(known, unknown);
        // Hashing is nearly all the work, and a unit test of it compares what one hash costs.
        assert_eq!((known_hashes, unknown_hashes), (ATTEMPTS, ATTEMPTS), "{path}");
    }
}

/// Everything that a client sees of an answer, except its date.
fn seen(answer: &Answer) -> (u16, String, Vec<(String, String)>) {
    let headers = answer.headers.iter().filter(|(name, _)| name.as_str() != "date");
    let text = |value: &reqwest::header::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let headers = headers.map(|(name, value)| (name.to_string(), text(value))).collect();
    (answer.status, answer.text.clone(), headers)
}
