//! One order from end to end through the storefront document: every answer has exactly the printed fields, the
//! mails arrive, and another system sees the order's events.

use crate::support::{
    ADMIN_EMAIL, Broker, Event, MailSink, Person, Shop, eventually, id_of, mails_in, shapes,
};
use serde_json::{Value, json};

const ANN: &str = "ann@souk.example";

#[tokio::test]
async fn a_customer_orders_and_pays_with_broker_and_mail_server() {
    let (mut broker, sink) = (Broker::start(), MailSink::start());
    let mut shop =
        Shop::open_with(&[("SOUK_NATS_URL", &broker.url()), ("SOUK_SMTP_URL", &sink.url())]).await;

    let order = walk(&shop).await;

    let events = broker.expect_history(order, &["placed", "paid"]).await;
    for event in &events {
        expect_cloud_event(event, order);
    }
    let paid = &events[1].body["data"];
    let status = paid.pointer("/order/status").or(paid.pointer("/status"));
    assert_eq!(
        status,
        Some(&json!("completed")),
        "the snapshot in a paid event is the paid order: {paid}"
    );

    let welcome = sink.expect_one("welcome", ANN).await;
    assert!(welcome.header("From").contains("shop@souk.example"), "{welcome:?}");
    sink.expect_one("order_placed", ANN).await;
    sink.expect_one("order_paid", ANN).await;
    // A duplicate mail would arrive before the mail that was sent last.
    shop.customer("zoe").await;
    sink.expect_one("welcome", "zoe@souk.example").await;
    // Mails are sent concurrently and may arrive in any order.
    let mut to_ann: Vec<String> =
        sink.mails().iter().filter(|mail| mail.to == [ANN]).map(|mail| mail.template()).collect();
    to_ann.sort();
    assert_eq!(to_ann, ["order_paid", "order_placed", "welcome"], "each mail once");

    shop.stop().await;
    shop.check();
    broker.stop().await;
}

#[tokio::test]
async fn a_customer_orders_and_pays_without_broker_and_mail_server() {
    let mut shop = Shop::open().await;

    walk(&shop).await;

    let folder = shop.data().join("mail");
    for template in ["welcome", "order_placed", "order_paid"] {
        let what = format!("the mail {template} as a file");
        let mail = eventually(&what, async || {
            mails_in(&folder).into_iter().find(|mail| mail.is(template, ANN))
        })
        .await;
        assert!(!mail.header("Subject").is_empty(), "{mail:?}");
    }
    shop.customer("zoe").await;
    eventually("the last mail", async || {
        mails_in(&folder).into_iter().find(|mail| mail.is("welcome", "zoe@souk.example"))
    })
    .await;
    let to_ann = mails_in(&folder).into_iter().filter(|mail| mail.to == [ANN]).count();
    assert_eq!(to_ann, 3, "each mail once");

    shop.stop().await;
    shop.check();
}

/// The whole journey; returns the order's id.
async fn walk(shop: &Shop) -> i64 {
    let ann = register_and_log_in(shop).await;
    let laptop = stock_the_shelf(shop, &ann).await;
    let order = fill_cart_and_check_out(&ann, laptop).await;
    pay(&ann, order).await;
    look_back(shop, &ann, order).await;
    order
}

async fn register_and_log_in(shop: &Shop) -> Person {
    let body = json!({"email": ANN, "password": "ann-password-1", "password_confirm": "ann-password-1",
        "user_type": "customer", "first_name": "John", "last_name": "Doe"});
    let registered = shop.nobody().post("/api/v1/auth/register/", body).await.expect(201);
    shapes::expect(&registered, &shapes::session());
    assert_eq!(registered["message"], "User registered successfully");
    let id = id_of(&registered["data"]["user"]);
    assert_eq!(
        registered["data"]["user"],
        json!({"id": id, "email": ANN, "user_type": "customer"})
    );

    let logged_in = shop.nobody().try_log_in(ANN, "ann-password-1").await.expect(200);
    shapes::expect(&logged_in, &shapes::session());
    assert_eq!(logged_in["message"], "Login successful");
    assert_eq!(logged_in["data"]["user"], registered["data"]["user"]);

    let ann = shop.nobody().log_in(ANN, "ann-password-1").await;
    let profile = ann.get("/api/v1/auth/profile/").await.expect(200);
    shapes::expect(&profile, &shapes::profile());
    let expected = json!({"id": id, "email": ANN, "username": ANN, "first_name": "John", "last_name": "Doe",
        "user_type": "customer", "date_joined": profile["date_joined"]});
    assert_eq!(profile, expected);
    ann
}

async fn stock_the_shelf(shop: &Shop, ann: &Person) -> i64 {
    let boss = shop.admin().await;
    let body = json!({"name": "Electronics", "description": "Electronic devices"});
    let category = boss.post("/api/v1/categories/", body).await.expect(201);
    shapes::expect(&category, &shapes::category());
    let expected = json!({"id": id_of(&category), "name": "Electronics", "slug": "electronics",
        "description": "Electronic devices"});
    assert_eq!(category, expected);

    let body = json!({"name": "Laptop", "description": "High-performance laptop", "category_id": id_of(&category),
        "price": "999.99", "stock_quantity": 50, "image": null});
    let product = boss.post("/api/v1/products/", body).await.expect(201);
    shapes::expect(&product, &shapes::product());
    let expected = json!({"id": id_of(&product), "name": "Laptop", "slug": "laptop",
        "description": "High-performance laptop", "category": category, "category_id": id_of(&category),
        "price": "999.99", "stock_quantity": 50, "image": null,
        "created_at": product["created_at"], "updated_at": product["updated_at"]});
    assert_eq!(product, expected);

    let laptop = id_of(&product);
    ann.get(&format!("/api/v1/products/{laptop}/")).await.says(200, product.clone());
    let page = json!({"count": 1, "next": null, "previous": null, "results": [product]});
    ann.get("/api/v1/products/?search=laptop&page=1").await.says(200, page);
    laptop
}

async fn fill_cart_and_check_out(ann: &Person, laptop: i64) -> i64 {
    let empty = ann.cart().await;
    shapes::expect(&empty, &shapes::cart());
    assert_eq!(empty["items"], json!([]));
    assert_eq!(empty["total_amount"], "0.00");

    let item = ann.put_in_cart(laptop, 2).await.expect(201);
    shapes::expect(&item, &shapes::item());
    assert_eq!(item["quantity"], 2);
    assert_eq!(item["price"], "999.99");
    assert_eq!(item["subtotal"], "1999.98");
    let cart = ann.cart().await;
    shapes::expect(&cart, &shapes::cart());
    assert_eq!(cart["items"], json!([item]));
    assert_eq!(cart["total_amount"], "1999.98");

    let order = ann.checkout().await.expect(201);
    shapes::expect(&order, &shapes::order());
    assert_eq!(order["customer"], ann.id);
    assert_eq!(order["customer_email"], ANN);
    assert_eq!(order["total_amount"], "1999.98");
    assert_eq!(order["status"], "pending");
    assert_eq!(order["shipping_address"], "123 Main St, City, State, ZIP");
    assert_eq!(order["billing_address"], "1 Bank St, City, State, ZIP");
    for unset in ["stripe_payment_intent_id", "client_secret", "crm_sync_status"] {
        assert_eq!(order[unset], Value::Null, "{unset}");
    }
    let line = &order["items"][0];
    assert_eq!(order["items"].as_array().map(Vec::len), Some(1));
    assert_eq!((&line["quantity"], &line["price"]), (&json!(2), &json!("999.99")));
    assert_eq!(
        (&line["product"]["id"], &line["product"]["stock_quantity"]),
        (&json!(laptop), &json!(48))
    );

    assert_eq!(ann.cart().await["items"], json!([]), "the cart became the order");
    assert_eq!(ann.stock_of(laptop).await, 48);
    id_of(&order)
}

async fn pay(ann: &Person, order: i64) {
    let payment = ann.create_payment(order).await.expect(200);
    shapes::expect(&payment, &shapes::payment());

    let confirmed = ann.confirm_payment(order, "pm_card_visa").await.expect(200);
    shapes::expect(&confirmed, &shapes::confirmed());
    assert_eq!(confirmed["message"], "Payment confirmed successfully");
    let paid = &confirmed["order"];
    assert_eq!(paid["status"], "completed");
    assert_eq!(paid["stripe_payment_intent_id"], payment["payment_intent_id"]);
    assert_eq!(paid["client_secret"], payment["client_secret"]);
    ann.order(order).await.says(200, paid.clone());
}

async fn look_back(shop: &Shop, ann: &Person, order: i64) {
    let detail = ann.order(order).await.expect(200);
    shapes::expect(&detail, &shapes::order());
    assert_eq!(ann.orders().await, [detail]);

    let boss = shop.admin().await;
    assert_eq!(boss.email, ADMIN_EMAIL);
    assert_eq!(boss.report().await, (1, 1999.98, 1, 0));
}

fn expect_cloud_event(event: &Event, order: i64) {
    let body = &event.body;
    assert_eq!(event.subject, format!("souk.event.v1.order.{order}.{}", event.what()));
    assert_eq!(body["specversion"], "1.0", "{body}");
    assert_eq!(body["id"], event.message_id, "Nats-Msg-Id is the id of the event: {body}");
    assert_eq!(body["type"], format!("souk.order.{}.v1", event.what()), "{body}");
    let time = body["time"].as_str().unwrap_or_default();
    assert!(time.parse::<jiff::Timestamp>().is_ok(), "an RFC 3339 time: {body}");
    for text in ["source", "subject", "dataschema", "partitionkey"] {
        assert!(body[text].as_str().is_some_and(|value| !value.is_empty()), "{text}: {body}");
    }
    assert!(body["data"].is_object(), "{body}");
}
