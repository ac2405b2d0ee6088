//! Concurrent requests: the shop never sells more than it has, and one request makes one order.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::support::{Answer, Ask, Person, Shop, id_of};
use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream;
use serde_json::{Value, json};
use tokio::sync::Barrier;

const BUYERS: usize = 200;
const UNITS: i64 = 50;
const AT_ONCE: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_buyers_for_fifty_units() {
    let mut shop = Shop::open().await;
    let boss = shop.admin().await;
    let laptop = boss.add_product("Laptop", "999.99", UNITS).await;
    let buyers: Vec<Person> = stream::iter(0..BUYERS)
        .map(|number| {
            let shop = &shop;
            async move {
                let buyer = shop.customer(&format!("buyer{number}")).await;
                buyer.put_in_cart(laptop, 1).await.expect(201);
                buyer
            }
        })
        .buffer_unordered(8)
        .collect()
        .await;

    let answers = all_at_once(buyers.iter().map(Person::ask_checkout)).await;

    for answer in answers.iter().filter(|answer| answer.status != 201) {
        answer.says(400, json!({"error": "Insufficient stock for Laptop"}));
    }
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count() as i64, UNITS);
    assert_eq!(boss.stock_of(laptop).await, 0);
    assert_eq!(boss.report().await, (UNITS, 0.0, 0, UNITS));
    for buyer in &buyers {
        let (lines, orders) =
            (buyer.cart().await["items"].as_array().map(Vec::len), buyer.orders().await.len());
        assert!(
            matches!((lines, orders), (Some(0), 1) | (Some(1), 0)),
            "{lines:?} lines, {orders} orders"
        );
    }
    shop.stop().await;
    shop.check();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_cart_checked_out_fifty_times_is_one_order() {
    let mut shop = Shop::open().await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 100).await;
    let ann = shop.customer("ann").await;
    ann.put_in_cart(lamp, 2).await.expect(201);

    let answers = all_at_once((0..AT_ONCE).map(|_| ann.ask_checkout())).await;

    for answer in answers.iter().filter(|answer| answer.status != 201) {
        answer.says(400, json!({"error": "Cart is empty"}));
    }
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert_eq!((ann.orders().await.len(), ann.stock_of(lamp).await), (1, 98));
    shop.stop().await;
    shop.check();
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_with_the_same_products_in_other_order_do_not_block_each_other() {
    let mut shop = Shop::open().await;
    let boss = shop.admin().await;
    let (lamp, chair) =
        (boss.add_product("Lamp", "1.00", 30).await, boss.add_product("Chair", "1.00", 30).await);
    let ann = shop.customer("ann").await;
    let ask = |lines: [i64; 2]| {
        let items = lines.map(|product| json!({"product_id": product, "quantity": 1}));
        ann.ask("POST", "/api/v1/orders/")
            .json(&json!({"shipping_address": "1 New St", "items": items}))
    };

    let asks = (0..AT_ONCE)
        .map(|number| if number % 2 == 0 { ask([lamp, chair]) } else { ask([chair, lamp]) });
    let answers = all_at_once(asks).await;

    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 30);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(answer.expect(400)["non_field_errors"], json!(["Insufficient stock"]));
    }
    assert_eq!((boss.stock_of(lamp).await, boss.stock_of(chair).await), (0, 0));
    shop.stop().await;
    shop.check();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_is_one_order_however_often_it_is_sent() {
    let mut shop = Shop::open().await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 100).await;
    let (ann, ben) = (shop.customer("ann").await, shop.customer("ben").await);
    ann.put_in_cart(lamp, 2).await.expect(201);
    let keyed = || ann.ask_checkout().header("Idempotency-Key", "order-1");

    let answers = all_at_once((0..AT_ONCE).map(|_| keyed())).await;

    let mut bodies: BTreeMap<String, usize> = BTreeMap::new();
    for answer in answers.iter().filter(|answer| answer.status != 409) {
        answer.expect(201);
        *bodies.entry(answer.text.clone()).or_default() += 1;
    }
    assert_eq!(bodies.len(), 1, "every answer is the same: {bodies:#?}");
    let first_hand =
        answers.iter().filter(|answer| answer.status == 201 && !answer.is_replay()).count();
    assert_eq!(first_hand, 1, "all but one are marked as replays");
    let order = id_of(
        &serde_json::from_str::<Value>(bodies.keys().next().expect("one body")).expect("JSON"),
    );

    shop.kill();
    shop.start();

    let replay = keyed().send().await;
    assert_eq!(id_of(&replay.expect(201)), order);
    assert!(replay.is_replay() && bodies.contains_key(&replay.text), "{replay}");
    assert_eq!((ann.orders().await.len(), ann.stock_of(lamp).await), (1, 98));

    let other = ann
        .ask("POST", "/api/v1/cart/checkout/")
        .json(&json!({"shipping_address": "Somewhere else"}));
    other.header("Idempotency-Key", "order-1").send().await.expect(422);
    // A key belongs to one caller.
    ben.put_in_cart(lamp, 1).await.expect(201);
    let bens = ben.ask_checkout().header("Idempotency-Key", "order-1").send().await;
    assert!(!bens.is_replay() && id_of(&bens.expect(201)) != order, "{bens}");
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn a_refusal_of_the_input_does_not_use_up_the_key() {
    let shop = Shop::open().await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 5).await;
    let ann = shop.customer("ann").await;
    let add = async |product: i64, quantity: i64, key: &str| {
        let ask = ann
            .ask("POST", "/api/v1/cart/")
            .json(&json!({"product_id": product, "quantity": quantity}));
        ask.header("Idempotency-Key", key).send().await
    };

    add(lamp, 0, "key-1").await.expect(400);
    add(lamp, 1, "key-1").await.expect(201);
    assert!(add(lamp, 1, "key-1").await.is_replay());
    add(lamp, 2, "key-1").await.expect(422);
    add(lamp, 1, &"k".repeat(256)).await.expect(400);
    add(lamp, 1, &"k".repeat(255)).await.expect(201);
    assert_eq!(ann.cart().await["items"][0]["quantity"], 2);
}

/// Sends the requests from their own tasks, which all start at once.
pub(crate) async fn all_at_once(asks: impl Iterator<Item = Ask>) -> Vec<Answer> {
    let asks: Vec<Ask> = asks.collect();
    let together = Arc::new(Barrier::new(asks.len()));
    let tasks = asks.into_iter().map(|ask| {
        let together = Arc::clone(&together);
        tokio::spawn(async move {
            together.wait().await;
            ask.send().await
        })
    });
    let tasks: Vec<_> = tasks.collect();
    join_all(tasks)
        .await
        .into_iter()
        .map(|answer| answer.expect("every question got an answer"))
        .collect()
}
