//! 24. Stripe Webhook: a signed message counts, and once; every other one changes nothing.

use crate::support::{Answer, Broker, Person, Shop, id_of};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::time::{SystemTime, UNIX_EPOCH};

const WEBHOOK: &str = "/api/v1/webhooks/stripe/";
const SECRET: &str = "whsec_sandbox";

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

fn signature(secret: &str, seconds: u64, body: &[u8]) -> String {
    let mut code = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key");
    code.update(format!("{seconds}.").as_bytes());
    code.update(body);
    let hex: String =
        code.finalize().into_bytes().iter().map(|octet| format!("{octet:02x}")).collect();
    format!("t={seconds},v1={hex}")
}

fn event(id: &str, kind: &str, intent: &str) -> Value {
    json!({"id": id, "object": "event", "type": kind, "data": {"object": {"id": intent,
        "object": "payment_intent", "amount": 2000,
        "last_payment_error": {"message": "Your card was declined."}}}})
}

async fn deliver(shop: &Shop, event: &Value) -> Answer {
    let body = event.to_string();
    let signature = signature(SECRET, now(), body.as_bytes());
    let asking = shop.nobody().ask("POST", WEBHOOK).raw("application/json", body);
    asking.header("Stripe-Signature", &signature).send().await
}

/// An order with a payment that was started: the order's id and the gateway's intent.
async fn started(ann: &Person, product: i64) -> (i64, String) {
    let order = id_of(&ann.buy(product, 2).await);
    let payment = ann.create_payment(order).await.expect(200);
    (order, payment["payment_intent_id"].as_str().expect("an intent").to_owned())
}

#[tokio::test]
async fn repeated_success_events_complete_the_order_once() {
    let broker = Broker::start();
    let mut shop = Shop::open_with(&[("SOUK_NATS_URL", &broker.url())]).await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;
    let (order, intent) = started(&ann, lamp).await;

    let success = event("evt_1", "payment_intent.succeeded", &intent);
    deliver(&shop, &success).await.says(200, json!({"status": "success"}));
    deliver(&shop, &success).await.says(200, json!({"status": "success"}));
    let again = event("evt_2", "payment_intent.succeeded", &intent);
    deliver(&shop, &again).await.says(200, json!({"status": "success"}));
    let late = event("evt_3", "payment_intent.payment_failed", &intent);
    deliver(&shop, &late).await.says(200, json!({"status": "success"}));

    assert_eq!(ann.order(order).await.expect(200)["status"], "completed");
    let confirmed = ann.confirm_payment(order, "pm_card_visa").await.expect(200);
    assert_eq!(confirmed["order"]["status"], "completed");
    broker.expect_history(order, &["placed", "paid"]).await;
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn a_failure_or_a_cancellation_cancels_a_pending_order_and_gives_its_stock_back() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;
    for (number, kind) in
        ["payment_intent.payment_failed", "payment_intent.canceled"].iter().enumerate()
    {
        let (order, intent) = started(&ann, lamp).await;
        let told = event(&format!("evt_{number}"), kind, &intent);
        deliver(&shop, &told).await.says(200, json!({"status": "success"}));
        assert_eq!(ann.order(order).await.expect(200)["status"], "cancelled", "{kind}");
    }
    assert_eq!(boss.stock_of(lamp).await, 10);
}

#[tokio::test]
async fn a_success_for_a_cancelled_order_is_refunded() {
    let broker = Broker::start();
    let mut shop = Shop::open_with(&[("SOUK_NATS_URL", &broker.url())]).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;
    let (order, intent) = started(&ann, lamp).await;
    boss.set_status(order, "cancelled").await.expect(200);

    deliver(&shop, &event("evt_1", "payment_intent.succeeded", &intent)).await.expect(200);

    broker.expect_history(order, &["placed", "cancelled", "refunded"]).await;
    assert_eq!(ann.order(order).await.expect(200)["status"], "cancelled");
    assert_eq!(boss.report().await, (1, 0.0, 0, 0));
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn a_shop_may_let_customers_try_another_card() {
    let broker = Broker::start();
    let url = broker.url();
    let settings = [("SOUK_NATS_URL", url.as_str()), ("SOUK_CANCEL_ON_PAYMENT_FAILED", "false")];
    let shop = Shop::open_with(&settings).await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;
    let (order, intent) = started(&ann, lamp).await;

    deliver(&shop, &event("evt_1", "payment_intent.payment_failed", &intent)).await.expect(200);

    assert_eq!(ann.order(order).await.expect(200)["status"], "pending");
    ann.confirm_payment(order, "pm_card_visa").await.expect(200);
    broker.expect_history(order, &["placed", "payment_failed", "paid"]).await;
}

#[tokio::test]
async fn what_is_not_signed_or_no_event_is_refused_and_what_is_unknown_is_ignored() {
    let shop = Shop::open().await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;
    let (order, intent) = started(&ann, lamp).await;
    let body = event("evt_1", "payment_intent.succeeded", &intent).to_string();
    let bad_signature = json!({"error": "Invalid signature"});
    let send = async |signature: &str, body: &str| {
        let asking = shop.nobody().ask("POST", WEBHOOK).raw("application/json", body);
        asking.header("Stripe-Signature", signature).send().await
    };

    for header in [
        String::new(),
        "t=1,v1=00".to_owned(),
        signature("whsec_other", now(), body.as_bytes()),
        signature(SECRET, now() - 400, body.as_bytes()),
        signature(SECRET, now(), b"another body"),
    ] {
        send(&header, &body).await.says(400, bad_signature.clone());
    }
    shop.nobody()
        .ask("POST", WEBHOOK)
        .raw("application/json", body.as_str())
        .send()
        .await
        .says(400, bad_signature);
    for odd in ["no json", "[]", "{}", r#"{"id": 5, "type": "x"}"#] {
        let header = signature(SECRET, now(), odd.as_bytes());
        send(&header, odd).await.says(400, json!({"error": "Invalid payload"}));
    }
    for other in [
        event("evt_2", "customer.created", "cus_1"),
        event("evt_3", "payment_intent.succeeded", "pi_of_somebody_else"),
    ] {
        deliver(&shop, &other).await.says(200, json!({"status": "success"}));
    }
    assert_eq!(ann.order(order).await.expect(200)["status"], "pending");
}

/// A signed event about any object.
fn about(number: usize, kind: &str, object: &Value) -> Value {
    json!({"id": format!("evt_about_{number}"), "object": "event", "type": kind, "created": -1,
        "data": {"object": object}})
}

/// Values that are no amount of an order over 20.00.
fn no_amounts() -> Vec<Value> {
    vec![
        json!(-1),
        json!(2_001),
        json!(1_i64 << 62),
        json!(i64::MIN),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(1e300),
        json!(19.5),
        json!("2000"),
        json!([2_000]),
        json!({}),
        json!(true),
    ]
}

#[tokio::test]
async fn an_amount_that_does_not_fit_an_unpaid_order_pays_nothing() {
    let mut shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;
    let (order, intent) = started(&ann, lamp).await;
    let mut events = Vec::new();
    let odd = no_amounts().into_iter().chain([json!(0), json!(1_999)]);
    for amount in odd {
        for (kind, field) in [
            ("payment_intent.succeeded", "amount_received"),
            ("payment_intent.succeeded", "amount"),
            ("payment_intent.payment_failed", "amount"),
            ("payment_intent.canceled", "amount"),
        ] {
            let mut object = json!({"id": intent, "currency": "usd"});
            object[field] = amount.clone();
            events.push(about(events.len(), kind, &object));
        }
    }
    for wrong in [
        json!({"currency": "jpy"}),
        json!({"metadata": {"souk_payment": "999999"}}),
        json!({"metadata": {"souk_payment": 999_999}}),
        json!({"amount_received": 2_000, "amount": 1}),
    ] {
        for kind in ["payment_intent.succeeded", "payment_intent.payment_failed"] {
            let mut object = json!({"id": intent});
            for (name, value) in wrong.as_object().expect("an object") {
                object[name] = value.clone();
            }
            events.push(about(events.len(), kind, &object));
        }
    }
    for event in &events {
        deliver(&shop, event).await.says(200, json!({"status": "success"}));
        assert_eq!(ann.order(order).await.expect(200)["status"], "pending", "{event}");
    }
    assert!(shop.output().contains("contradicts the books"), "an alarm");

    let right = json!({"id": intent, "amount": 2_000, "amount_received": 2_000, "currency": "usd",
        "metadata": {}});
    deliver(&shop, &about(events.len(), "payment_intent.succeeded", &right)).await.expect(200);
    assert_eq!(ann.order(order).await.expect(200)["status"], "completed");
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn an_amount_that_does_not_fit_a_paid_order_is_not_booked() {
    let mut shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;
    let (order, intent) = started(&ann, lamp).await;
    ann.confirm_payment(order, "pm_card_visa").await.expect(200);
    let mut events = Vec::new();
    for amount in no_amounts() {
        for (kind, field, status) in [
            ("charge.refunded", "amount_refunded", Value::Null),
            ("charge.refunded", "amount", Value::Null),
            ("refund.created", "amount", json!("succeeded")),
            ("refund.updated", "amount", json!("succeeded")),
            ("refund.failed", "amount", json!("failed")),
            ("charge.dispute.created", "amount", json!("needs_response")),
            ("charge.dispute.closed", "amount", json!("lost")),
        ] {
            let number = events.len();
            let mut object = json!({"id": format!("odd_{number}"), "payment_intent": intent,
                "currency": "usd", "status": status});
            object[field] = amount.clone();
            events.push(about(number, kind, &object));
        }
    }
    for wrong in [
        json!({"amount_refunded": 500, "currency": "eur"}),
        json!({"amount_refunded": 500, "metadata": {"souk_payment": "999999"}}),
        json!({"amount_refunded": null}),
        json!({}),
    ] {
        let mut object = wrong;
        object["payment_intent"] = json!(intent);
        events.push(about(events.len(), "charge.refunded", &object));
    }
    for event in &events {
        deliver(&shop, event).await.says(200, json!({"status": "success"}));
    }

    let refunds = boss.get(&format!("/api/v1/orders/{order}/refunds/")).await.expect(200);
    assert_eq!((&refunds["refunded"], &refunds["refundable"]), (&json!("0.00"), &json!("20.00")));
    assert_eq!(boss.report().await, (1, 20.0, 1, 0));
    shop.stop().await;
    shop.check();
    shop.expect_restorable_copy();
}

#[tokio::test]
async fn refunds_and_lost_disputes_never_exceed_the_payment() {
    let mut shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;
    let (order, intent) = started(&ann, lamp).await;
    ann.confirm_payment(order, "pm_card_visa").await.expect(200);
    let refunded = |amount: i64| {
        json!({"id": "ch_1", "payment_intent": intent, "amount": 2_000,
        "amount_refunded": amount, "currency": "usd"})
    };
    let lost = |amount: i64| {
        json!({"id": "dp_1", "payment_intent": intent, "amount": amount,
        "currency": "usd", "status": "lost"})
    };
    for (number, (kind, object)) in [
        ("charge.refunded", refunded(500)),
        ("charge.dispute.closed", lost(2_000)),
        ("charge.refunded", refunded(2_000)),
        ("charge.refunded", refunded(500)),
    ]
    .iter()
    .enumerate()
    {
        deliver(&shop, &about(number, kind, object)).await.expect(200);
    }
    let refunds = boss.get(&format!("/api/v1/orders/{order}/refunds/")).await.expect(200);
    assert_eq!((&refunds["refunded"], &refunds["refundable"]), (&json!("5.00"), &json!("0.00")));
    shop.stop().await;
    shop.check();
}
