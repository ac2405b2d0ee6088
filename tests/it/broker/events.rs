//! Events and mails leave the shop exactly once, whatever happens to the broker and the mail server.

use crate::support::{Broker, MailSink, Shop, id_of};
use serde_json::json;

#[tokio::test]
async fn a_broker_that_is_away_loses_nothing() {
    let mut broker = Broker::start();
    let shop = Shop::open_with(&[("SOUK_NATS_URL", &broker.url())]).await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;
    let before = id_of(&ann.buy(lamp, 1).await);
    broker.expect_history(before, &["placed"]).await;

    broker.kill();
    let during = id_of(&ann.buy(lamp, 2).await);
    ann.pay(before).await;
    broker.restart();

    broker.expect_history(during, &["placed"]).await;
    broker.expect_history(before, &["placed", "paid"]).await;
}

#[tokio::test]
async fn a_shop_that_starts_before_its_broker_publishes_later() {
    let mut broker = Broker::start();
    broker.stop().await;
    let shop = Shop::open_with(&[("SOUK_NATS_URL", &broker.url())]).await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 10).await;
    let order = id_of(&shop.customer("ann").await.buy(lamp, 1).await);

    broker.restart();

    broker.expect_history(order, &["placed"]).await;
}

#[tokio::test]
async fn publishes_all_events_to_a_broker_added_later_and_repeats_no_mail() {
    let sink = MailSink::start();
    let mut shop = Shop::open_with(&[("SOUK_SMTP_URL", &sink.url())]).await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;
    let order = id_of(&ann.buy(lamp, 1).await);
    ann.pay(order).await;
    sink.expect_one("order_paid", "ann@souk.example").await;
    shop.stop().await;

    let broker = Broker::start();
    shop.set("SOUK_NATS_URL", &broker.url());
    shop.start();

    let history = broker.expect_history(order, &["placed", "paid"]).await;
    let versions: Vec<_> = history.iter().map(|event| event.version()).collect();
    assert_eq!(versions, [Some(1), Some(2)]);
    // An empty queue has been processed.
    broker.expect_notifications(0..1).await;
    sink.expect_one("order_placed", "ann@souk.example").await;
    sink.expect_one("order_paid", "ann@souk.example").await;
    sink.expect_one("welcome", "ann@souk.example").await;
}

#[tokio::test]
async fn every_step_of_an_order_is_one_event() {
    let broker = Broker::start();
    let shop = Shop::open_with(&[("SOUK_NATS_URL", &broker.url())]).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;

    let shipped = id_of(&ann.buy(lamp, 1).await);
    for status in ["processing", "shipped", "delivered"] {
        boss.set_status(shipped, status).await.expect(200);
    }
    let cancelled = id_of(&ann.buy(lamp, 1).await);
    boss.set_status(cancelled, "cancelled").await.expect(200);
    let deleted = id_of(&ann.buy(lamp, 1).await);
    ann.delete_order(deleted).await.expect(200);
    let moved = id_of(&ann.buy(lamp, 1).await);
    ann.update_order(moved, json!({"status": "processing", "shipping_address": "2 New St"}))
        .await
        .expect(200);
    boss.set_status(moved, "completed").await.expect(200);

    broker.expect_history(shipped, &["placed", "processing", "shipped", "delivered"]).await;
    broker.expect_history(cancelled, &["placed", "cancelled"]).await;
    broker.expect_history(deleted, &["placed", "deleted"]).await;
    broker.expect_history(moved, &["placed", "processing", "completed"]).await;
}

#[tokio::test]
async fn a_refused_order_leaves_no_event() {
    let broker = Broker::start();
    let shop = Shop::open_with(&[("SOUK_NATS_URL", &broker.url())]).await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 1).await;
    let ann = shop.customer("ann").await;

    ann.order_directly(&[(lamp, 2)]).await.expect(400);
    ann.checkout().await.expect(400);
    let order = id_of(&ann.buy(lamp, 1).await);

    broker.expect_history(order, &["placed"]).await;
    let about_orders = broker.events().await.into_iter().filter_map(|event| event.order());
    assert!(about_orders.into_iter().all(|id| id == order), "no event without an order");
}

#[tokio::test]
async fn retries_a_mail_after_a_temporary_refusal() {
    let (broker, sink) = (Broker::start(), MailSink::refusing_first(2));
    let shop =
        Shop::open_with(&[("SOUK_NATS_URL", &broker.url()), ("SOUK_SMTP_URL", &sink.url())]).await;

    shop.customer("ann").await;

    sink.expect_one("welcome", "ann@souk.example").await;
}

#[tokio::test]
async fn mail_goes_out_by_smtp_without_a_broker_too() {
    let sink = MailSink::refusing_first(1);
    let shop = Shop::open_with(&[("SOUK_SMTP_URL", &sink.url())]).await;

    shop.customer("ann").await;

    sink.expect_one("welcome", "ann@souk.example").await;
    assert!(!shop.data().join("mail").exists(), "files are for shops without a mail server");
}
