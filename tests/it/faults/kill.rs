//! Kills the shop with `kill -9` under load, again and again on the same data. After each restart every acknowledged
//! change is there, every other change is complete or absent, stock adds up, and the stream agrees.
//!
//! `SOUK_KILL_ROUNDS` sets the number of rounds, `SOUK_KILL_SEED` repeats a run's choices (not its timing).

use crate::support;
pub(crate) mod shopper;
pub(crate) mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::support::{Broker, Person, Shop, eventually};
use serde_json::Value;

use shopper::Shopper;
use world::Order;

const SHOPPERS: usize = 12;
/// Products, and what the shop received of each: some run out in the storm, some never do.
const RECEIVED: [i64; 6] = [10, 40, 40, 400, 100_000, 100_000];

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_answer_survives_kill_9() {
    let rounds = from_environment("SOUK_KILL_ROUNDS").unwrap_or(3);
    let seed = from_environment("SOUK_KILL_SEED").unwrap_or_else(|| fastrand::u64(..));
    eprintln!("{rounds} rounds, SOUK_KILL_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);

    let mut broker = Broker::start();
    let mut shop = Shop::open_with(&[("SOUK_NATS_URL", &broker.url())]).await;
    let boss = shop.admin().await;
    let mut products = Vec::new();
    for (number, received) in RECEIVED.into_iter().enumerate() {
        products.push(boss.add_product(&format!("Product {number}"), "19.99", received).await);
    }
    let mut shoppers = Vec::new();
    for number in 0..SHOPPERS {
        let person = shop.customer(&format!("shopper{number}")).await;
        shoppers.push(Shopper::new(person, &products, random.u64(..)));
    }

    let mut acknowledged = 0;
    for round in 1..=rounds {
        let boss = shop.admin().await;
        let storm = shoppers
            .drain(..)
            .map(|shopper| tokio::spawn(shopper.shop_until_the_door_closes(boss.clone())));
        let storm: Vec<_> = storm.collect();
        // Not a wait for an event: this test varies the moment of the kill.
        tokio::time::sleep(Duration::from_millis(random.u64(20..1_500))).await;
        shop.kill();
        if random.u8(..4) == 0 {
            broker.kill();
            broker.restart();
        }
        for shopper in storm {
            shoppers.push(shopper.await.expect("a shopper saw only answers that are possible"));
        }
        shop.start();

        for shopper in &mut shoppers {
            shopper.compare_with_the_shop(&shop).await;
        }
        let boss = shop.admin().await;
        expect_stock_to_add_up(&boss, &products, &shoppers).await;
        expect_stream_to_tell_the_same(&broker, &shoppers).await;
        if round % 5 == 1 || round == rounds {
            shop.stop().await;
            shop.check();
            shop.start();
        }
        let so_far: usize = shoppers.iter().map(|shopper| shopper.acknowledged).sum();
        eprintln!("round {round}: {} acknowledged, all true", so_far - acknowledged);
        acknowledged = so_far;
    }
    assert!(acknowledged > 0, "no storm without wind");
}

/// Received = sellable + held by live orders + sold, and no unknown order exists.
async fn expect_stock_to_add_up(boss: &Person, products: &[i64], shoppers: &[Shopper]) {
    let known: BTreeSet<i64> =
        shoppers.iter().flat_map(|shopper| shopper.world.orders.keys().copied()).collect();
    let mut taken: BTreeMap<i64, i64> = BTreeMap::new();
    let mut listed = BTreeSet::new();
    for order in all_orders(boss).await {
        let id = support::id_of(&order);
        assert!(listed.insert(id), "order {id} is listed twice");
        let (_, order) = Order::read(&order);
        for (product, quantity) in &order.lines {
            if order.status != "cancelled" {
                *taken.entry(*product).or_default() += quantity;
            }
        }
    }
    assert_eq!(listed, known, "the shop has the orders that the shoppers know of and no others");
    for (product, received) in products.iter().zip(RECEIVED) {
        let sellable = boss.stock_of(*product).await;
        let taken = taken.get(product).copied().unwrap_or(0);
        assert!(sellable >= 0, "product {product}: {sellable}");
        assert_eq!(
            sellable + taken,
            received,
            "product {product}: {sellable} sellable, {taken} held or sold"
        );
    }
}

pub(crate) async fn all_orders(boss: &Person) -> Vec<Value> {
    let mut orders = Vec::new();
    loop {
        let page = orders.len() / 100 + 1;
        let answer = boss.get(&format!("/api/v1/orders/?page_size=100&page={page}")).await;
        let body = answer.expect(200);
        orders.extend(body.as_array().expect("a bare array").iter().cloned());
        if orders.len() as u64
            >= answer.header("X-Total-Count").parse().expect("the total is a number")
        {
            return orders;
        }
    }
}

/// Every order's history is on the stream, complete, once and in order; and nothing else is there.
async fn expect_stream_to_tell_the_same(broker: &Broker, shoppers: &[Shopper]) {
    let mut expected: BTreeMap<i64, &[&str]> = BTreeMap::new();
    for shopper in shoppers {
        expected
            .extend(shopper.world.orders.iter().map(|(id, order)| (*id, order.history.as_slice())));
        expected.extend(
            shopper.world.deleted.iter().map(|(id, order)| (*id, order.history.as_slice())),
        );
    }
    let wanted: usize = expected.values().map(|history| history.len()).sum();
    let events = eventually(&format!("{wanted} events of orders on the stream"), async || {
        let events = broker.events().await;
        let about_orders = events.iter().filter(|event| event.order().is_some());
        (about_orders.count() >= wanted).then_some(events)
    })
    .await;
    // Killed after the gateway took the money and before our books had it, then cancelled: the shop finds the money
    // at the gateway and refunds it.
    let paid_back: BTreeSet<i64> = events
        .iter()
        .filter(|event| event.order().is_none() && event.what() == "refunded")
        .filter_map(|event| event.body["data"]["payment"]["order_id"].as_i64())
        .collect();

    let mut ids = BTreeSet::new();
    let mut told: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
    for event in &events {
        assert!(ids.insert(&event.message_id), "published twice: {event:#?}");
        let Some(order) = event.order() else { continue };
        let story = told.entry(order).or_default();
        story.push(event.what());
        assert_eq!(
            event.version(),
            Some(story.len() as u64),
            "a gap in the history of order {order}: {event:#?}"
        );
    }
    for (order, history) in &expected {
        let mut story = told.get(order).cloned().unwrap_or_default();
        let refunded = story.windows(2).position(|pair| pair == ["cancelled", "refunded"]);
        if let Some(cancelled) = refunded.filter(|_| paid_back.contains(order)) {
            story.remove(cancelled + 1);
        }
        assert_eq!(story.as_slice(), *history, "the history of order {order}");
    }
    assert_eq!(told.len(), expected.len(), "no event of an order that never was");
}

pub(crate) fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}")))
}
