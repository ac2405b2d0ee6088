//! Operations 22 and 23 of the storefront document: paying, on the sandbox gateway.

use crate::support::{Person, Shop, id_of, shapes};
use serde_json::{Value, json};

fn foreign() -> Value {
    json!({"detail": "You do not have permission to access this order."})
}

/// A shop, its administrator, ann, and her pending order of two lamps at 10.00.
async fn shop_with_an_order() -> (Shop, Person, Person, i64) {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;
    let order = id_of(&ann.buy(lamp, 2).await);
    (shop, boss, ann, order)
}

fn path(order: i64, what: &str) -> String {
    format!("/api/v1/orders/{order}/{what}/")
}

#[tokio::test]
async fn a_payment_needs_an_intent_and_a_payment_method() {
    let (mut shop, _boss, ann, order) = shop_with_an_order().await;
    let no_intent = json!({"error": "Payment intent not found for this order"});
    ann.confirm_payment(order, "pm_card_visa").await.says(400, no_intent);

    let payment = ann.create_payment(order).await.expect(200);
    shapes::expect(&payment, &shapes::payment());
    let shown = ann.order(order).await.expect(200);
    assert_eq!(shown["stripe_payment_intent_id"], payment["payment_intent_id"]);
    assert_eq!(shown["client_secret"], payment["client_secret"]);
    assert_eq!(shown["status"], "pending");

    let needs = json!({"error": "Payment requires a payment method", "client_secret": payment["client_secret"]});
    ann.post(&path(order, "confirm-payment"), json!({})).await.says(400, needs.clone());
    // No field is required, so the body may be empty.
    ann.ask("POST", &path(order, "confirm-payment")).send().await.says(400, needs);
    ann.post(&path(order, "confirm-payment"), json!({"payment_method": 5})).await.expect(400);
    ann.confirm_payment(order, "pm_no_such_card").await.expect(400);

    let confirmed = ann.confirm_payment(order, "pm_card_visa").await.expect(200);
    shapes::expect(&confirmed, &shapes::confirmed());
    assert_eq!(confirmed["message"], "Payment confirmed successfully");
    assert_eq!(confirmed["order"]["status"], "completed");

    shop.kill();
    shop.start();
    ann.order(order).await.says(200, confirmed["order"].clone());
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn an_intent_can_be_asked_for_without_a_body_and_again() {
    let (_shop, boss, ann, order) = shop_with_an_order().await;

    let first = ann.ask("POST", &path(order, "create-payment")).send().await.expect(200);
    shapes::expect(&first, &shapes::payment());
    let again = ann.create_payment(order).await.expect(200);
    let by_admin = boss.create_payment(order).await.expect(200);

    assert_eq!(ann.order(order).await.expect(200)["client_secret"], by_admin["client_secret"]);
    assert_eq!(
        [&again, &by_admin],
        [&first, &first],
        "an unpaid order has one intent, whoever asks"
    );
}

#[tokio::test]
async fn only_pending_orders_are_paid_and_only_once() {
    let (_shop, boss, ann, order) = shop_with_an_order().await;
    let paid = ann.pay(order).await;
    let not_pending = json!({"error": "Only pending orders can initiate payment"});

    ann.create_payment(order).await.says(400, not_pending.clone());
    boss.create_payment(order).await.says(400, not_pending.clone());
    // Whatever a second confirmation answers, it does not pay twice.
    let again = ann.confirm_payment(order, "pm_card_visa").await;
    assert!([200, 400].contains(&again.status), "{again}");
    assert_eq!(ann.order(order).await.expect(200)["status"], paid["status"]);
    assert_eq!(boss.report().await, (1, 20.0, 1, 0));

    let lamp = paid["items"][0]["product"]["id"].as_i64().expect("an id");
    let cancelled = id_of(&ann.buy(lamp, 1).await);
    boss.set_status(cancelled, "cancelled").await.expect(200);
    ann.create_payment(cancelled).await.says(400, not_pending);
}

#[tokio::test]
async fn an_order_cancelled_after_its_intent_is_not_completed_by_paying() {
    let (_shop, boss, ann, order) = shop_with_an_order().await;
    ann.create_payment(order).await.expect(200);
    boss.set_status(order, "cancelled").await.expect(200);

    let answer = ann.confirm_payment(order, "pm_card_visa").await;

    assert!(answer.status >= 400 && answer.status < 500, "{answer}");
    assert_eq!(ann.order(order).await.expect(200)["status"], "cancelled");
    assert_eq!(boss.report().await, (1, 0.0, 0, 0));
}

#[tokio::test]
async fn a_declined_card_pays_nothing() {
    let (_shop, boss, ann, order) = shop_with_an_order().await;
    ann.create_payment(order).await.expect(200);

    let declined = ann.confirm_payment(order, "pm_card_chargeDeclined").await.expect(400);

    assert!(declined["error"].as_str().is_some_and(|error| !error.is_empty()), "{declined}");
    assert_ne!(ann.order(order).await.expect(200)["status"], "completed");
    let (_, revenue, paid, _) = boss.report().await;
    assert_eq!((revenue, paid), (0.0, 0));
}

#[tokio::test]
async fn payment_belongs_to_the_orders_owner_and_to_administrators() {
    let (shop, boss, ann, order) = shop_with_an_order().await;
    let eve = shop.customer("eve").await;

    eve.create_payment(order).await.says(403, foreign());
    ann.create_payment(order).await.expect(200);
    eve.confirm_payment(order, "pm_card_visa").await.says(403, foreign());
    for id in ["0", "-1", "9223372036854775808", "abc", "999"] {
        for what in ["create-payment", "confirm-payment"] {
            let answer = eve.post(&format!("/api/v1/orders/{id}/{what}/"), json!({})).await;
            answer.says(404, json!({"detail": "Not found."}));
        }
    }
    let confirmed = boss.confirm_payment(order, "pm_card_visa").await.expect(200);
    assert_eq!(confirmed["order"]["status"], "completed");
}

#[tokio::test]
async fn fifty_confirmations_at_once_pay_once() {
    let (mut shop, boss, ann, order) = shop_with_an_order().await;
    ann.create_payment(order).await.expect(200);

    let confirmations = (0..50).map(|_| ann.confirm_payment(order, "pm_card_visa"));
    let answers = futures_util::future::join_all(confirmations).await;

    assert!(answers.iter().any(|answer| answer.status == 200), "{:?}", answers.first());
    for answer in &answers {
        assert!([200, 400, 409].contains(&answer.status), "{answer}");
    }
    assert_eq!(boss.report().await, (1, 20.0, 1, 0));
    shop.stop().await;
    shop.check();
}
