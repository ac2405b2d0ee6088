//! Operations 12 and 13 of the classic document: initiate a payment, finalize it.

use crate::support;
use crate::support::{Broker, Person, Shop, id_of, shapes};
use serde_json::{Value, json};

const PAYMENTS: &str = "/api/payments/";

fn shape() -> Value {
    json!({"id": "id", "order": "id", "amount": "money", "status": "text"})
}

fn not_found() -> Value {
    json!({"detail": "Not found."})
}

/// A shop with ten lamps at 24.99, its administrator, and ann with an order of two.
async fn shop_with_an_order(settings: &[(&str, &str)]) -> (Shop, Person, Person, i64, i64) {
    let shop = Shop::open_with(settings).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "24.99", 10).await;
    let ann = shop.customer("ann").await;
    let order = ann.post("/api/orders/", json!({"products": [lamp, lamp]})).await.expect(201);
    (shop, boss, ann, lamp, id_of(&order))
}

async fn initiate(by: &Person, order: i64, amount: &str) -> i64 {
    id_of(&by.post(PAYMENTS, json!({"order": order, "amount": amount})).await.expect(201))
}

async fn finalize(by: &Person, payment: i64) -> support::Answer {
    by.ask("POST", &format!("{PAYMENTS}{payment}/finalize/")).send().await
}

#[tokio::test]
async fn initiate_payment() {
    let (shop, boss, ann, _, order) = shop_with_an_order(&[]).await;
    let eve = shop.customer("eve").await;
    let sample = json!({"order": order, "amount": "49.98"});

    let payment = ann.post(PAYMENTS, sample.clone()).await.expect(201);

    shapes::expect(&payment, &shape());
    let expected = json!({"id": payment["id"], "order": order, "amount": "49.98", "status": "requires_payment_method"});
    assert_eq!(payment, expected);
    ann.post(PAYMENTS, sample.clone()).await.says(201, payment.clone());
    boss.post(PAYMENTS, json!({"order": order, "amount": 49.98})).await.says(201, payment);
    let wrong = json!({"amount": ["The order costs 49.98."]});
    ann.post(PAYMENTS, json!({"order": order, "amount": "49.97"})).await.says(400, wrong);
    eve.post(PAYMENTS, sample.clone()).await.says(404, not_found());
    shop.nobody().post(PAYMENTS, sample).await.expect(401);
    ann.post(PAYMENTS, json!({"order": 999, "amount": "49.98"})).await.says(404, not_found());
    ann.post(PAYMENTS, json!({"order": "x", "amount": "y"}))
        .await
        .blames(400, &["order", "amount"]);
    ann.post(PAYMENTS, json!({"order": order})).await.blames(400, &["amount"]);
    ann.post(&format!("/api/orders/{order}/cancel/"), json!({})).await.expect(200);
    ann.post(PAYMENTS, json!({"order": order, "amount": "49.98"}))
        .await
        .says(400, json!({"detail": "Only pending orders can be paid."}));
}

#[tokio::test]
async fn finalize_payment() {
    let broker = Broker::start();
    let (mut shop, boss, ann, _, order) =
        shop_with_an_order(&[("SOUK_NATS_URL", &broker.url())]).await;
    let payment = initiate(&ann, order, "49.98").await;

    let finalized = finalize(&shop.nobody(), payment).await.expect(200);

    shapes::expect(&finalized, &shape());
    let expected = json!({"id": payment, "order": order, "amount": "49.98", "status": "succeeded"});
    assert_eq!(finalized, expected);
    finalize(&ann, payment).await.says(200, expected);
    assert_eq!(ann.order(order).await.expect(200)["status"], "completed");
    assert_eq!(boss.report().await, (1, 49.98, 1, 0));
    for id in ["0", "999", "abc"] {
        let path = format!("{PAYMENTS}{id}/finalize/");
        ann.ask("POST", &path).send().await.says(404, not_found());
    }
    broker.expect_history(order, &["placed", "paid"]).await;
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn a_cancelled_order_is_not_paid_even_if_it_was() {
    let (mut shop, boss, ann, lamp, order) = shop_with_an_order(&[]).await;
    let payment = initiate(&ann, order, "49.98").await;
    ann.post(&format!("/api/orders/{order}/cancel/"), json!({})).await.expect(200);
    let cancelled = json!({"detail": "The order is cancelled."});
    finalize(&shop.nobody(), payment).await.says(400, cancelled.clone());

    let paid = ann.post("/api/orders/", json!({"products": [lamp]})).await.expect(201);
    let paid = id_of(&paid);
    let payment = initiate(&ann, paid, "24.99").await;
    finalize(&shop.nobody(), payment).await.expect(200);
    ann.post(&format!("/api/orders/{paid}/cancel/"), json!({})).await.expect(200);
    finalize(&shop.nobody(), payment).await.says(400, cancelled);

    support::eventually("the refund", async || {
        (boss.report().await == (2, 0.0, 0, 0)).then_some(())
    })
    .await;
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn an_order_that_changes_is_paid_anew_and_never_by_the_old_amount() {
    let (mut shop, boss, ann, lamp, order) = shop_with_an_order(&[]).await;
    let old = initiate(&ann, order, "49.98").await;
    let add = format!("/api/orders/{order}/add_product/");
    ann.post(&add, json!({"product_id": lamp})).await.expect(200);

    let again = json!({"detail": "The order has changed since; initiate the payment again."});
    finalize(&shop.nobody(), old).await.says(400, again.clone());
    assert_eq!(ann.order(order).await.expect(200)["stripe_payment_intent_id"], Value::Null);
    ann.post(PAYMENTS, json!({"order": order, "amount": "49.98"})).await.blames(400, &["amount"]);
    let new = initiate(&ann, order, "74.97").await;
    assert_ne!(new, old);
    finalize(&shop.nobody(), old).await.says(400, again);
    finalize(&shop.nobody(), new).await.expect(200);
    ann.post(&add, json!({"product_id": lamp})).await.expect(400);

    assert_eq!(boss.report().await, (1, 74.97, 1, 0));
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn changing_and_paying_at_once_never_takes_the_wrong_amount() {
    let (mut shop, boss, ann, lamp, _) = shop_with_an_order(&[]).await;
    for _ in 0..6 {
        let order = id_of(&ann.post("/api/orders/", json!({"products": [lamp]})).await.expect(201));
        let payment = initiate(&ann, order, "24.99").await;
        let add = format!("/api/orders/{order}/add_product/");
        let (added, paid) =
            tokio::join!(ann.post(&add, json!({"product_id": lamp})), finalize(&ann, payment),);
        assert!([200, 400].contains(&added.status), "{added}");
        assert!([200, 400].contains(&paid.status), "{paid}");
        assert!(!(added.status == 200 && paid.status == 200), "{added}{paid}");
        let shown = ann.order(order).await.expect(200);
        let expected = if paid.status == 200 { "completed" } else { "pending" };
        assert_eq!(shown["status"], expected, "{shown}");
        ann.post(&format!("/api/orders/{order}/cancel/"), json!({})).await.expect(200);
    }
    support::eventually("every refund", async || (boss.report().await.1 == 0.0).then_some(()))
        .await;
    shop.stop().await;
    shop.check();
}
