//! Login, Logout, Create User and Retrieve User of the minimal document.

use crate::support::{Answer, Person, Shop, id_of, shapes};
use serde_json::{Value, json};

const USERS: &str = "/api/users/";

fn sample() -> Value {
    json!({"username": "ann", "email": "ann@example.com", "password": "a-good-password"})
}

fn user_shape() -> Value {
    json!({"id": "id", "username": "text", "email": "text"})
}

fn no_token() -> Value {
    json!({"detail": "Authentication credentials were not provided."})
}

async fn try_log_in(shop: &Shop, username: &str, password: &str) -> Answer {
    let body = json!({"username": username, "password": password});
    shop.nobody().post("/api/login/", body).await
}

async fn create_ann(shop: &Shop) -> Person {
    let id = id_of(&shop.nobody().post(USERS, sample()).await.expect(201));
    let body = try_log_in(shop, "ann", "a-good-password").await.expect(200);
    let mut person = shop.nobody().bearing(body["token"].as_str().expect("a token"));
    person.id = id;
    person
}

#[tokio::test]
async fn login() {
    let shop = Shop::open().await;
    shop.nobody().post(USERS, sample()).await.expect(201);

    let body = try_log_in(&shop, "ANN", "a-good-password").await.expect(200);

    shapes::expect(&body, &json!({"token": "token"}));
    let wrong = json!({"non_field_errors": ["Unable to log in with provided credentials."]});
    try_log_in(&shop, "ann", "a-bad-password").await.says(400, wrong.clone());
    try_log_in(&shop, "nobody", "a-good-password").await.says(400, wrong);
    shop.nobody().post("/api/login/", json!({})).await.blames(400, &["username", "password"]);
}

#[tokio::test]
async fn logout() {
    let shop = Shop::open().await;
    let ann = create_ann(&shop).await;

    let answer = ann.ask("POST", "/api/logout/").send().await.expect(200);

    shapes::expect(&answer, &json!({"message": "text"}));
    ann.get("/api/cart/").await.expect(401);
    ann.ask("POST", "/api/logout/").send().await.expect(401);
    shop.nobody().ask("POST", "/api/logout/").send().await.says(401, no_token());
}

#[tokio::test]
async fn create_user() {
    let shop = Shop::open().await;

    let user = shop.nobody().post(USERS, sample()).await.expect(201);

    shapes::expect(&user, &user_shape());
    assert_eq!((&user["username"], &user["email"]), (&json!("ann"), &json!("ann@example.com")));
    shop.nobody().post(USERS, sample()).await.blames(400, &["username", "email"]);
    let required = json!(["This field is required."]);
    shop.nobody()
        .post(USERS, json!({}))
        .await
        .says(400, json!({"username": required, "email": required, "password": required}));
    let wrong = json!({"username": "", "email": "x", "password": "short"});
    shop.nobody().post(USERS, wrong).await.blames(400, &["username", "email", "password"]);
}

#[tokio::test]
async fn retrieve_user() {
    let shop = Shop::open().await;
    let ann = create_ann(&shop).await;
    let eve = shop.customer("eve").await;
    let path = format!("{USERS}{}/", ann.id);

    let user = ann.get(&path).await.expect(200);

    shapes::expect(&user, &user_shape());
    shop.admin().await.get(&path).await.says(200, user);
    eve.get(&path).await.says(404, json!({"detail": "Not found."}));
    shop.nobody().get(&path).await.says(401, no_token());
    for id in ["0", "999", "abc"] {
        ann.get(&format!("{USERS}{id}/")).await.says(404, json!({"detail": "Not found."}));
    }
}
