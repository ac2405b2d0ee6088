//! `souk dead` lists failed messages with their reasons, and retries or drops them.

use std::time::Duration;

use crate::support::{Broker, MailSink, Shop, eventually, id_of};
use async_nats::jetstream::{self, consumer};
use futures_util::StreamExt;

/// The lines of `souk dead list`, once there are this many.
async fn dead_letters(shop: &Shop, number: usize) -> Vec<String> {
    eventually(&format!("{number} dead letters"), async || {
        // Just after its start the shop may not have created the streams yet.
        let listed = shop.run(&["dead", "list"], "");
        let lines: Vec<String> = listed.stdout.lines().map(str::to_owned).collect();
        (listed.code == Some(0) && lines.len() == number).then_some(lines)
    })
    .await
}

fn id(line: &str) -> &str {
    line.split_whitespace().next().expect("an id")
}

#[tokio::test]
async fn retries_a_refused_mail() {
    let (broker, sink) = (Broker::start(), MailSink::rejecting_first(2));
    let settings = [("SOUK_NATS_URL", broker.url()), ("SOUK_SMTP_URL", sink.url())];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    let shop = Shop::open_with(&settings).await;
    // The administrator's welcome is the first mail.
    dead_letters(&shop, 1).await;
    shop.customer("ann").await;

    let listed = dead_letters(&shop, 2).await.remove(1);
    assert!(listed.contains("souk.notify.v1.email.welcome"), "{listed}");
    assert!(listed.contains("tries=1") && listed.contains("not here"), "{listed}");
    let shown = shop.run(&["dead", "show", id(&listed)], "").expect_success().stdout;
    assert!(shown.contains("\"to\": \"ann@souk.example\""), "{shown}");

    shop.run(&["dead", "retry", id(&listed)], "").expect_success();
    sink.expect_one("welcome", "ann@souk.example").await;
    dead_letters(&shop, 1).await;
    shop.run(&["dead", "retry", id(&listed)], "").expect_refusal().naming("no dead letter d2");
}

#[tokio::test]
async fn a_broken_message_fails_again_on_retry_and_can_be_dropped() {
    let broker = Broker::start();
    let shop = Shop::open_with(&[("SOUK_NATS_URL", &broker.url())]).await;
    let other = jetstream::new(broker.client_of("souk").await);
    dead_letters(&shop, 0).await;
    let evil = "{\u{1b}[2J";
    let sent = other.publish("souk.notify.v1.email.welcome", evil.into()).await.expect("sent");
    sent.await.expect("kept");

    let first = dead_letters(&shop, 1).await.remove(0);
    let shown = shop.run(&["dead", "show", id(&first)], "").expect_success().stdout;
    assert!(!shown.contains('\u{1b}'), "what strangers wrote reaches the terminal: {shown:?}");
    shop.run(&["dead", "retry", id(&first)], "").expect_success();
    let second = eventually("it comes back", async || {
        let line = dead_letters(&shop, 1).await.remove(0);
        (id(&line) != id(&first)).then_some(line)
    })
    .await;
    shop.run(&["dead", "drop", id(&second)], "").expect_success();
    dead_letters(&shop, 0).await;
    for wrong in ["d99", "x1", "", "d", "é1"] {
        shop.run(&["dead", "show", wrong], "").expect_refusal().naming("no dead letter");
    }
}

#[tokio::test]
async fn lists_an_event_that_a_subscriber_never_acknowledged() {
    let broker = Broker::start();
    let shop = Shop::open_with(&[("SOUK_NATS_URL", &broker.url())]).await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 10).await;
    let order = id_of(&shop.customer("ann").await.buy(lamp, 1).await);
    broker.expect_history(order, &["placed"]).await;
    let context = jetstream::new(broker.client_of("subscriber").await);
    let config = consumer::pull::Config {
        durable_name: Some("forgetful".to_owned()),
        max_deliver: 1,
        ack_wait: Duration::from_millis(100),
        filter_subject: "souk.event.v1.order.>".to_owned(),
        ..Default::default()
    };
    let forgetful: consumer::PullConsumer =
        context.create_consumer_on_stream(config, "SOUK_EVENTS").await.expect("made");
    let mut messages = forgetful.messages().await.expect("subscribed");
    let delivered = messages.next().await.expect("there is one").expect("read");
    drop(delivered);

    let listed = dead_letters(&shop, 1).await.remove(0);
    assert!(listed.contains("the consumer forgetful did not answer for it"), "{listed}");
    let shown = shop.run(&["dead", "show", id(&listed)], "").expect_success().stdout;
    assert!(shown.contains("souk.order.placed.v1"), "{shown}");
    shop.run(&["dead", "retry", id(&listed)], "").expect_refusal().naming("still on its stream");
    shop.run(&["dead", "drop", id(&listed)], "").expect_success();
    dead_letters(&shop, 0).await;
}

#[tokio::test]
async fn without_a_broker_dead_letters_are_files() {
    let sink = MailSink::rejecting_first(2);
    let mut shop = Shop::open_with(&[("SOUK_SMTP_URL", &sink.url())]).await;
    // The administrator's welcome is the first mail.
    let boss = dead_letters(&shop, 1).await.remove(0);
    shop.customer("ann").await;
    let ann = dead_letters(&shop, 2).await.remove(1);
    let shown = shop.run(&["dead", "show", id(&ann)], "").expect_success().stdout;
    assert!(shown.contains("\"to\": \"ann@souk.example\""), "{shown}");

    // The open shop holds the memory of sent mails, so a retry needs it closed.
    shop.run(&["dead", "retry", id(&ann)], "").expect_refusal();
    shop.stop().await;
    shop.run(&["dead", "retry", id(&ann)], "").expect_success();
    sink.expect_one("welcome", "ann@souk.example").await;
    shop.run(&["dead", "drop", id(&boss)], "").expect_success();
    dead_letters(&shop, 0).await;
    for wrong in [id(&ann), "../../souk", "..", ""] {
        shop.run(&["dead", "drop", wrong], "").expect_refusal().naming("no dead letter");
    }
    shop.check();
}
