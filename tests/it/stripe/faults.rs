//! Stripe fails in every possible way: the answers are clear and in time, and money and stock add up.

use crate::support;
use crate::support::{
    Answer, Broker, Person, STRIPE_KEY, STRIPE_WEBHOOK_SECRET, Shop, StripeStandIn,
    expect_to_agree, id_of,
};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Far more than the time limit of a call (2 s by these tests' setting) and the rest of an answer, on whatever machine.
const LONGEST_ANSWER: Duration = Duration::from_secs(30);

async fn shop(stripe: &StripeStandIn, more: &[(&str, &str)]) -> (Shop, Person, i64) {
    let shop = stripe.open_shop(more).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "19.99", 100).await;
    (shop, boss, lamp)
}

/// The answer; it must be in time and, if the gateway failed, have a `Retry-After`.
async fn in_time(asking: impl Future<Output = Answer>) -> Answer {
    let answer = tokio::time::timeout(LONGEST_ANSWER, asking).await.expect("an answer in time");
    if answer.status == 503 {
        assert!(answer.header("Retry-After").parse::<u32>().is_ok(), "{answer}");
    }
    assert!([200, 201, 400, 502, 503].contains(&answer.status), "{answer}");
    answer
}

/// Pays as clients do: with retries until the gateway works.
async fn pay_in_the_end(person: &Person, order: i64) {
    let what = format!("order {order} to be paid");
    support::eventually(&what, async || {
        let created = in_time(person.create_payment(order)).await;
        let confirmed = in_time(person.confirm_payment(order, "pm_card_visa")).await;
        if confirmed.status == 503 || created.status == 503 {
            return None;
        }
        assert_eq!(confirmed.expect(200)["order"]["status"], "completed", "{created}{confirmed}");
        Some(())
    })
    .await;
}

#[tokio::test]
async fn every_fault_at_every_step_ends_with_one_charge() {
    let (stripe, broker) = (StripeStandIn::start(), Broker::start());
    let (mut shop, boss, lamp) = shop(&stripe, &[("SOUK_NATS_URL", &broker.url())]).await;
    let ann = shop.customer("ann").await;
    let mut orders = Vec::new();
    for kind in [
        "delay",
        "delay_after",
        "drop_before",
        "drop_after",
        "error_before",
        "error_after",
        "saved_error_after",
        "garbage_after",
        "throttle",
    ] {
        for on in ["POST /v1/payment_intents$", "confirm$", "GET /v1/payment_intents"] {
            let order = id_of(&ann.buy(lamp, 1).await);
            // Stripe repeats a saved failure for the same key on its own.
            let times = if kind == "saved_error_after" { 1 } else { 6 };
            stripe
                .fault_with(json!({"on": on, "kind": kind, "times": times, "seconds": 1.2}))
                .await;
            in_time(ann.create_payment(order)).await;
            in_time(ann.confirm_payment(order, "pm_card_visa")).await;
            stripe.no_faults().await;
            pay_in_the_end(&ann, order).await;
            orders.push(order);
        }
    }
    stripe.expect_every_webhook_heard().await;

    let statuses = expect_to_agree(&boss, &stripe, &orders).await;
    assert!(statuses.iter().all(|status| status == "completed"), "{statuses:?}");
    for order in &orders {
        broker.expect_history(*order, &["placed", "paid"]).await;
    }
    let sold = i64::try_from(orders.len()).expect("few orders");
    assert_eq!(boss.stock_of(lamp).await, 100 - sold);
    let output = shop.output();
    assert!(!output.contains(STRIPE_KEY) && !output.contains(STRIPE_WEBHOOK_SECRET), "{output}");
    assert!(!output.contains("_secret_"), "client secrets pay: {output}");
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn money_goes_back_through_every_fault_once() {
    let stripe = StripeStandIn::start();
    let (mut shop, boss, lamp) = shop(&stripe, &[]).await;
    let ann = shop.customer("ann").await;
    let mut orders = Vec::new();
    for kind in ["drop_before", "drop_after", "error_after", "saved_error_after", "throttle"] {
        let order = id_of(&ann.buy(lamp, 1).await);
        ann.pay(order).await;
        let times = if kind == "saved_error_after" { 1 } else { 3 };
        stripe.fault_with(json!({"on": "POST /v1/refunds", "kind": kind, "times": times})).await;
        boss.set_status(order, "cancelled").await.expect(200);
        orders.push(order);
        expect_to_agree(&boss, &stripe, &orders).await;
        stripe.no_faults().await;
    }

    assert_eq!(stripe.books().await.refunds().len(), orders.len());
    assert_eq!(boss.stock_of(lamp).await, 100);
    support::eventually("every refund to be booked", async || {
        (boss.report().await.1 == 0.0).then_some(())
    })
    .await;
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn without_stripe_the_shop_goes_on_and_says_so() {
    let stripe = StripeStandIn::start();
    let (mut shop, boss, lamp) = shop(&stripe, &[("SOUK_STRIPE_TIMEOUT_SECONDS", "6")]).await;
    let ann = shop.customer("ann").await;
    let started = id_of(&ann.buy(lamp, 1).await);
    ann.create_payment(started).await.expect(200);
    let other = id_of(&ann.buy(lamp, 1).await);
    stripe.fault_with(json!({"on": ".", "kind": "delay", "times": 1000, "seconds": 8})).await;

    let is_one_answered = AtomicBool::new(false);
    let failing = async |asking: BoxFuture<'_, Answer>| {
        let answer = in_time(asking).await;
        is_one_answered.store(true, Ordering::SeqCst);
        answer
    };
    let paying = async {
        let payment = json!({"order_id": other, "payment_method": "pm_card_visa"});
        let (confirmed, created, paid) = tokio::join!(
            failing(ann.confirm_payment(started, "pm_card_visa").boxed()),
            failing(ann.create_payment(other).boxed()),
            failing(ann.post("/api/payments/", payment).boxed()),
        );
        for answer in [confirmed, created, paid] {
            answer.expect(503);
        }
    };
    let shopping = async {
        for _ in 0..5 {
            boss.get("/api/v1/products/").await.expect(200);
            ann.put_in_cart(lamp, 1).await.expect(201);
            shop.nobody().get("/readyz").await.expect(200);
        }
        assert!(!is_one_answered.load(Ordering::SeqCst), "shopping waited for a payment");
    };
    tokio::join!(paying, shopping);

    stripe.no_faults().await;
    pay_in_the_end(&ann, started).await;
    pay_in_the_end(&ann, other).await;
    expect_to_agree(&boss, &stripe, &[started, other]).await;
    let ready = shop.nobody().get("/readyz").await.expect(200);
    assert_eq!(ready["payments"], "stripe");
    shop.nobody().get("/sandbox/checkout/cs_test_x").await.expect(404);
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn the_books_are_compared_with_stripes() {
    let stripe = StripeStandIn::start();
    let (mut shop, boss, lamp) = shop(&stripe, &[]).await;
    let ann = shop.customer("ann").await;
    let order = id_of(&ann.buy(lamp, 1).await);
    let payment = ann.create_payment(order).await.expect(200);
    shop.stop().await;
    let intent = payment["payment_intent_id"].as_str().expect("an intent");
    stripe.webhooks(json!({"holding": true})).await;
    stripe.confirm_in_browser(intent, "pm_card_visa").await;

    stripe.fault("GET", "error_before", 100).await;
    let away = shop.run(&["payments", "reconcile"], "");
    assert_ne!(away.code, Some(0), "{away:#?}");
    stripe.no_faults().await;
    let compared = shop.run(&["payments", "reconcile"], "").expect_success();
    assert!(compared.stdout.contains("is paid"), "{compared:#?}");
    shop.check();

    shop.start();
    assert_eq!(ann.order(order).await.expect(200)["status"], "completed");
    expect_to_agree(&boss, &stripe, &[order]).await;
}

#[tokio::test]
async fn unsafe_payment_settings_are_refused() {
    let key = ("SOUK_STRIPE_SECRET_KEY", STRIPE_KEY);
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    for (settings, named) in [
        (vec![("SOUK_STRIPE_SECRET_KEY", "pk_test_published")], "stripe_secret_key"),
        (vec![key, ("SOUK_STRIPE_API_BASE", "http://stripe.example/")], "stripe_api_base"),
        (vec![key, ("SOUK_STRIPE_API_BASE", "nowhere")], "stripe_api_base"),
        (
            vec![key, ("SOUK_STRIPE_WEBHOOK_SECRET", "whsec_x,whsec_sandbox")],
            "stripe_webhook_secret",
        ),
    ] {
        let refused = support::run_souk_with(&settings, &serve).expect_refusal().naming(named);
        let said = format!("{}{}", refused.stdout, refused.stderr);
        assert!(!said.contains("_published") && !said.contains(STRIPE_KEY), "{said}");
    }

    let stripe = StripeStandIn::start();
    let (mut shop, _, lamp) = shop(&stripe, &[("SOUK_STRIPE_WEBHOOK_SECRET", "")]).await;
    assert!(shop.output().contains("stripe_webhook_secret is not set"), "{}", shop.output());
    let ann = shop.customer("ann").await;
    let order = id_of(&ann.buy(lamp, 1).await);
    ann.pay(order).await;
    let bad = json!({"error": "Invalid signature"});
    shop.nobody().post("/api/v1/webhooks/stripe/", json!({})).await.says(400, bad);
    shop.stop().await;
    shop.check();
}
