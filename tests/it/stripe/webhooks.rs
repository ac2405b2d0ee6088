//! Stripe's events: repeated, out of order, late, forged; and actions at Stripe itself.

use crate::support::{
    Broker, Person, STRIPE_WEBHOOK_SECRET, Shop, StripeStandIn, expect_to_agree, id_of,
};
use serde_json::{Value, json};

const WEBHOOK: &str = "/api/v1/webhooks/stripe/";

async fn shop(stripe: &StripeStandIn, more: &[(&str, &str)]) -> (Shop, Person, i64) {
    let shop = stripe.open_shop(more).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "19.99", 100).await;
    (shop, boss, lamp)
}

/// An order with a payment that was started: the order's id and Stripe's intent.
async fn started(ann: &Person, product: i64) -> (i64, String) {
    let order = id_of(&ann.buy(product, 1).await);
    let payment = ann.create_payment(order).await.expect(200);
    (order, payment["payment_intent_id"].as_str().expect("an intent").to_owned())
}

#[tokio::test]
async fn messages_come_three_times_and_in_any_order() {
    let (stripe, broker) = (StripeStandIn::start(), Broker::start());
    let settings =
        [("SOUK_NATS_URL", broker.url()), ("SOUK_CANCEL_ON_PAYMENT_FAILED", "false".to_owned())];
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (mut shop, boss, lamp) = shop(&stripe, &settings).await;
    let ann = shop.customer("ann").await;
    stripe.webhooks(json!({"holding": true, "copies": 3, "shuffles": true})).await;
    let mut orders = Vec::new();
    for _ in 0..8 {
        let (order, intent) = started(&ann, lamp).await;
        stripe.confirm_in_browser(&intent, "pm_card_chargeDeclined").await;
        stripe.confirm_in_browser(&intent, "pm_card_authenticationRequired").await;
        stripe.authenticate(&intent, true).await;
        orders.push(order);
    }

    stripe.webhooks(json!({"holding": false})).await;
    stripe.expect_every_webhook_heard().await;

    let statuses = expect_to_agree(&boss, &stripe, &orders).await;
    assert_eq!(statuses, vec!["completed"; orders.len()]);
    for order in &orders {
        let paid = broker.events_of_order(*order).await;
        assert_eq!(paid.iter().filter(|event| event.what() == "paid").count(), 1, "{paid:#?}");
    }
    assert_eq!(boss.stock_of(lamp).await, 92);
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn a_success_event_after_cancellation_is_refunded() {
    let (stripe, broker) = (StripeStandIn::start(), Broker::start());
    let (mut shop, boss, lamp) = shop(&stripe, &[("SOUK_NATS_URL", &broker.url())]).await;
    let ann = shop.customer("ann").await;
    let (order, intent) = started(&ann, lamp).await;
    stripe.webhooks(json!({"holding": true})).await;
    stripe.confirm_in_browser(&intent, "pm_card_visa").await;
    boss.set_status(order, "cancelled").await.expect(200);
    stripe.webhooks(json!({"holding": false})).await;

    broker.expect_history(order, &["placed", "cancelled", "refunded"]).await;
    assert_eq!(expect_to_agree(&boss, &stripe, &[order]).await, ["cancelled"]);
    stripe.expect_every_webhook_heard().await;
    assert_eq!(stripe.books().await.refunds().len(), 1);
    assert_eq!(boss.stock_of(lamp).await, 100);
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn refunds_made_at_stripe_are_booked() {
    let stripe = StripeStandIn::start();
    let (mut shop, boss, lamp) = shop(&stripe, &[]).await;
    let ann = shop.customer("ann").await;
    let (order, intent) = started(&ann, lamp).await;
    ann.confirm_payment(order, "pm_card_visa").await.expect(200);

    stripe.at_stripe(&intent, "refund", json!({"amount": 500})).await;
    stripe.at_stripe(&intent, "dispute", json!({})).await;
    stripe.expect_every_webhook_heard().await;

    assert_eq!(ann.order(order).await.expect(200)["status"], "completed");
    assert_eq!(stripe.books().await.held_for(order), 1_499);
    // Cancelling the order refunds the rest, and no more.
    boss.set_status(order, "cancelled").await.expect(200);
    assert_eq!(expect_to_agree(&boss, &stripe, &[order]).await, ["cancelled"]);
    let amounts: Vec<Value> =
        stripe.books().await.refunds().iter().map(|refund| refund["amount"].clone()).collect();
    assert_eq!(amounts, [500, 1_499]);
    stripe.expect_every_webhook_heard().await;
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn accepts_each_configured_secret_and_not_the_sandboxs() {
    let stripe = StripeStandIn::start();
    let secrets = format!("whsec_before,{STRIPE_WEBHOOK_SECRET}");
    let (shop, _, lamp) = shop(&stripe, &[("SOUK_STRIPE_WEBHOOK_SECRET", &secrets)]).await;
    let ann = shop.customer("ann").await;
    let (first, first_intent) = started(&ann, lamp).await;
    let (second, second_intent) = started(&ann, lamp).await;

    for (secret, order, intent) in
        [("whsec_before", first, first_intent), (STRIPE_WEBHOOK_SECRET, second, second_intent)]
    {
        stripe.webhooks(json!({"secret": secret})).await;
        stripe.confirm_in_browser(&intent, "pm_card_visa").await;
        stripe.expect_every_webhook_heard().await;
        assert_eq!(ann.order(order).await.expect(200)["status"], "completed", "{secret}");
    }

    let (third, intent) = started(&ann, lamp).await;
    let event = json!({"id": "evt_forged", "object": "event", "type": "payment_intent.succeeded",
        "data": {"object": {"id": intent, "object": "payment_intent", "amount": 1_999}}});
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = i64::try_from(now.expect("after 1970").as_secs()).expect("a time");
    let forger = &souk_stripe::WebhookSecret::parse_list("whsec_sandbox")[0];
    let signature = souk_stripe::sign(forger, &event.to_string(), now);
    let asking = shop.nobody().ask("POST", WEBHOOK).json(&event);
    let told = asking.header("Stripe-Signature", &signature).send().await;
    told.says(400, json!({"error": "Invalid signature"}));
    assert_eq!(ann.order(third).await.expect(200)["status"], "pending");
}
