//! Orders of the services document (API3), of users and of guests.

use crate::support::services::{
    self, ADD_ITEM, SERVICE_SETTING, address_of, bad_token, forbidden, lines_of, no_token,
    not_found,
};
use crate::support::{Answer, Mail, Person, Shop, eventually, mails_in, shapes};
use serde_json::{Value, json};

const CREATE: &str = "/api/v1/order/create_order/";
const UPDATE: &str = "/api/v1/order/update_order/";
const ORDERS: &str = "/api/v1/order/get_orders/";

/// Puts one product in the user's cart and orders it; returns the order's id.
async fn buy(person: &Person, product: i64, quantity: i64) -> i64 {
    person.post(ADD_ITEM, json!({"product_id": product, "quantity": quantity})).await.expect(200);
    order_of(&person.post(CREATE, address_of("gus@souk.example")).await)
}

fn order_of(answer: &Answer) -> i64 {
    answer.expect(201)["order_id"].as_i64().expect("an id")
}

async fn by_id(person: &Person, order: i64, key: Option<&str>) -> Answer {
    let body = key.map_or_else(|| json!({}), |key| json!({"cart_key": key}));
    person.post(&format!("/api/v1/order/{order}/get_order_by_id/"), body).await
}

async fn mail(shop: &Shop, template: &str, to: &str) -> Mail {
    eventually(&format!("{template} to {to}"), async || {
        mails_in(&shop.data().join("mail")).into_iter().find(|mail| mail.is(template, to))
    })
    .await
}

#[tokio::test]
async fn create_order() {
    let mut shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_discounted("Lamp", "20.00", "10", 10).await;
    let (ann, mut guest) = (shop.customer("ann").await, shop.guest());
    guest.put_in(lamp, 2).await;
    ann.post(ADD_ITEM, json!({"product_id": lamp, "quantity": 3})).await.expect(200);

    let key = guest.key.clone();
    let mut body = address_of("gus@souk.example");
    body["cart_key"] = json!(key);
    let made = shop.nobody().post(CREATE, body.clone()).await;
    let placed = made.expect(201);
    shapes::expect(&placed, &json!({"message": "text", "order_id": "id", "cart_key": "text"}));
    assert_eq!(placed["message"], "Order created successfully");
    assert_eq!((&placed["cart_key"], made.header("X-Cart-Key")), (&json!(key), key.as_str()));
    assert_eq!(guest.lines().await, [], "the cart is empty");
    assert_eq!(boss.stock_of(lamp).await, 8, "the stock is taken");
    let empty = json!({"detail": "Cart is empty."});
    shop.nobody().post(CREATE, body).await.says(400, empty.clone());
    let nameless = json!({"cart_key": ["This field is required."]});
    shop.nobody().post(CREATE, address_of("gus@souk.example")).await.says(400, nameless);
    let mut useless = address_of("gus@souk.example");
    useless["cart_key"] = json!("abc");
    shop.nobody().post(CREATE, useless).await.says(400, empty);

    // A user orders their own cart, whatever key is presented.
    guest.put_in(lamp, 1).await;
    let mut body = address_of("ann@elsewhere.example");
    body["cart_key"] = json!(guest.key);
    body["notes"] = Value::Null;
    let own = order_of(&ann.post(CREATE, body).await);
    assert_eq!(guest.lines().await, [(lamp, 1)]);
    assert_eq!(ann.cart().await["items"], json!([]));
    let shown = ann.order(own).await.expect(200);
    assert_eq!((&shown["total_amount"], &shown["status"]), (&json!("54.00"), &json!("pending")));
    assert_eq!(shown["shipping_address"], "1 Market Square");
    let to_guest = mail(&shop, "order_placed", "gus@souk.example").await;
    assert!(to_guest.text.contains("Gus Guest") && to_guest.text.contains("30000 Fez"));
    mail(&shop, "order_placed", "ann@elsewhere.example").await;
    let guests = boss.order(placed["order_id"].as_i64().expect("an id")).await.expect(200);
    assert_eq!(guests["customer"], Value::Null);
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn an_order_names_what_is_missing_and_what_is_short() {
    let shop = Shop::open_with(&[SERVICE_SETTING]).await;
    let boss = shop.admin().await;
    let (lamp, chair) =
        (boss.add_product("Lamp", "1.00", 5).await, boss.add_product("Chair", "2.00", 5).await);
    let mut guest = shop.guest();
    guest.put_in(lamp, 3).await;
    guest.put_in(chair, 1).await;
    let fields = [
        "shipping_address",
        "city",
        "postcode",
        "first_name",
        "last_name",
        "phone_number",
        "email",
    ];
    guest.send("POST", CREATE, json!({})).await.blames(400, &fields);
    let mut wrong = address_of("no address");
    wrong["city"] = json!(" ");
    guest.send("POST", CREATE, wrong).await.blames(400, &["email", "city"]);

    boss.patch(&format!("/api/v1/products/{lamp}/"), json!({"stock_quantity": 2}))
        .await
        .expect(200);
    let address = || address_of("gus@souk.example");
    let short = json!({"detail": "Insufficient stock for Lamp"});
    guest.send("POST", CREATE, address()).await.says(400, short);
    assert_eq!((boss.stock_of(lamp).await, boss.stock_of(chair).await), (2, 5), "all or nothing");
    boss.patch(&format!("/api/v1/products/{lamp}/"), json!({"stock_quantity": 5}))
        .await
        .expect(200);
    let off = json!({"name": "Chair", "price": "2.00", "available": false});
    boss.put(&format!("/api/v1/product/{chair}/"), off).await.expect(200);
    let hidden = json!({"detail": format!("Product not found or inactive: {chair}")});
    guest.send("POST", CREATE, address()).await.says(400, hidden);
    assert_eq!(guest.lines().await, [(lamp, 3), (chair, 1)], "nothing is lost");

    shop.nobody().bearing("a.b.c").post(CREATE, address()).await.says(401, bad_token());
    shop.service().post(CREATE, address()).await.says(403, forbidden());
}

#[tokio::test]
async fn update_status_for_admin_and_paid_for_service_for_order() {
    let mut shop = Shop::open_with(&[SERVICE_SETTING]).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;
    let order = buy(&ann, lamp, 2).await;
    let set = |status: &str| json!({"order_id": order, "status": status});

    let updated = json!({"message": "Order updated successfully."});
    boss.post(UPDATE, set("processing")).await.says(200, updated.clone());
    shop.service().post(UPDATE, set("shipped")).await.says(200, updated);
    assert_eq!(ann.order(order).await.expect(200)["status"], "shipped");
    mail(&shop, "order_shipped", "gus@souk.example").await;
    boss.post(UPDATE, set("pending")).await.expect(409);
    boss.post(UPDATE, set("cancelled")).await.expect(409);
    boss.post(UPDATE, set("lost"))
        .await
        .says(400, json!({"status": ["\"lost\" is not a valid choice."]}));
    boss.post(UPDATE, json!({})).await.blames(400, &["order_id", "status"]);
    boss.post(UPDATE, json!({"order_id": 999, "status": "shipped"})).await.says(404, not_found());

    let refused = ann.post(UPDATE, set("delivered")).await;
    refused.says(403, forbidden());
    ann.post(UPDATE, json!({})).await.says(403, forbidden());
    shop.nobody().post(UPDATE, set("delivered")).await.says(401, no_token());
    let cancelled = buy(&ann, lamp, 3).await;
    let body = json!({"order_id": cancelled, "status": "cancelled"});
    boss.post(UPDATE, body).await.expect(200);
    assert_eq!(boss.stock_of(lamp).await, 8, "the stock is back");
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn a_service_reports_only_what_the_gateway_confirms() {
    let mut shop = Shop::open_with(&[SERVICE_SETTING]).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 20).await;
    let (ann, service) = (shop.customer("ann").await, shop.service());
    let order = buy(&ann, lamp, 2).await;
    let not_paid =
        json!({"is_paid": ["The payment gateway has not confirmed a payment of this order."]});
    let claim = |order: i64| json!({"order_id": order, "is_paid": true});

    // No caller's word counts about payments.
    service.post(UPDATE, claim(order)).await.says(400, not_paid.clone());
    let payment = ann.create_payment(order).await.expect(200);
    let intent = payment["payment_intent_id"].as_str().expect("text");
    let report = |status: &str| json!({"order_id": order, "is_paid": true, "payment_intent": intent, "status": status});
    service.post(UPDATE, report("processing")).await.says(400, not_paid.clone());
    service.post(UPDATE, claim(order)).await.says(400, not_paid);
    let foreign = json!({"order_id": order, "is_paid": true, "payment_intent": "pi_nobodys"});
    service.post(UPDATE, foreign).await.blames(400, &["payment_intent"]);
    assert_eq!(boss.report().await, (1, 0.0, 0, 1));

    // The customer's browser pays at the gateway, which tells the shop; the service reports it too.
    let confirm = format!("/sandbox/v1/payment_intents/{intent}/confirm");
    let card = json!({"client_secret": payment["client_secret"], "payment_method": "pm_card_visa"});
    shop.nobody().post(&confirm, card).await.expect(200);
    assert_eq!(ann.order(order).await.expect(200)["status"], "completed");
    let updated = json!({"message": "Order updated successfully."});
    for _ in 0..2 {
        service.post(UPDATE, report("processing")).await.says(200, updated.clone());
    }
    service.post(UPDATE, claim(order)).await.says(200, updated.clone());
    assert_eq!(ann.order(order).await.expect(200)["status"], "completed");
    assert_eq!(boss.report().await, (1, 20.0, 1, 0));
    mail(&shop, "order_paid", "gus@souk.example").await;
    service
        .post(UPDATE, json!({"order_id": order, "is_paid": false}))
        .await
        .blames(400, &["is_paid"]);
    service.post(UPDATE, report("shipped")).await.says(200, updated.clone());
    assert_eq!(ann.order(order).await.expect(200)["status"], "shipped");

    service.post(UPDATE, json!({})).await.blames(400, &["order_id"]);
    service.post(UPDATE, json!({"order_id": order})).await.blames(400, &["non_field_errors"]);
    service
        .post(UPDATE, json!({"order_id": order, "is_paid": "maybe"}))
        .await
        .blames(400, &["is_paid"]);
    let other = buy(&ann, lamp, 1).await;
    let unpaid = json!({"order_id": other, "is_paid": false, "status": "processing"});
    service.post(UPDATE, unpaid).await.says(200, updated);
    boss.post(UPDATE, json!({"order_id": other, "status": "shipped", "is_paid": true}))
        .await
        .expect(400);
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn get_all_orders_authorized_user_with_token_authorization() {
    let shop = Shop::open_with(&[SERVICE_SETTING]).await;
    let boss = shop.admin().await;
    let lamp = boss.add_discounted("Lamp", "20.00", "50", 20).await;
    let (ann, ben) = (shop.customer("ann").await, shop.customer("ben").await);
    ann.get(ORDERS).await.says(200, json!({"orders": []}));
    let here = buy(&ann, lamp, 2).await;
    let elsewhere = ann.buy(lamp, 1).await["id"].as_i64().expect("an id");
    buy(&ben, lamp, 1).await;

    let answer = ann.get(ORDERS).await;
    let body = answer.expect(200);
    shapes::expect(&body, &json!({"orders": [services::order()]}));
    let newest = json!({"order_id": elsewhere, "total_price": "10.00", "status": "pending", "is_paid": false,
        "shipping_address": "123 Main St, City, State, ZIP", "first_name": "John", "last_name": "Doe",
        "phone": "", "email": ann.email});
    let oldest = json!({"order_id": here, "total_price": "20.00", "status": "pending", "is_paid": false,
        "shipping_address": "1 Market Square", "first_name": "Gus", "last_name": "Guest",
        "phone": "+212 5 00 00 00", "email": "gus@souk.example"});
    assert_eq!(body, json!({"orders": [newest, oldest]}));
    assert_eq!(answer.header("X-Total-Count"), "2");
    let second = ann.get(&format!("{ORDERS}?page=2&page_size=1")).await.expect(200);
    assert_eq!(second["orders"], json!([oldest]));
    ann.pay(here).await;
    assert_eq!(ann.get(ORDERS).await.expect(200)["orders"][1]["is_paid"], true);

    assert_eq!(boss.get(ORDERS).await.expect(200), json!({"orders": []}), "one's own, no others");
    shop.nobody().get(ORDERS).await.says(401, no_token());
    shop.service().get(ORDERS).await.says(403, forbidden());
}

#[tokio::test]
async fn order_by_id_only_for_service() {
    let shop = Shop::open_with(&[SERVICE_SETTING]).await;
    let boss = shop.admin().await;
    let lamp = boss.add_discounted("Lamp", "20.00", "10", 20).await;
    let (ann, ben, service) =
        (shop.customer("ann").await, shop.customer("ben").await, shop.service());
    let mut guest = shop.guest();
    guest.put_in(lamp, 2).await;
    let (guests, anns) = (guest.order("gus@souk.example").await, buy(&ann, lamp, 1).await);

    let shown = by_id(&service, guests, None).await.expect(200);
    let expected = json!({"order": {"order_id": guests, "total_price": "36.00",
        "items": [{"product_name": "Lamp", "quantity": 2, "unit_price": "18.00"}]}});
    assert_eq!(shown, expected);
    by_id(&shop.nobody(), guests, Some(&guest.key)).await.says(200, expected.clone());
    // A guest who has an account by now still has the key.
    by_id(&ben, guests, Some(&guest.key)).await.says(200, expected);
    by_id(&service, anns, None).await.expect(200);
    by_id(&ann, anns, None).await.expect(200);

    let mut other = shop.guest();
    other.put_in(lamp, 1).await;
    let anns_key = ann.get(services::GET_CART).await.header("X-Cart-Key").to_owned();
    for answer in [
        by_id(&shop.nobody(), guests, Some(&other.key)).await,
        by_id(&shop.nobody(), anns, Some(&anns_key)).await,
        by_id(&shop.nobody(), 999, Some(&guest.key)).await,
        by_id(&ben, anns, None).await,
        by_id(&ben, guests, None).await,
        by_id(&boss, anns, None).await,
        by_id(&service, 999, None).await,
        by_id(&service, 0, None).await,
    ] {
        answer.says(404, not_found());
    }
    by_id(&shop.nobody(), guests, None).await.says(401, no_token());
    by_id(&shop.nobody(), guests, Some("abc")).await.says(401, no_token());
    by_id(&shop.nobody().bearing("a.b.c"), guests, None).await.says(401, bad_token());
}

#[tokio::test]
async fn a_guests_unpaid_order_expires_and_the_guest_is_told() {
    let mut shop = Shop::open_with(&[("SOUK_ORDER_TTL_SECONDS", "1")]).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 5).await;
    let mut guest = shop.guest();
    guest.put_in(lamp, 5).await;
    guest.order("gus@souk.example").await;
    mail(&shop, "order_cancelled", "gus@souk.example").await;
    assert_eq!(boss.stock_of(lamp).await, 5);
    assert_eq!(lines_of(&guest.get(services::GET_CART).await.expect(200)), []);
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn fifty_guests_buy_what_is_there_and_no_more() {
    let mut shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let mut guests = Vec::new();
    for _ in 0..50 {
        let mut guest = shop.guest();
        guest.put_in(lamp, 1).await;
        guests.push(guest);
    }
    let orders = guests.iter().map(|it| it.send("POST", CREATE, address_of("gus@souk.example")));
    let answers = futures_util::future::join_all(orders).await;
    let placed = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(placed, 10);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        answer.says(400, json!({"detail": "Insufficient stock for Lamp"}));
    }
    assert_eq!(boss.stock_of(lamp).await, 0);
    shop.stop().await;
    shop.check();
}
