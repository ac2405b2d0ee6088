//! Limits for guests, who prove no identity: the stock they hold without paying, and the mails that strangers get
//! because of them.

use crate::support::services::{ADD_ITEM, Guest, address_of};
use crate::support::{Answer, Person, Shop, eventually, id_of};
use serde_json::json;

const CREATE: &str = "/api/v1/order/create_order/";
const UPDATE: &str = "/api/v1/cart/update_quantity/";

async fn throttled(settings: &[(&str, &str)]) -> Shop {
    Shop::open_with(&[&[("SOUK_RATE_LIMIT", "on")], settings].concat()).await
}

/// A new guest with this many units in the cart, who orders them under an address.
async fn order_from(shop: &Shop, from: &str, product: i64, quantity: i64, email: &str) -> Answer {
    let mut guest = shop.guest();
    guest.put_in(product, quantity).await;
    let ask = guest.ask("POST", CREATE).header("X-Forwarded-For", from);
    ask.json(&address_of(email)).send().await
}

async fn stock_of(boss: &Person, product: i64) -> i64 {
    let product = boss.get(&format!("/api/v1/products/{product}/")).await.expect(200);
    product["stock_quantity"].as_i64().expect("a count")
}

#[tokio::test]
async fn a_guest_gets_only_so_many_units_into_a_cart_and_a_user_any_number() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let (lamp, chair) =
        (boss.add_product("Lamp", "1.00", 500).await, boss.add_product("Chair", "2.00", 500).await);
    let item = |product: i64, field: &str, number: i64| json!({"product_id": product.to_string(), field: number});

    let empty = shop.guest();
    empty.send("POST", ADD_ITEM, item(lamp, "quantity", 500)).await.blames(400, &["quantity"]);
    empty.send("POST", ADD_ITEM, item(lamp, "quantity", 101)).await.blames(400, &["quantity"]);
    let mut guest: Guest = shop.guest();
    guest.put_in(lamp, 60).await;
    guest.put_in(chair, 30).await;
    let refused = [
        ("POST", ADD_ITEM, item(lamp, "quantity", 11), "quantity"),
        ("POST", ADD_ITEM, item(chair, "quantity", 500), "quantity"),
        ("PATCH", UPDATE, item(chair, "quantity", 41), "quantity"),
        ("PATCH", UPDATE, item(lamp, "change", 11), "change"),
    ];
    for (method, path, body, field) in refused {
        guest.send(method, path, body).await.blames(400, &[field]);
    }
    guest.send("PATCH", UPDATE, item(chair, "quantity", 40)).await.expect(200);
    assert_eq!(guest.lines().await, [(lamp, 60), (chair, 40)]);
    guest.order("gus@example.com").await;

    let ann = shop.customer("ann").await;
    ann.post(ADD_ITEM, item(lamp, "quantity", 400)).await.expect(200);
    ann.post(CREATE, address_of(&ann.email)).await.expect(201);
}

#[tokio::test]
async fn a_cart_that_was_filled_under_a_wider_limit_is_not_ordered() {
    let mut shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "1.00", 50).await;
    let mut guest = shop.guest();
    guest.put_in(lamp, 50).await;
    shop.set("SOUK_GUEST_MAX_UNITS", "40");
    shop.restart().await;
    guest.send("POST", CREATE, address_of("gus@example.com")).await.blames(400, &["cart_key"]);
    let fewer = json!({"product_id": lamp.to_string(), "quantity": 40});
    guest.send("PATCH", UPDATE, fewer).await.expect(200);
    guest.order("gus@example.com").await;
    assert_eq!(stock_of(&shop.admin().await, lamp).await, 10);
}

#[tokio::test]
async fn the_guests_of_one_client_hold_a_part_of_the_stock_until_they_pay() {
    let shop = throttled(&[("SOUK_GUEST_MAX_UNPAID_ORDERS", "4")]).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "1.00", 500).await;
    let to = |n: usize| format!("guest{n}@example.com");
    // The limit on units.
    let (home, office, cafe) = ("192.0.2.1", "192.0.2.2", "192.0.2.3");
    for n in 0..5 {
        let answer = order_from(&shop, home, lamp, 100, &to(n)).await;
        assert_eq!(answer.status, if n < 2 { 201 } else { 429 }, "{answer}");
    }
    assert_eq!(stock_of(&boss, lamp).await, 300);
    // The limit on orders.
    let mut orders = Vec::new();
    for n in 10..16 {
        let answer = order_from(&shop, office, lamp, 1, &to(n)).await;
        assert_eq!(answer.status, if n < 14 { 201 } else { 429 }, "{answer}");
        match answer.status {
            201 => orders.push(answer.json()["order_id"].as_i64().expect("an id")),
            _ => assert!(!answer.header("Retry-After").is_empty(), "{answer}"),
        }
    }
    // Other clients can order, and so can this one after its orders are paid or cancelled.
    order_from(&shop, cafe, lamp, 1, &to(20)).await.expect(201);
    boss.set_status(orders[0], "processing").await.expect(200);
    order_from(&shop, office, lamp, 1, &to(21)).await.expect(201);
    order_from(&shop, office, lamp, 1, &to(22)).await.expect(429);
}

#[tokio::test]
async fn an_address_gets_few_mails_that_strangers_ask_for() {
    let shop = throttled(&[]).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "1.00", 500).await;
    let count =
        |answers: &[Answer], status| answers.iter().filter(|it| it.status == status).count();

    // Guests of many clients.
    let mut answers = Vec::new();
    for n in 0..14 {
        let from = format!("198.51.100.{n}");
        let to = if n % 2 == 0 { "stranger@example.com" } else { "Stranger@Example.com" };
        answers.push(order_from(&shop, &from, lamp, 1, to).await);
    }
    assert_eq!((count(&answers, 201), count(&answers, 429)), (10, 4));
    // A user who gives another person's address; mails to the user's own are not limited.
    let ann = shop.customer("ann").await;
    for (to, placed) in [("another@example.com", 10), (ann.email.as_str(), 14)] {
        let mut answers = Vec::new();
        for _ in 0..14 {
            let one = json!({"product_id": lamp.to_string(), "quantity": 1});
            ann.post(ADD_ITEM, one).await.expect(200);
            answers.push(ann.post(CREATE, address_of(to)).await);
        }
        assert_eq!(count(&answers, 201), placed, "{to}");
    }
    // Password reset links, whether or not the address has an account.
    for to in [ann.email.as_str(), "nobody@example.com"] {
        let mut answers = Vec::new();
        for n in 0..14 {
            let ask = shop.nobody().ask("POST", "/api/v1/users/reset-password/");
            let ask = ask.header("X-Forwarded-For", &format!("203.0.113.{n}"));
            answers.push(ask.json(&json!({"email": to})).send().await);
        }
        assert_eq!((count(&answers, 200), count(&answers, 429)), (10, 4), "{to}");
    }
}

#[tokio::test]
async fn the_guests_of_one_client_order_so_often_in_an_hour() {
    let shop = throttled(&[("SOUK_GUEST_ORDERS_PER_HOUR", "3")]).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "1.00", 500).await;
    for (from, placed) in [("192.0.2.1", 3), ("2001:db8:1:2::1", 3), ("192.0.2.1", 0)] {
        for n in 0..4 {
            let to = format!("guest{n}@{}.example.com", placed);
            let answer = order_from(&shop, from, lamp, 1, &to).await;
            assert_eq!(answer.status, if n < placed { 201 } else { 429 }, "{answer}");
        }
    }
}

#[tokio::test]
async fn a_guests_unpaid_order_is_cancelled_sooner_than_a_users() {
    let shop = Shop::open_with(&[("SOUK_GUEST_ORDER_TTL_SECONDS", "1")]).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "1.00", 10).await;
    let ann = shop.customer("ann").await;
    let kept = id_of(&ann.buy(lamp, 2).await);
    let mut guest = shop.guest();
    guest.put_in(lamp, 3).await;
    guest.order("gus@example.com").await;
    eventually("the guest's order to be cancelled", async || {
        (stock_of(&boss, lamp).await == 8).then_some(())
    })
    .await;
    assert_eq!(ann.order(kept).await.expect(200)["status"], "pending");
}
