//! Operations 1 to 4 of the classic document: sign up, log in, change e-mail address and password.

use crate::support::{Answer, Person, Shop, id_of, shapes};
use serde_json::{Value, json};

fn newuser() -> Value {
    json!({"username": "newuser", "password": "password123", "email": "newuser@example.com"})
}

fn no_token() -> Value {
    json!({"detail": "Authentication credentials were not provided."})
}

async fn try_log_in(shop: &Shop, username: &str, password: &str) -> Answer {
    let body = json!({"username": username, "password": password});
    shop.nobody().post("/api/token/", body).await
}

/// The document's user, signed up and logged in.
async fn sign_up(shop: &Shop) -> Person {
    let id = id_of(&shop.nobody().post("/api/users/signup/", newuser()).await.expect(201));
    let body = try_log_in(shop, "newuser", "password123").await.expect(200);
    let mut person = shop.nobody().bearing(body["access"].as_str().expect("a token"));
    person.id = id;
    person
}

#[tokio::test]
async fn user_signup() {
    let shop = Shop::open().await;

    let user = shop.nobody().post("/api/users/signup/", newuser()).await.expect(201);

    shapes::expect(&user, &json!({"id": "id", "username": "text", "email": "text"}));
    assert_eq!(
        (&user["username"], &user["email"]),
        (&json!("newuser"), &json!("newuser@example.com"))
    );
    let again = shop.nobody().post("/api/users/signup", newuser()).await;
    again.says(
        400,
        json!({"username": ["A user with that username already exists."],
        "email": ["user with this email already exists."]}),
    );
    let required = json!(["This field is required."]);
    shop.nobody()
        .post("/api/users/signup/", json!({}))
        .await
        .says(400, json!({"username": required, "password": required, "email": required}));
    let wrong = json!({"username": "new user", "password": "1234567", "email": "x"});
    shop.nobody()
        .post("/api/users/signup/", wrong)
        .await
        .blames(400, &["username", "password", "email"]);
}

#[tokio::test]
async fn user_login() {
    let shop = Shop::open().await;
    shop.nobody().post("/api/users/signup/", newuser()).await.expect(201);

    let body = try_log_in(&shop, "NewUser", "password123").await.expect(200);

    shapes::expect(&body, &json!({"access": "token", "refresh": "token"}));
    let wrong = json!({"detail": "No active account found with the given credentials"});
    for (username, password) in
        [("newuser", "password124"), ("nobody", "password123"), ("no such name", "password123")]
    {
        let answer = try_log_in(&shop, username, password).await;
        answer.says(401, wrong.clone());
        assert_eq!(answer.header("WWW-Authenticate"), "Bearer realm=\"api\"");
    }
    shop.nobody().post("/api/token/", json!({})).await.blames(400, &["username", "password"]);
}

#[tokio::test]
async fn change_email() {
    let shop = Shop::open().await;
    let user = sign_up(&shop).await;
    shop.customer("eve").await;
    let path = "/api/users/change_email/";

    let changed = user.post(path, json!({"email": "newemail@example.com"})).await.expect(200);

    shapes::expect(&changed, &json!({"message": "text"}));
    let shown = user.get("/api/v1/auth/profile/").await.expect(200);
    assert_eq!(
        (&shown["email"], &shown["username"]),
        (&json!("newemail@example.com"), &json!("newuser"))
    );
    let taken = json!({"email": ["user with this email already exists."]});
    user.post(path, json!({"email": "Eve@Souk.example"})).await.says(400, taken);
    user.post(path, json!({"email": "nowhere"})).await.blames(400, &["email"]);
    user.post(path, json!({})).await.blames(400, &["email"]);
    shop.nobody().post(path, json!({"email": "x@example.com"})).await.says(401, no_token());
}

#[tokio::test]
async fn change_password() {
    let shop = Shop::open().await;
    let user = sign_up(&shop).await;
    let elsewhere = try_log_in(&shop, "newuser", "password123").await.expect(200);
    let elsewhere = shop.nobody().bearing(elsewhere["access"].as_str().expect("a token"));
    let path = "/api/users/change_password/";

    user.post(path, json!({"password": "short"})).await.blames(400, &["password"]);
    user.post(path, json!({})).await.blames(400, &["password"]);
    shop.nobody().post(path, json!({"password": "newpassword123"})).await.says(401, no_token());
    let changed = user.post(path, json!({"password": "newpassword123"})).await.expect(200);

    shapes::expect(&changed, &json!({"message": "text"}));
    user.get("/api/v1/auth/profile/").await.expect(200);
    elsewhere.get("/api/v1/auth/profile/").await.expect(401);
    try_log_in(&shop, "newuser", "password123").await.expect(401);
    try_log_in(&shop, "newuser", "newpassword123").await.expect(200);
}
