//! Operations 1.1 to 1.4, 4.1 and 4.2 of the platform document: users, log-in, log-out.

use crate::support;
use crate::support::{Person, Shop, id_of, shapes};
use serde_json::{Value, json};

const USERS: &str = "/api/v1/users";

fn user_shape() -> Value {
    json!({"id": "id", "username": "text", "email": "text", "first_name": "text", "last_name": "text"})
}

fn johndoe() -> Value {
    json!({"username": "johndoe", "email": "johndoe@example.com", "password": "securePassword123",
        "first_name": "John", "last_name": "Doe"})
}

fn not_found() -> Value {
    json!({"detail": "Not found."})
}

fn no_token() -> Value {
    json!({"detail": "Authentication credentials were not provided."})
}

fn user_path(id: i64) -> String {
    format!("{USERS}/{id}")
}

async fn try_log_in(shop: &Shop, email: &str, password: &str) -> support::Answer {
    let body = json!({"email": email, "password": password});
    shop.nobody().post("/api/v1/auth/login", body).await
}

/// The document's John, registered and logged in through this contract.
async fn register_john(shop: &Shop) -> Person {
    let id = id_of(&shop.nobody().post(USERS, johndoe()).await.expect(201));
    let body = try_log_in(shop, "johndoe@example.com", "securePassword123").await.expect(200);
    let mut person = shop.nobody().bearing(body["token"].as_str().expect("a token"));
    person.id = id;
    person
}

#[tokio::test]
async fn create_user() {
    let shop = Shop::open().await;

    let user = shop.nobody().post(USERS, johndoe()).await.expect(201);

    shapes::expect(&user, &user_shape());
    assert_eq!(
        (&user["username"], &user["email"]),
        (&json!("johndoe"), &json!("johndoe@example.com"))
    );
    assert_eq!((&user["first_name"], &user["last_name"]), (&json!("John"), &json!("Doe")));

    let again = shop.nobody().post(USERS, johndoe()).await;
    again.says(
        400,
        json!({"username": ["A user with that username already exists."],
        "email": ["user with this email already exists."]}),
    );
    let case =
        json!({"username": "JohnDoe", "email": "x@example.com", "password": "securePassword123"});
    shop.nobody().post(USERS, case).await.blames(400, &["username"]);
    let required = json!(["This field is required."]);
    shop.nobody()
        .post(USERS, json!({}))
        .await
        .says(400, json!({"username": required, "email": required, "password": required}));
    let wrong = json!({"username": "a b", "email": "nowhere", "password": "short"});
    shop.nobody().post(USERS, wrong).await.blames(400, &["username", "email", "password"]);
    let nameless =
        json!({"username": "jane", "email": "jane@example.com", "password": "securePassword123"});
    let jane = shop.nobody().post(USERS, nameless).await.expect(201);
    assert_eq!((&jane["first_name"], &jane["last_name"]), (&json!(""), &json!("")));
    shop.nobody().get(USERS).await.expect(405);
}

#[tokio::test]
async fn get_user_details() {
    let shop = Shop::open().await;
    let john = register_john(&shop).await;
    let eve = shop.customer("eve").await;
    let boss = shop.admin().await;

    let shown = john.get(&user_path(john.id)).await.expect(200);

    shapes::expect(&shown, &user_shape());
    assert_eq!(shown["id"], john.id);
    boss.get(&user_path(john.id)).await.says(200, shown.clone());
    john.get(&format!("{}/", user_path(john.id))).await.says(200, shown);
    eve.get(&user_path(john.id)).await.says(404, not_found());
    shop.nobody().get(&user_path(john.id)).await.says(401, no_token());
    for id in ["0", "-1", "abc", "9223372036854775808", "999"] {
        boss.get(&format!("{USERS}/{id}")).await.says(404, not_found());
    }
}

#[tokio::test]
async fn update_user_information() {
    let shop = Shop::open().await;
    let john = register_john(&shop).await;
    let eve = shop.customer("eve").await;
    let sample = json!({"email": "newemail@example.com", "first_name": "Jon", "last_name": "Doe"});

    let updated = john.put(&user_path(john.id), sample.clone()).await.expect(200);

    shapes::expect(&updated, &user_shape());
    assert_eq!(updated["email"], "newemail@example.com");
    assert_eq!((&updated["username"], &updated["first_name"]), (&json!("johndoe"), &json!("Jon")));
    john.get(&user_path(john.id)).await.says(200, updated);
    try_log_in(&shop, "newemail@example.com", "securePassword123").await.expect(200);

    let partly = john.put(&user_path(john.id), json!({"last_name": "Roe"})).await.expect(200);
    assert_eq!((&partly["first_name"], &partly["last_name"]), (&json!("Jon"), &json!("Roe")));
    let taken = json!({"email": "EVE@souk.example"});
    john.put(&user_path(john.id), taken)
        .await
        .says(400, json!({"email": ["user with this email already exists."]}));
    let both = json!({"email": "eve@souk.example", "first_name": "x".repeat(151)});
    john.put(&user_path(john.id), both).await.blames(400, &["email", "first_name"]);
    let wrong = json!({"email": "nowhere", "first_name": "x".repeat(151)});
    john.put(&user_path(john.id), wrong).await.blames(400, &["email", "first_name"]);
    eve.put(&user_path(john.id), sample.clone()).await.says(404, not_found());
    shop.nobody().put(&user_path(john.id), sample).await.says(401, no_token());
    let boss = shop.admin().await;
    let renamed = boss.put(&user_path(john.id), json!({"first_name": "Sir"})).await.expect(200);
    assert_eq!(renamed["first_name"], "Sir");
}

#[tokio::test]
async fn delete_user() {
    let mut shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let john = register_john(&shop).await;
    let eve = shop.customer("eve").await;
    let order = id_of(&john.buy(lamp, 2).await);
    let paid = id_of(&john.buy(lamp, 1).await);
    john.pay(paid).await;
    john.put_in_cart(lamp, 1).await.expect(201);

    eve.delete(&user_path(john.id)).await.says(404, not_found());
    shop.nobody().delete(&user_path(john.id)).await.says(401, no_token());
    let deleted = john.delete(&user_path(john.id)).await;
    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));

    john.get(&user_path(john.id)).await.expect(401);
    boss.get(&user_path(john.id)).await.says(404, not_found());
    boss.delete(&user_path(john.id)).await.says(404, not_found());
    try_log_in(&shop, "johndoe@example.com", "securePassword123").await.expect(400);
    for (kept, address) in [(order, ""), (paid, "123 Main St, City, State, ZIP")] {
        let body = boss.order(kept).await.expect(200);
        assert_eq!(body["customer"], Value::Null, "the order stays, without the person: {body}");
        assert_eq!(body["customer_email"], Value::Null, "{body}");
        let addresses = (&body["shipping_address"], &body["billing_address"]);
        assert_eq!(addresses, (&json!(address), &json!("")), "only what was paid is on its way");
        let shown = boss.get(&format!("/api/v1/orders/{kept}")).await.expect(200);
        assert_eq!(shown["user_id"], Value::Null);
    }
    assert_eq!(boss.stock_of(lamp).await, 7, "what was bought stays bought");

    let again = id_of(&shop.nobody().post(USERS, johndoe()).await.expect(201));
    assert_ne!(again, john.id, "e-mail and user name are free, the id is not");
    let new = try_log_in(&shop, "johndoe@example.com", "securePassword123").await.expect(200);
    let new = shop.nobody().bearing(new["token"].as_str().expect("a token"));
    assert_eq!(new.orders().await, Vec::<Value>::new());
    assert_eq!(new.cart().await["items"], json!([]));
    boss.delete(&user_path(again)).await.expect(204);
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn goods_on_their_way_keep_their_address_until_they_have_arrived() {
    let mut shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let john = register_john(&shop).await;
    let mut orders = Vec::new();
    for _ in 0..5 {
        let order = id_of(&john.buy(lamp, 1).await);
        john.pay(order).await;
        orders.push(order);
    }
    let [delivered, cancelled, refunded, deleted, shipped] = orders[..] else { panic!("five") };
    boss.set_status(shipped, "shipped").await.expect(200);

    john.delete(&user_path(john.id)).await.expect(204);

    let address = async |order: i64| {
        let body = boss.order(order).await.expect(200);
        assert_eq!((&body["customer"], &body["customer_email"]), (&Value::Null, &Value::Null));
        assert_eq!(body["billing_address"], "");
        body["shipping_address"].as_str().expect("an address").to_owned()
    };
    let kept = "123 Main St, City, State, ZIP";
    for order in &orders {
        assert_eq!(address(*order).await, kept);
    }
    for status in ["shipped", "delivered"] {
        assert_eq!(address(delivered).await, kept, "before it is {status}");
        boss.set_status(delivered, status).await.expect(200);
    }
    boss.set_status(cancelled, "cancelled").await.expect(200);
    let refunds = format!("/api/v1/orders/{refunded}/refunds/");
    boss.post(&refunds, json!({})).await.expect(201);
    boss.delete_order(deleted).await.expect(200);
    support::eventually("the refund", async || {
        let body = boss.get(&refunds).await.expect(200);
        (body["refunds"][0]["status"] == "succeeded").then_some(())
    })
    .await;
    for order in [delivered, cancelled, refunded] {
        assert_eq!(address(order).await, "", "order {order} is on its way no longer");
    }
    assert_eq!(address(shipped).await, kept);
    shop.stop().await;
    shop.check();
    let mails = support::mails_in(&shop.data().join("mail"));
    let shipped: Vec<_> = mails.iter().filter(|mail| mail.template() == "order_shipped").collect();
    assert_eq!(shipped.len(), 1, "nobody is mailed after the account was closed");
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let mut shop = Shop::open().await;
    let boss = shop.admin().await;
    let stays = json!({"detail":
        "The last administrator's account cannot be closed; add another one first."});
    boss.delete(&user_path(boss.id)).await.says(409, stays.clone());

    let body = json!({"email": "ida@souk.example", "password": "password123",
        "password_confirm": "password123", "user_type": "admin", "first_name": "", "last_name": ""});
    let added = boss.post("/api/v1/auth/register/", body).await.expect(201);
    let other = id_of(&added["data"]["user"]);
    let ida = shop.nobody().log_in("ida@souk.example", "password123").await;
    // Each would leave the other as the last administrator.
    let (idas, bosss) = (user_path(other), user_path(boss.id));
    let (one, two) = tokio::join!(boss.delete(&idas), ida.delete(&bosss));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses[0], 204, "{one}{two}");
    assert!([401, 409].contains(&statuses[1]), "{one}{two}");
    let left = if one.status == 204 { boss } else { ida };
    left.delete(&user_path(left.id)).await.says(409, stays);
    left.get("/api/v1/reports/summary/").await.expect(200);
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn a_deleted_user_is_removed_from_all_orders() {
    let mut shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 1_000).await;
    let john = register_john(&shop).await;
    let line = [(lamp, 1)];
    let placing = (0..250).map(|_| john.order_directly(&line));
    for answer in futures_util::future::join_all(placing).await {
        answer.expect(201);
    }

    john.delete(&user_path(john.id)).await.expect(204);

    support::eventually("the last of the orders to be nobody's", async || {
        let mut customers = Vec::new();
        for page in 1..=3 {
            let path = format!("/api/v1/orders/?page={page}&page_size=100");
            let orders = boss.get(&path).await.expect(200);
            customers
                .extend(orders.as_array().expect("a list").iter().map(|o| o["customer"].clone()));
        }
        assert_eq!(customers.len(), 250);
        customers.iter().all(Value::is_null).then_some(())
    })
    .await;
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn login() {
    let shop = Shop::open().await;
    shop.nobody().post(USERS, johndoe()).await.expect(201);

    let body = try_log_in(&shop, "JohnDoe@example.com", "securePassword123").await.expect(200);

    shapes::expect(&body, &json!({"token": "token"}));
    let wrong = json!({"non_field_errors": ["Invalid credentials"]});
    try_log_in(&shop, "johndoe@example.com", "securePassword124").await.says(400, wrong.clone());
    try_log_in(&shop, "nobody@example.com", "securePassword123").await.says(400, wrong);
    shop.nobody().post("/api/v1/auth/login", json!({})).await.blames(400, &["email", "password"]);
}

#[tokio::test]
async fn logout() {
    let shop = Shop::open().await;
    let john = register_john(&shop).await;

    let answer = john.ask("POST", "/api/v1/auth/logout").send().await;

    answer.says(200, json!({"message": "Logged out successfully"}));
    john.get(&user_path(john.id)).await.says(
        401,
        json!({"detail": "Given token not valid for any token type", "code": "token_not_valid"}),
    );
    john.post("/api/v1/auth/logout", json!({})).await.expect(401);
    shop.nobody().post("/api/v1/auth/logout", json!({})).await.says(401, no_token());
}
