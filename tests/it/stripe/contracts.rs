//! The payment operations of every contract, with Stripe as gateway.

use crate::support::services::{SERVICE_SETTING, not_found};
use crate::support::{Broker, Person, Shop, StripeStandIn, expect_to_agree, id_of};
use serde_json::{Value, json};

const CHECKOUT: &str = "/api/v1/payments/create-checkout-session/";

/// A shop that sells ten lamps at 19.99, and who runs it.
async fn shop(stripe: &StripeStandIn, more: &[(&str, &str)]) -> (Shop, Person, i64) {
    let shop = stripe.open_shop(more).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "19.99", 10).await;
    (shop, boss, lamp)
}

fn intent_of(payment: &Value) -> String {
    payment["payment_intent_id"].as_str().expect("an intent").to_owned()
}

#[tokio::test]
async fn storefront_confirms_with_a_method() {
    let (stripe, broker) = (StripeStandIn::start(), Broker::start());
    let (mut shop, boss, lamp) = shop(&stripe, &[("SOUK_NATS_URL", &broker.url())]).await;
    let ann = shop.customer("ann").await;
    let order = id_of(&ann.buy(lamp, 2).await);

    let payment = ann.create_payment(order).await.expect(200);
    assert_eq!(ann.create_payment(order).await.expect(200), payment);
    ann.confirm_payment(order, "pm_card_of_nobody").await.expect(400);
    let declined = ann.confirm_payment(order, "pm_card_chargeDeclinedInsufficientFunds").await;
    assert_eq!(declined.expect(400)["error"], "Your card has insufficient funds.");
    stripe.expect_every_webhook_heard().await;
    // Stripe's event about the failed payment has cancelled the order, as the document says.
    assert_eq!(ann.order(order).await.expect(200)["status"], "cancelled");

    let order = id_of(&ann.buy(lamp, 2).await);
    let payment = ann.create_payment(order).await.expect(200);
    let confirmed = ann.confirm_payment(order, "pm_card_visa").await.expect(200);
    assert_eq!(confirmed["order"]["status"], "completed");
    ann.confirm_payment(order, "pm_card_visa").await.expect(200);
    stripe.expect_every_webhook_heard().await;

    broker.expect_history(order, &["placed", "paid"]).await;
    let books = stripe.books().await;
    assert_eq!((books.intents().len(), books.held_for(order)), (2, 3_998));
    let charged = &books.charges_of(order)[0];
    assert_eq!(charged["payment_intent"], payment["payment_intent_id"]);
    let calls = books.calls();
    let changing = calls.iter().filter(|call| call["method"] == "POST");
    for call in changing {
        assert!(call["key"].as_str().is_some_and(|key| key.starts_with("souk-")), "{call}");
    }
    assert_eq!(boss.stock_of(lamp).await, 8);
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn a_browser_pays_at_stripe_and_the_shop_books_it() {
    let stripe = StripeStandIn::start();
    let (mut shop, _, lamp) = shop(&stripe, &[("SOUK_CANCEL_ON_PAYMENT_FAILED", "false")]).await;
    let ann = shop.customer("ann").await;
    let order = id_of(&ann.buy(lamp, 1).await);
    let payment = ann.create_payment(order).await.expect(200);
    let intent = intent_of(&payment);
    let ask =
        async || ann.post(&format!("/api/v1/orders/{order}/confirm-payment/"), json!({})).await;

    assert_eq!(ask().await.expect(400)["error"], "Payment requires a payment method");
    stripe.confirm_in_browser(&intent, "pm_card_chargeDeclined").await;
    stripe.confirm_in_browser(&intent, "pm_card_authenticationRequired").await;
    assert_eq!(ask().await.expect(400)["client_secret"], payment["client_secret"]);
    stripe.authenticate(&intent, false).await;
    stripe.expect_every_webhook_heard().await;
    assert_eq!(ann.order(order).await.expect(200)["status"], "pending");

    stripe.confirm_in_browser(&intent, "pm_card_authenticationRequired").await;
    stripe.authenticate(&intent, true).await;
    stripe.expect_every_webhook_heard().await;
    assert_eq!(ann.order(order).await.expect(200)["status"], "completed");
    assert_eq!(ask().await.expect(200)["order"]["status"], "completed");
    assert_eq!(stripe.books().await.held_for(order), 1_999);
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn classic_returns_the_secret_and_finalizes_by_stripes_state() {
    let stripe = StripeStandIn::start();
    let (mut shop, boss, lamp) = shop(&stripe, &[]).await;
    let ann = shop.customer("ann").await;
    let order = id_of(&ann.post("/api/orders/", json!({"products": [lamp]})).await.expect(201));

    let body = json!({"order": order, "amount": "19.99"});
    let payment = ann.post("/api/payments/", body).await.expect(201);
    let secret = payment["client_secret"].as_str().expect("a secret to pay with");
    let finalize = format!("/api/payments/{}/finalize/", id_of(&payment));
    let unpaid = json!({"detail": "The payment requires a payment method."});
    shop.nobody().post(&finalize, json!({})).await.says(400, unpaid);
    assert_eq!(stripe.books().await.charges().len(), 0);

    let intent = secret.split("_secret_").next().expect("an intent");
    stripe.confirm_in_browser(intent, "pm_card_visa").await;
    let finalized = shop.nobody().post(&finalize, json!({})).await.expect(200);
    assert_eq!(finalized["status"], "succeeded");
    assert_eq!(finalized["client_secret"], Value::Null);
    assert_eq!(boss.report().await, (1, 19.99, 1, 0));

    ann.post(&format!("/api/orders/{order}/cancel/"), json!({})).await.expect(200);
    assert_eq!(expect_to_agree(&boss, &stripe, &[order]).await, ["cancelled"]);
    assert_eq!(stripe.books().await.refunds().len(), 1);
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn minimal_pays_with_a_method() {
    let stripe = StripeStandIn::start();
    let (mut shop, boss, lamp) = shop(&stripe, &[("SOUK_CANCEL_ON_PAYMENT_FAILED", "false")]).await;
    let ann = shop.customer("ann").await;
    let order = id_of(&ann.buy(lamp, 1).await);
    let pay = async |method: &str| {
        ann.post("/api/payments/", json!({"order_id": order, "payment_method": method})).await
    };

    let declined = json!({"payment_method": ["Your card was declined."]});
    pay("pm_card_chargeDeclined").await.says(400, declined);
    pay("pm_card_of_nobody").await.blames(400, &["payment_method"]);
    assert_eq!(
        pay("pm_card_authenticationRequired").await.expect(201)["status"],
        "requires_action"
    );
    assert_eq!(pay("pm_card_visa").await.expect(201)["status"], "succeeded");
    pay("pm_card_visa").await.expect(400);

    assert_eq!(expect_to_agree(&boss, &stripe, &[order]).await, ["completed"]);
    assert_eq!(stripe.books().await.intents().len(), 1);
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn services_leads_to_a_page_of_stripe() {
    let stripe = StripeStandIn::start();
    let (mut shop, boss, lamp) = shop(&stripe, &[SERVICE_SETTING]).await;
    let mut guest = shop.guest();
    guest.put_in(lamp, 2).await;
    let order = guest.order("gus@souk.example").await;

    let asked = guest.send("POST", CHECKOUT, json!({"order_id": order})).await.expect(200);
    let url = asked["checkout_url"].as_str().expect("a page").to_owned();
    assert!(url.starts_with(stripe.base()), "{url}");
    let again = guest.send("POST", CHECKOUT, json!({"order_id": order})).await.expect(200);
    assert_eq!(again, asked);
    let session = stripe.books().await.sessions()[0].clone();
    let pages = |name: &str| {
        let page = session[name].as_str().expect("a page");
        let page = page.replace("{CHECKOUT_SESSION_ID}", session["id"].as_str().expect("an id"));
        assert!(page.starts_with(&shop.base()), "{page}");
        page
    };
    let (success, cancel) = (pages("success_url"), pages("cancel_url"));

    shop.nobody().get(&cancel).await.says(200, json!({"status": "canceled"}));
    shop.nobody().get(&success).await.says(200, json!({"status": "canceled"}));
    stripe.webhooks(json!({"holding": true})).await;
    stripe.pay_page(&url, "pm_card_visa").await;
    assert_eq!(boss.order(order).await.expect(200)["status"], "pending");
    shop.nobody().get(&success).await.says(200, json!({"status": "success"}));
    assert_eq!(boss.order(order).await.expect(200)["status"], "completed");
    stripe.webhooks(json!({"holding": false})).await;
    stripe.expect_every_webhook_heard().await;
    for stranger in ["cs_test_nobody", "cs_test_1%2F..%2F..%2Fbalance", "%00", ""] {
        let page = format!("/api/v1/payments/success/?session_id={stranger}");
        shop.nobody().get(&page).await.says(404, not_found());
    }

    assert_eq!(expect_to_agree(&boss, &stripe, &[order]).await, ["completed"]);
    assert_eq!(boss.report().await, (1, 39.98, 1, 0));
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn a_page_and_an_intent_are_never_open_together() {
    let stripe = StripeStandIn::start();
    let (mut shop, boss, lamp) = shop(&stripe, &[]).await;
    let ann = shop.customer("ann").await;
    let order = id_of(&ann.buy(lamp, 1).await);
    let intent = intent_of(&ann.create_payment(order).await.expect(200));

    let page = ann.post(CHECKOUT, json!({"order_id": order})).await.expect(200);
    let page = page["checkout_url"].as_str().expect("a page").to_owned();
    let late = stripe.confirm_in_browser(&intent, "pm_card_visa").await;
    assert_eq!(late["error"]["code"], "payment_intent_unexpected_state");
    stripe.expect_every_webhook_heard().await;
    assert_eq!(ann.order(order).await.expect(200)["status"], "pending");

    let other = intent_of(&ann.create_payment(order).await.expect(200));
    assert_ne!(other, intent);
    let closed = stripe.pay_page(&page, "pm_card_visa").await;
    assert_eq!(closed["error"]["code"], "checkout_session_not_open");
    stripe.confirm_in_browser(&other, "pm_card_visa").await;
    stripe.expect_every_webhook_heard().await;

    assert_eq!(expect_to_agree(&boss, &stripe, &[order]).await, ["completed"]);
    shop.stop().await;
    shop.check();
}
