//! Everything that can happen to one payment happens concurrently, in any order: money and stock add up each time.
//! Then the same with `kill -9` in the middle.
//!
//! `SOUK_RACE_ROUNDS` and `SOUK_PAYMENT_KILLS` set the numbers of rounds, `SOUK_RACE_SEED` repeats a run's choices.

use crate::support::{Broker, Person, Shop, eventually, id_of};
use futures_util::future::{BoxFuture, FutureExt, join_all};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const PRICE_CENTS: i64 = 2_000;
/// All actions on one payment start within this time.
const LATEST_START_MS: u64 = 40;
const STOCK: i64 = 1_000_000;

/// What happens to a payment.
#[derive(Clone, Copy, Debug)]
enum Act {
    Confirm,
    ConfirmInBrowser,
    Finalize,
    MinimalPay,
    OpenPage,
    Cancel,
    Delete,
    RefundPart,
    Decline,
}

const ACTS: [Act; 9] = [
    Act::Confirm,
    Act::ConfirmInBrowser,
    Act::Finalize,
    Act::MinimalPay,
    Act::OpenPage,
    Act::Cancel,
    Act::Delete,
    Act::RefundPart,
    Act::Decline,
];

/// An order with a payment that classic initiated.
struct Started {
    order: i64,
    payment: i64,
    intent: String,
    secret: String,
}

async fn start(ann: &Person, product: i64) -> Started {
    let order = id_of(&ann.order_directly(&[(product, 1)]).await.expect(201));
    let body = json!({"order": order, "amount": "20.00"});
    let payment = id_of(&ann.post("/api/payments/", body).await.expect(201));
    let made = ann.create_payment(order).await.expect(200);
    let text = |name: &str| made[name].as_str().expect("text").to_owned();
    Started { order, payment, intent: text("payment_intent_id"), secret: text("client_secret") }
}

fn run<'a>(
    act: Act,
    moment: Duration,
    who: (&'a Person, &'a Person),
    at: &'a Started,
) -> BoxFuture<'a, ()> {
    let (ann, boss) = who;
    let order = at.order;
    let ask = match act {
        Act::Confirm => ann
            .ask("POST", &format!("/api/v1/orders/{order}/confirm-payment/"))
            .json(&json!({"payment_method": "pm_card_visa"})),
        Act::Decline => ann
            .ask("POST", &format!("/api/v1/orders/{order}/confirm-payment/"))
            .json(&json!({"payment_method": "pm_card_chargeDeclined"})),
        Act::ConfirmInBrowser => ann
            .bearing("")
            .ask("POST", &format!("/sandbox/v1/payment_intents/{}/confirm", at.intent))
            .json(&json!({"client_secret": at.secret, "payment_method": "pm_card_visa"})),
        Act::Finalize => ann.ask("POST", &format!("/api/payments/{}/finalize/", at.payment)),
        Act::MinimalPay => ann
            .ask("POST", "/api/payments/")
            .json(&json!({"order_id": order, "payment_method": "pm_card_visa"})),
        Act::OpenPage => ann
            .ask("POST", "/api/v1/payments/create-checkout-session/")
            .json(&json!({"order_id": order})),
        Act::Cancel => ann.ask("POST", &format!("/api/orders/{order}/cancel/")).json(&json!({})),
        Act::Delete => boss.ask("DELETE", &format!("/api/v1/orders/{order}/")),
        Act::RefundPart => boss
            .ask("POST", &format!("/api/v1/orders/{order}/refunds/"))
            .json(&json!({"amount": "7.00"})),
    };
    async move {
        // Not a wait for an event: these tests vary the moment.
        tokio::time::sleep(moment).await;
        // Killed in the middle, the shop does not answer.
        if let Ok(answer) = ask.attempt().await {
            assert_ne!(answer.status, 500, "{act:?}: {answer}");
        }
    }
    .boxed()
}

/// An order's final state: the status, and the money that the shop has for it, in cents.
async fn outcome(boss: &Person, order: i64) -> (String, i64) {
    let cents = |list: &Value, name: &str| -> i64 {
        let text = list[name].as_str().expect("an amount").replace('.', "");
        text.parse().expect("digits")
    };
    eventually("the payment to come to rest", async || {
        let shown = boss.order(order).await;
        if shown.status == 404 {
            return Some(("deleted".to_owned(), 0));
        }
        let status = shown.json()["status"].as_str().expect("a status").to_owned();
        let list = boss.get(&format!("/api/v1/orders/{order}/refunds/")).await;
        if list.status == 404 {
            return Some(("deleted".to_owned(), 0));
        }
        let list = list.expect(200);
        let waits = list["refunds"].as_array().expect("a list").iter();
        let waits = waits.filter(|refund| refund["status"] != "succeeded").count();
        let (paid, refunded) = (cents(&list, "paid"), cents(&list, "refunded"));
        assert!(refunded <= paid && (paid == 0 || paid == PRICE_CENTS), "{list}");
        let is_at_rest = waits == 0 && (status != "cancelled" || paid == refunded);
        is_at_rest.then_some((status, paid - refunded))
    })
    .await
}

fn random() -> fastrand::Rng {
    let seed = from_environment("SOUK_RACE_SEED").unwrap_or_else(|| fastrand::u64(..));
    eprintln!("SOUK_RACE_SEED={seed}");
    fastrand::Rng::with_seed(seed)
}

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}")))
}

/// The money that the shop has for these orders, and the stock that it still holds.
async fn expect_to_add_up(boss: &Person, product: i64, orders: &[i64]) {
    let (mut money, mut taken) = (0, 0);
    let mut ends: BTreeMap<String, usize> = BTreeMap::new();
    for order in orders {
        let (status, has) = outcome(boss, *order).await;
        *ends.entry(format!("{status} {has}")).or_default() += 1;
        money += has;
        taken += i64::from(!["cancelled", "deleted"].contains(&status.as_str()));
        if status == "pending" || status == "cancelled" {
            assert_eq!(has, 0, "order {order} is {status}");
        }
    }
    eprintln!("{ends:?}");
    let revenue = eventually("the report to say the same", async || {
        let (_, revenue, ..) = boss.report().await;
        let cents = (revenue * 100.0).round() as i64;
        (cents == money).then_some(cents)
    });
    assert_eq!(revenue.await, money);
    assert_eq!(boss.stock_of(product).await + taken, STOCK);
}

/// No order was paid twice.
async fn expect_one_paid_event_each(broker: &Broker) {
    let mut paid: BTreeMap<i64, usize> = BTreeMap::new();
    let events = eventually("events of payments", async || {
        let events = broker.events().await;
        events.iter().any(|event| event.what() == "paid").then_some(events)
    });
    for event in events.await.iter().filter(|event| event.what() == "paid") {
        *paid.entry(event.order().expect("only orders are paid")).or_default() += 1;
    }
    eprintln!("{} orders were paid", paid.len());
    assert!(paid.values().all(|count| *count == 1), "{paid:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_at_once_money_and_stock_add_up() {
    let rounds = from_environment("SOUK_RACE_ROUNDS").unwrap_or(25);
    let mut random = random();
    let broker = Broker::start();
    let mut shop = Shop::open_with(&[("SOUK_NATS_URL", &broker.url())]).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "20.00", STOCK).await;
    let ann = shop.customer("ann").await;
    let mut orders = Vec::new();
    for _ in 0..rounds {
        let started = start(&ann, lamp).await;
        let mut acts: Vec<Act> = (0..6).map(|_| ACTS[random.usize(..ACTS.len())]).collect();
        // One action always pays, and often another cancels the order.
        acts.extend([Act::Confirm, Act::ConfirmInBrowser, Act::Finalize]);
        acts.extend(random.bool().then_some(Act::Cancel));
        random.shuffle(&mut acts);
        let racing = acts.iter().map(|act| {
            let moment = Duration::from_millis(random.u64(..LATEST_START_MS));
            run(*act, moment, (&ann, &boss), &started)
        });
        join_all(racing).await;
        orders.push(started.order);
    }
    expect_to_add_up(&boss, lamp, &orders).await;
    expect_one_paid_event_each(&broker).await;
    shop.stop().await;
    shop.check();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_any_two_steps_of_a_payment_it_adds_up_after_the_start() {
    let kills = from_environment("SOUK_PAYMENT_KILLS").unwrap_or(4);
    let mut random = random();
    let mut shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "20.00", STOCK).await;
    let ann = shop.customer("ann").await;
    let mut orders = Vec::new();
    for _ in 0..kills {
        let mut started = Vec::new();
        for _ in 0..8 {
            started.push(start(&ann, lamp).await);
        }
        let acts: Vec<Act> = (0..64).map(|_| ACTS[random.usize(..ACTS.len())]).collect();
        let storm = acts.iter().enumerate().map(|(number, act)| {
            let at = &started[number % started.len()];
            run(*act, Duration::from_millis(random.u64(..LATEST_START_MS)), (&ann, &boss), at)
        });
        let storm: Vec<_> = storm.collect();
        let moment = Duration::from_millis(random.u64(1..80));
        tokio::join!(join_all(storm), async {
            tokio::time::sleep(moment).await;
            shop.kill();
        });
        shop.start();
        orders.extend(started.iter().map(|started| started.order));
    }
    expect_to_add_up(&boss, lamp, &orders).await;
    shop.stop().await;
    shop.check();
    shop.run(&["payments", "reconcile"], "").expect_success();
    shop.check();
}
