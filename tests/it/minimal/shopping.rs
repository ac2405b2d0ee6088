//! Products, cart, orders and payments of the minimal document.

use crate::support;
use crate::support::{Broker, Person, Shop, shapes};
use serde_json::{Value, json};

const PAYMENTS: &str = "/api/payments/";

fn product_shape() -> Value {
    json!({"id": "id", "name": "text", "price": "money", "description": "text"})
}

fn not_found() -> Value {
    json!({"detail": "Not found."})
}

/// A shop with ten lamps at 10.00, its administrator, and ann.
async fn shop_with_lamps(settings: &[(&str, &str)]) -> (Shop, Person, Person, i64) {
    let shop = Shop::open_with(settings).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;
    (shop, boss, ann, lamp)
}

async fn add(by: &Person, product: i64, quantity: i64) -> support::Answer {
    by.post("/api/cart/add/", json!({"product_id": product, "quantity": quantity})).await
}

async fn cart_id(by: &Person) -> i64 {
    by.get("/api/cart/").await.expect(200)["id"].as_i64().expect("an id")
}

/// Puts lamps in the cart and orders them.
async fn order(by: &Person, lamp: i64, quantity: i64) -> i64 {
    add(by, lamp, quantity).await.expect(200);
    let placed = by.post("/api/orders/", json!({"cart_id": cart_id(by).await})).await.expect(201);
    placed["order_id"].as_i64().expect("an id")
}

async fn pay(by: &Person, order: i64, method: &str) -> support::Answer {
    by.post(PAYMENTS, json!({"order_id": order, "payment_method": method})).await
}

#[tokio::test]
async fn list_products() {
    let (shop, boss, _, lamp) = shop_with_lamps(&[]).await;
    boss.add_product("Chair", "20.50", 5).await;

    let answer = shop.nobody().get("/api/products/").await;

    let listed = answer.expect(200);
    shapes::expect(&listed, &json!({"products": [product_shape()]}));
    assert_eq!(listed["products"].as_array().map(Vec::len), Some(2));
    let expected = json!({"id": lamp, "name": "Lamp", "price": "10.00", "description": "One Lamp"});
    assert_eq!(listed["products"][0], expected);
    assert_eq!(answer.header("X-Total-Count"), "2");
    let second = shop.nobody().get("/api/products/?page=2&page_size=1").await;
    assert_eq!(second.expect(200)["products"][0]["name"], "Chair");
    assert!(second.header("Link").contains("rel=\"prev\""), "{:?}", second.headers);
    shop.nobody().get("/api/products/?page=3&page_size=1").await.expect(404);
    let empty = Shop::open().await;
    empty.nobody().get("/api/products/").await.says(200, json!({"products": []}));
}

#[tokio::test]
async fn retrieve_product() {
    let (shop, _, _, lamp) = shop_with_lamps(&[]).await;

    let product = shop.nobody().get(&format!("/api/products/{lamp}/")).await.expect(200);

    shapes::expect(&product, &product_shape());
    assert_eq!((&product["name"], &product["price"]), (&json!("Lamp"), &json!("10.00")));
    for id in ["0", "999", "abc"] {
        shop.nobody().get(&format!("/api/products/{id}/")).await.says(404, not_found());
    }
}

#[tokio::test]
async fn add_to_cart() {
    let (shop, _, ann, lamp) = shop_with_lamps(&[]).await;

    let added = add(&ann, lamp, 4).await.expect(200);

    shapes::expect(&added, &json!({"message": "text"}));
    add(&ann, lamp, 6).await.expect(200);
    let short = json!({"quantity": ["Insufficient stock for Lamp"]});
    add(&ann, lamp, 1).await.says(400, short);
    let unknown = json!({"product_id": ["Product not found or inactive"]});
    add(&ann, 999, 1).await.says(400, unknown);
    add(&ann, lamp, 0).await.blames(400, &["quantity"]);
    ann.post("/api/cart/add/", json!({})).await.blames(400, &["product_id", "quantity"]);
    add(&shop.nobody(), lamp, 1).await.expect(401);
    assert_eq!(ann.stock_of(lamp).await, 10, "a cart reserves nothing");
}

#[tokio::test]
async fn view_cart() {
    let (shop, _, ann, lamp) = shop_with_lamps(&[]).await;
    let empty = ann.get("/api/cart/").await.expect(200);
    let shape = json!({"id": "id", "cart_items": [{"product_id": "id", "quantity": "count"}]});
    shapes::expect(&empty, &shape);
    assert_eq!(empty["cart_items"], json!([]));
    add(&ann, lamp, 3).await.expect(200);

    let cart = ann.get("/api/cart/").await.expect(200);

    shapes::expect(&cart, &shape);
    assert_eq!(cart["cart_items"], json!([{"product_id": lamp, "quantity": 3}]));
    assert_eq!(cart["id"], empty["id"]);
    shop.nobody().get("/api/cart/").await.expect(401);
}

#[tokio::test]
async fn create_order() {
    let (mut shop, _, ann, lamp) = shop_with_lamps(&[]).await;
    let eve = shop.customer("eve").await;
    let cart = cart_id(&ann).await;
    let orders = "/api/orders/";
    let empty = json!({"cart_id": ["The cart is empty."]});
    ann.post(orders, json!({"cart_id": cart})).await.says(400, empty.clone());
    add(&ann, lamp, 3).await.expect(200);
    eve.post(orders, json!({"cart_id": cart})).await.says(404, not_found());
    ann.post(orders, json!({"cart_id": 999})).await.says(404, not_found());
    ann.post(orders, json!({"cart_id": "x"})).await.blames(400, &["cart_id"]);
    shop.nobody().post(orders, json!({"cart_id": cart})).await.expect(401);

    let placed = ann.post(orders, json!({"cart_id": cart})).await.expect(201);

    shapes::expect(&placed, &json!({"order_id": "id", "status": "text"}));
    assert_eq!(placed["status"], "pending");
    ann.post(orders, json!({"cart_id": cart})).await.says(400, empty);
    assert_eq!(ann.stock_of(lamp).await, 7);
    add(&ann, lamp, 7).await.expect(200);
    order(&eve, lamp, 1).await;
    let short = json!({"non_field_errors": ["Insufficient stock for Lamp"]});
    ann.post(orders, json!({"cart_id": cart})).await.says(400, short);
    assert_eq!(ann.stock_of(lamp).await, 6);
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn retrieve_order() {
    let (shop, boss, ann, lamp) = shop_with_lamps(&[]).await;
    let eve = shop.customer("eve").await;
    let order = order(&ann, lamp, 3).await;
    let path = format!("/api/orders/{order}/");

    let shown = ann.get(&path).await.expect(200);

    let item = json!({"product_id": "id", "quantity": "count", "price": "money"});
    shapes::expect(&shown, &json!({"order_id": "id", "status": "text", "items": [item]}));
    let expected = json!([{"product_id": lamp, "quantity": 3, "price": "10.00"}]);
    assert_eq!((&shown["status"], &shown["items"]), (&json!("pending"), &expected));
    boss.get(&path).await.says(200, shown);
    eve.get(&path).await.says(404, not_found());
    shop.nobody().get(&path).await.expect(401);
    ann.get("/api/orders/999/").await.says(404, not_found());
}

#[tokio::test]
async fn process_payment() {
    let broker = Broker::start();
    let url = broker.url();
    // A declined card must not call the order off here: the customer tries others.
    let settings = [("SOUK_NATS_URL", url.as_str()), ("SOUK_CANCEL_ON_PAYMENT_FAILED", "false")];
    let (mut shop, boss, ann, lamp) = shop_with_lamps(&settings).await;
    let eve = shop.customer("eve").await;
    let order = order(&ann, lamp, 3).await;
    eve.post(PAYMENTS, json!({"order_id": order, "payment_method": "pm_card_visa"}))
        .await
        .says(404, not_found());
    pay(&shop.nobody(), order, "pm_card_visa").await.expect(401);
    pay(&ann, order, "cash")
        .await
        .says(400, json!({"payment_method": ["No such payment method."]}));
    ann.post(PAYMENTS, json!({"order_id": "x", "payment_method": ""}))
        .await
        .blames(400, &["order_id", "payment_method"]);
    pay(&ann, order, "pm_card_chargeDeclined")
        .await
        .says(400, json!({"payment_method": ["Your card was declined."]}));
    broker.expect_history(order, &["placed", "payment_failed"]).await;
    let waiting = pay(&ann, order, "pm_card_authenticationRequired").await.expect(201);
    assert_eq!(waiting["status"], "requires_action");

    let paid = pay(&ann, order, "pm_card_visa").await.expect(201);

    shapes::expect(&paid, &json!({"payment_id": "id", "status": "text"}));
    assert_eq!(
        (&paid["payment_id"], &paid["status"]),
        (&waiting["payment_id"], &json!("succeeded"))
    );
    assert_eq!(ann.get(&format!("/api/orders/{order}/")).await.expect(200)["status"], "completed");
    pay(&ann, order, "pm_card_visa")
        .await
        .says(400, json!({"detail": "Only pending orders can be paid."}));
    assert_eq!(boss.report().await, (1, 30.0, 1, 0));
    broker.expect_history(order, &["placed", "payment_failed", "paid"]).await;
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn a_payment_that_is_repeated_under_its_key_is_made_once() {
    let (mut shop, boss, ann, lamp) = shop_with_lamps(&[]).await;
    let order = order(&ann, lamp, 3).await;
    let body = |method: &str| json!({"order_id": order, "payment_method": method});
    let ask = |method: &str| {
        ann.ask("POST", PAYMENTS).header("Idempotency-Key", "one").json(&body(method)).send()
    };

    let paid = ask("pm_card_visa").await.expect(201);
    let again = ask("pm_card_visa").await;

    assert!(again.is_replay(), "{again}");
    again.says(201, paid);
    ask("pm_card_amex").await.expect(422);
    assert_eq!(boss.report().await, (1, 30.0, 1, 0));
    shop.stop().await;
    shop.check();
}
