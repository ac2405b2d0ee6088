//! The sandbox behaves like a remote gateway: it sends signed messages to the webhook, in order, until they are accepted.

use crate::support::{Answer, Broker, Person, Shop, eventually, id_of, run_souk_with};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::time::{SystemTime, UNIX_EPOCH};

const WEBHOOK: &str = "/api/v1/webhooks/stripe/";
const SECRET: &str = "whsec_sandbox";

async fn deliver(shop: &Shop, id: &str, kind: &str, object: Value) -> Answer {
    let body = json!({"id": id, "object": "event", "type": kind, "data": {"object": object}});
    let body = body.to_string();
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let mut code = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any key");
    code.update(format!("{seconds}.{body}").as_bytes());
    let hex: String =
        code.finalize().into_bytes().iter().map(|octet| format!("{octet:02x}")).collect();
    let asking = shop.nobody().ask("POST", WEBHOOK).raw("application/json", body);
    asking.header("Stripe-Signature", &format!("t={seconds},v1={hex}")).send().await
}

/// A shop, its administrator, ann, her pending order of two lamps at 10.00, and its intent.
async fn shop_with_a_payment(settings: &[(&str, &str)]) -> (Shop, Person, Person, i64, Value) {
    let shop = Shop::open_with(settings).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;
    let order = id_of(&ann.buy(lamp, 2).await);
    let payment = ann.create_payment(order).await.expect(200);
    (shop, boss, ann, order, payment)
}

async fn confirm_in_browser(shop: &Shop, payment: &Value, method: &str) -> Answer {
    let intent = payment["payment_intent_id"].as_str().expect("an intent");
    let path = format!("/sandbox/v1/payment_intents/{intent}/confirm");
    let body = json!({"client_secret": payment["client_secret"], "payment_method": method});
    shop.nobody().post(&path, body).await
}

#[tokio::test]
async fn a_paid_order_shows_as_paid_at_once_and_is_announced_once() {
    let broker = Broker::start();
    let (mut shop, _, ann, order, payment) =
        shop_with_a_payment(&[("SOUK_NATS_URL", &broker.url())]).await;

    confirm_in_browser(&shop, &payment, "pm_card_visa").await.expect(200);
    assert_eq!(ann.order(order).await.expect(200)["status"], "completed");
    confirm_in_browser(&shop, &payment, "pm_card_visa").await.expect(200);
    ann.confirm_payment(order, "pm_card_visa").await.expect(200);

    broker.expect_history(order, &["placed", "paid"]).await;
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn a_declined_card_is_reported_and_then_cancels_the_order() {
    let (mut shop, boss, ann, order, _) = shop_with_a_payment(&[]).await;

    let declined = ann.confirm_payment(order, "pm_card_chargeDeclined").await.expect(400);
    assert_eq!(declined["error"], "Your card was declined.");

    eventually("the order to be called off", async || {
        let order = ann.order(order).await.expect(200);
        (order["status"] == "cancelled").then_some(())
    })
    .await;
    let lamp = ann.order(order).await.expect(200)["items"][0]["product"]["id"].as_i64();
    assert_eq!(boss.stock_of(lamp.expect("an id")).await, 10);
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn a_setting_keeps_orders_open_after_a_declined_card() {
    let broker = Broker::start();
    let url = broker.url();
    let settings = [("SOUK_NATS_URL", url.as_str()), ("SOUK_CANCEL_ON_PAYMENT_FAILED", "false")];
    let (mut shop, boss, ann, order, payment) = shop_with_a_payment(&settings).await;

    confirm_in_browser(&shop, &payment, "pm_card_chargeDeclined").await.expect(402);
    assert_eq!(ann.order(order).await.expect(200)["status"], "pending");
    confirm_in_browser(&shop, &payment, "pm_card_visa").await.expect(200);

    assert_eq!(boss.report().await, (1, 20.0, 1, 0));
    broker.expect_history(order, &["placed", "payment_failed", "paid"]).await;
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn handles_other_payment_events_and_ignores_irrelevant_ones() {
    let (mut shop, boss, ann, order, payment) = shop_with_a_payment(&[]).await;
    let intent = payment["payment_intent_id"].as_str().expect("an intent");
    let taken = json!({"status": "success"});

    for (number, object) in [
        json!({"id": intent, "amount": 2000, "amount_received": 1999, "currency": "usd"}),
        json!({"id": intent, "amount_received": 2000, "currency": "eur"}),
        json!({"id": intent, "amount": 1}),
    ]
    .into_iter()
    .enumerate()
    {
        let wrong = format!("evt_wrong_{number}");
        deliver(&shop, &wrong, "payment_intent.succeeded", object).await.says(200, taken.clone());
        assert_eq!(ann.order(order).await.expect(200)["status"], "pending");
    }
    let paid = json!({"id": intent, "amount_received": 2000, "currency": "usd"});
    deliver(&shop, "evt_1", "payment_intent.succeeded", paid).await.says(200, taken.clone());
    assert_eq!(boss.report().await, (1, 20.0, 1, 0));

    let refunded = |amount: i64| json!({"id": "ch_1", "payment_intent": intent, "amount_refunded": amount, "currency": "usd"});
    for id in ["evt_2", "evt_2", "evt_3"] {
        deliver(&shop, id, "charge.refunded", refunded(500)).await.says(200, taken.clone());
    }
    assert_eq!(boss.report().await, (1, 15.0, 1, 0));
    let dispute = |status: &str| {
        json!({"id": "dp_1", "payment_intent": intent, "amount": 1500, "reason": "fraudulent",
            "status": status})
    };
    for (id, kind, status) in [
        ("evt_4", "charge.dispute.created", "needs_response"),
        ("evt_5", "charge.dispute.closed", "won"),
    ] {
        deliver(&shop, id, kind, dispute(status)).await.says(200, taken.clone());
    }
    assert!(shop.output().contains("disputes a payment"), "an operator can see it");
    for (id, kind, object) in [
        ("evt_6", "charge.updated", json!({"id": "ch_1"})),
        ("evt_7", "charge.refunded", json!({"id": "ch_9", "payment_intent": "pi_of_others"})),
        ("evt_8", "payout.paid", json!({"amount": "not a number"})),
        ("evt_9", "checkout.session.completed", json!({"id": "cs_of_others"})),
    ] {
        deliver(&shop, id, kind, object).await.says(200, taken.clone());
    }
    deliver(&shop, "evt_10", "charge.refunded", refunded(2000)).await.says(200, taken);
    assert_eq!(boss.report().await, (1, 0.0, 0, 0), "all of it went back");
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn a_page_and_an_intent_are_never_both_open() {
    let (mut shop, boss, ann, order, payment) = shop_with_a_payment(&[]).await;
    let create = "/api/v1/payments/create-checkout-session/";
    let page = ann.post(create, json!({"order_id": order})).await.expect(200);
    let page = page["checkout_url"].as_str().expect("a URL").to_owned();

    let dead = confirm_in_browser(&shop, &payment, "pm_card_visa").await.expect(200);
    assert_eq!(dead["status"], "canceled");
    assert_eq!(ann.order(order).await.expect(200)["status"], "pending", "we gave it up ourselves");
    let second = ann.create_payment(order).await.expect(200);
    assert_ne!(second, payment);
    let shown = shop.nobody().get(&page).await;
    assert!(shown.status == 200 && !shown.text.contains("<form"), "{shown}");
    let pressed = shop.nobody().post(&format!("{page}/pay"), json!({})).await;
    assert_eq!(pressed.status, 303, "{pressed}");
    assert_eq!(ann.order(order).await.expect(200)["status"], "pending");

    confirm_in_browser(&shop, &second, "pm_card_visa").await.expect(200);
    assert_eq!(boss.report().await, (1, 20.0, 1, 0));
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn the_books_are_compared_while_the_shop_is_closed() {
    let (mut shop, boss, ann, order, payment) = shop_with_a_payment(&[]).await;
    confirm_in_browser(&shop, &payment, "pm_card_visa").await.expect(200);
    let lamp = boss.add_product("Other", "5.00", 5).await;
    let open = id_of(&ann.buy(lamp, 1).await);
    ann.create_payment(open).await.expect(200);
    boss.set_status(order, "cancelled").await.expect(200);
    shop.kill();

    let first = shop.run(&["payments", "reconcile"], "").expect_success();
    assert!(first.stdout.contains("1 payments compared"), "{}", first.stdout);
    let second = shop.run(&["payments", "reconcile"], "").expect_success();
    let nothing = "1 payments compared, 0 differences settled, 0 not settled\n";
    assert_eq!(second.stdout, nothing);
    shop.check();

    shop.start();
    assert_eq!(shop.admin().await.report().await, (2, 0.0, 0, 1));
}

#[tokio::test]
async fn the_sandbox_says_what_it_is_and_is_not_served_to_others() {
    let shop = Shop::open().await;
    let ready = shop.nobody().get("/readyz").await.expect(200);
    assert_eq!(ready["payments"], "sandbox");
    assert!(shop.output().contains("SANDBOX"), "{}", shop.output());

    // An address for documentation (RFC 5737): nobody can listen there.
    let serve = ["serve", "--listen", "192.0.2.1:0"];
    run_souk_with(&[], &serve).expect_refusal().naming("SOUK_SANDBOX_PUBLIC");
    let allowed = run_souk_with(&[("SOUK_SANDBOX_PUBLIC", "true")], &serve).expect_refusal();
    assert!(!allowed.naming("cannot listen").stderr.contains("SOUK_SANDBOX_PUBLIC"));
}
