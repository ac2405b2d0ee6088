//! Housekeeping: unpaid orders expire, and money for cancelled orders is refunded.

use crate::support::{Broker, Shop, eventually, id_of, mails_in};
use serde_json::{Value, json};

#[tokio::test]
async fn an_order_that_is_not_paid_in_time_is_cancelled_once_and_its_stock_is_back() {
    let broker = Broker::start();
    let settings = [("SOUK_NATS_URL", broker.url()), ("SOUK_ORDER_TTL_SECONDS", "1".to_owned())];
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut shop = Shop::open_with(&settings).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;

    let kept = id_of(&ann.buy(lamp, 1).await);
    boss.set_status(kept, "processing").await.expect(200);
    let paid = id_of(&ann.buy(lamp, 2).await);
    ann.pay(paid).await;
    let late = id_of(&ann.buy(lamp, 3).await);

    eventually("the late order to expire", async || {
        let order = ann.order(late).await.expect(200);
        (order["status"] == "cancelled").then_some(())
    })
    .await;
    broker.expect_history(late, &["placed", "cancelled"]).await;
    assert_eq!(boss.stock_of(lamp).await, 7);
    assert_eq!(ann.order(kept).await.expect(200)["status"], "processing");
    assert_eq!(ann.order(paid).await.expect(200)["status"], "completed");
    shop.stop().await;
    shop.check();
}

/// Waits until two refunds are published, each once.
async fn expect_two_refunds(broker: &Broker) {
    eventually("both refunds", async || {
        let events = broker.events().await;
        let refunds =
            events.iter().filter(|event| event.what() == "refunded" && event.order().is_none());
        (refunds.count() == 2).then_some(())
    })
    .await;
}

#[tokio::test]
async fn money_for_a_cancelled_or_deleted_order_goes_back_once() {
    let broker = Broker::start();
    let mut shop = Shop::open_with(&[("SOUK_NATS_URL", &broker.url())]).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;
    let cancelled = id_of(&ann.buy(lamp, 2).await);
    ann.pay(cancelled).await;
    let deleted = id_of(&ann.buy(lamp, 3).await);
    ann.pay(deleted).await;
    assert_eq!(boss.report().await, (2, 50.0, 2, 0));

    boss.set_status(cancelled, "cancelled").await.expect(200);
    boss.delete_order(deleted).await.expect(200);

    broker.expect_history(cancelled, &["placed", "paid", "cancelled", "refunded"]).await;
    broker.expect_history(deleted, &["placed", "paid", "deleted"]).await;
    expect_two_refunds(&broker).await;
    assert_eq!(boss.report().await, (1, 0.0, 0, 0));
    assert_eq!(boss.stock_of(lamp).await, 10);
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn money_owed_when_the_shop_was_killed_goes_back_after_the_start() {
    let mut shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;
    let order = id_of(&ann.buy(lamp, 2).await);
    ann.pay(order).await;

    boss.set_status(order, "cancelled").await.expect(200);
    shop.kill();
    shop.start();

    let mail = shop.data().join("mail");
    eventually("the mail about the refund", async || {
        mails_in(&mail)
            .iter()
            .any(|mail| mail.is("order_refunded", "ann@souk.example"))
            .then_some(())
    })
    .await;
    assert_eq!(boss.report().await, (1, 0.0, 0, 0));
}

/// Pays where a browser would confirm: at the gateway, which then notifies the shop.
async fn pay_at_the_gateway(shop: &Shop, payment: &Value) {
    let intent = payment["payment_intent_id"].as_str().expect("an intent");
    let body = json!({"client_secret": payment["client_secret"], "payment_method": "pm_card_visa"});
    let path = format!("/sandbox/v1/payment_intents/{intent}/confirm");
    let paid = shop.nobody().post(&path, body).await.expect(200);
    assert_eq!(paid["status"], "succeeded");
}

#[tokio::test]
async fn an_order_paid_at_the_gateway_does_not_expire() {
    let shop = Shop::open_with(&[("SOUK_ORDER_TTL_SECONDS", "2")]).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;
    let order = id_of(&ann.buy(lamp, 2).await);
    let payment = ann.create_payment(order).await.expect(200);
    pay_at_the_gateway(&shop, &payment).await;

    eventually("the shop to ask the gateway", async || {
        let order = ann.order(order).await.expect(200);
        assert_ne!(order["status"], "cancelled");
        (order["status"] == "completed").then_some(())
    })
    .await;
}

#[tokio::test]
async fn money_that_came_before_the_order_was_called_off_goes_back() {
    let broker = Broker::start();
    let mut shop = Shop::open_with(&[("SOUK_NATS_URL", &broker.url())]).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;
    let cancelled = id_of(&ann.buy(lamp, 2).await);
    let payment = ann.create_payment(cancelled).await.expect(200);
    pay_at_the_gateway(&shop, &payment).await;
    let deleted = id_of(&ann.buy(lamp, 2).await);
    let payment = ann.create_payment(deleted).await.expect(200);
    pay_at_the_gateway(&shop, &payment).await;

    boss.set_status(cancelled, "cancelled").await.expect(200);
    boss.delete_order(deleted).await.expect(200);

    broker.expect_history(cancelled, &["placed", "paid", "cancelled", "refunded"]).await;
    expect_two_refunds(&broker).await;
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn the_payment_of_an_order_that_was_called_off_can_no_longer_be_paid() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;
    let order = id_of(&ann.buy(lamp, 2).await);
    let payment = ann.create_payment(order).await.expect(200);
    boss.set_status(order, "cancelled").await.expect(200);

    let intent = payment["payment_intent_id"].as_str().expect("an intent");
    let path = format!("/sandbox/v1/payment_intents/{intent}/confirm");
    eventually("the gateway to be told", async || {
        // A payment method that needs a confirmation takes no money, so the attempt changes nothing.
        let body = json!({"client_secret": payment["client_secret"],
            "payment_method": "pm_card_chargeDeclined"});
        let answer = shop.nobody().post(&path, body).await;
        answer.json().to_string().contains("canceled").then_some(())
    })
    .await;
}
