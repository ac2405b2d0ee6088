//! Authentication Endpoints.

use serde_json::{Value, json};

use super::{no_token, said};
use crate::support::{Shop, shapes};

const PROFILE: &str = "/api/v1/auth/profile/";
const CHANGE_PASSWORD: &str = "/api/v1/auth/change-password/";

#[tokio::test]
async fn register_user() {
    let shop = Shop::open().await;
    let register = async |body: Value| shop.nobody().post("/api/v1/auth/register/", body).await;
    let body = json!({"email": "user@example.com", "password": "password123",
        "password_confirm": "password123", "user_type": "customer", "first_name": "John",
        "last_name": "Doe"});

    let registered = register(body).await.expect(201);

    shapes::expect(&registered, &shapes::session());
    assert_eq!(registered["message"], "User registered successfully");
    let user = &registered["data"]["user"];
    assert_eq!(
        *user,
        json!({"id": user["id"], "email": "user@example.com", "user_type": "customer"})
    );
    let required = json!(["This field is required."]);
    let missing = json!({"email": required, "password": required, "password_confirm": required});
    register(json!({})).await.says(400, missing);
    let differ = json!({"email": "ann@example.com", "password": "password123",
        "password_confirm": "password124", "first_name": "Ann", "last_name": "Doe"});
    let mismatch = json!({"password_confirm": ["Passwords do not match"]});
    register(differ).await.says(400, mismatch);
}

#[tokio::test]
async fn login_user() {
    let shop = Shop::open().await;
    let ann = shop.customer("ann").await;

    let logged_in = ann.try_log_in(&ann.email, &ann.password).await.expect(200);

    shapes::expect(&logged_in, &shapes::session());
    assert_eq!(logged_in["message"], "Login successful");
    let user = json!({"id": ann.id, "email": ann.email, "user_type": "customer"});
    assert_eq!(logged_in["data"]["user"], user);
    let wrong = json!({"non_field_errors": ["Invalid credentials"]});
    shop.nobody().try_log_in(&ann.email, "password124").await.says(400, wrong);
}

#[tokio::test]
async fn refresh_token() {
    let shop = Shop::open().await;
    let ann = shop.customer("ann").await;
    let refresh =
        async || shop.nobody().post("/api/v1/auth/refresh/", json!({"refresh": ann.refresh})).await;

    let refreshed = refresh().await.expect(200);

    shapes::expect(&refreshed, &json!({"access": "token", "refresh": "token"}));
    let dead = json!({"detail": "Token is invalid or expired", "code": "token_not_valid"});
    refresh().await.says(401, dead);
}

#[tokio::test]
async fn get_user_profile() {
    let shop = Shop::open().await;
    let ann = shop.customer("ann").await;

    let profile = ann.get(PROFILE).await.expect(200);

    shapes::expect(&profile, &shapes::profile());
    let expected = json!({"id": ann.id, "email": ann.email, "username": ann.email,
        "first_name": "John", "last_name": "Doe", "user_type": "customer",
        "date_joined": profile["date_joined"]});
    assert_eq!(profile, expected);
    shop.nobody().get(PROFILE).await.says(401, no_token());
}

#[tokio::test]
async fn update_user_profile() {
    let shop = Shop::open().await;
    let (ann, ben) = (shop.customer("ann").await, shop.customer("ben").await);
    let body = json!({"email": "newemail@example.com", "first_name": "Jane", "last_name": "Smith"});

    let changed = ann.patch(PROFILE, body.clone()).await.expect(200);

    shapes::expect(&changed, &shapes::profile());
    let expected = json!({"id": ann.id, "email": "newemail@example.com",
        "username": "newemail@example.com", "first_name": "Jane", "last_name": "Smith",
        "user_type": "customer", "date_joined": changed["date_joined"]});
    assert_eq!(changed, expected);
    ann.put(PROFILE, body.clone()).await.says(200, expected);
    let taken = json!({"email": ["This email is already in use."]});
    ben.patch(PROFILE, body.clone()).await.says(400, taken.clone());
    let mut both = body.clone();
    both["last_name"] = json!(false);
    ben.patch(PROFILE, both).await.blames(400, &["email", "last_name"]);
    ben.put(PROFILE, body).await.says(400, taken);
}

#[tokio::test]
async fn change_password() {
    let shop = Shop::open().await;
    let ann = shop.customer("ann").await;
    let change = async |old: &str, new: &str, confirm: &str| {
        let body =
            json!({"old_password": old, "new_password": new, "new_password_confirm": confirm});
        ann.post(CHANGE_PASSWORD, body).await
    };

    let wrong = json!({"old_password": ["Old password is incorrect"]});
    change("oldpassword123", "newpassword123", "newpassword123").await.says(400, wrong);
    let differ = json!({"new_password": ["New passwords do not match"]});
    change(&ann.password, "newpassword123", "newpassword124").await.says(400, differ);
    let changed = change(&ann.password, "newpassword123", "newpassword123").await;
    changed.says(200, said("Password changed successfully"));
    ann.try_log_in(&ann.email, "newpassword123").await.expect(200);
}
