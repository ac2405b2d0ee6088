//! The broker is stopped, killed and wiped under load, and the shop is killed between its commit and the broker's
//! acknowledgement. Every committed change is on the stream, each order's versions have no gap, and the same change
//! always has the same id.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::support::{Broker, Event, MailSink, Person, Shop, eventually, id_of, run_souk_with};
use async_nats::jetstream::{self, consumer};
use futures_util::StreamExt;
use serde_json::json;

/// Buys one lamp after another and pays for every second one, until told to stop; returns how many events each
/// order must have.
async fn buy_until(
    ann: Person,
    lamp: i64,
    stop: Arc<AtomicBool>,
) -> BTreeMap<i64, Vec<&'static str>> {
    let mut histories = BTreeMap::new();
    while !stop.load(Ordering::Relaxed) {
        let order = id_of(&ann.buy(lamp, 1).await);
        let mut history = vec!["placed"];
        if order % 2 == 0 {
            ann.pay(order).await;
            history.push("paid");
        }
        histories.insert(order, history);
    }
    histories
}

/// A shop with many lamps, and customers who buy them while `meanwhile` runs.
async fn under_load(
    broker: &mut Broker,
    shop: &Shop,
    meanwhile: impl AsyncFnOnce(&mut Broker),
) -> BTreeMap<i64, Vec<&'static str>> {
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 100_000).await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut buyers = Vec::new();
    for name in ["ann", "bob", "eve"] {
        let buyer = shop.customer(name).await;
        buyers.push(tokio::spawn(buy_until(buyer, lamp, Arc::clone(&stop))));
    }
    meanwhile(broker).await;
    stop.store(true, Ordering::Relaxed);
    let mut histories = BTreeMap::new();
    for buyer in buyers {
        histories.extend(buyer.await.expect("orders go on whatever the broker does"));
    }
    histories
}

async fn expect_histories(broker: &Broker, histories: &BTreeMap<i64, Vec<&'static str>>) {
    assert!(histories.len() > 3, "there was load: {}", histories.len());
    for (order, history) in histories {
        broker.expect_history(*order, history).await;
    }
}

async fn events_are_more_than(broker: &Broker, events: usize) -> usize {
    eventually("more events", async || {
        Some(broker.events().await.len()).filter(|length| *length > events)
    })
    .await
}

fn metric(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.and_then(|value| value.trim().parse().ok()).unwrap_or_else(|| panic!("{name}: {text}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_stopped_and_killed_under_load_has_every_change_once() {
    let mut broker = Broker::start();
    let shop = Shop::open_with(&[("SOUK_NATS_URL", &broker.url())]).await;

    let histories = under_load(&mut broker, &shop, async |broker| {
        let mut seen = events_are_more_than(broker, 5).await;
        broker.stop().await;
        // Not a wait for an event: the test needs the orders made in this time.
        tokio::time::sleep(Duration::from_secs(2)).await;
        broker.restart();
        for _ in 0..3 {
            seen = events_are_more_than(broker, seen + 5).await;
            broker.kill();
            broker.restart();
        }
        events_are_more_than(broker, seen + 5).await;
    })
    .await;

    expect_histories(&broker, &histories).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn republishes_with_the_same_ids_to_a_broker_wiped_under_load() {
    let (mut broker, sink) = (Broker::start(), MailSink::start());
    let settings = [("SOUK_NATS_URL", broker.url()), ("SOUK_SMTP_URL", sink.url())];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    let shop = Shop::open_with(&settings).await;
    let mut before: Vec<Event> = Vec::new();

    let histories = under_load(&mut broker, &shop, async |broker| {
        events_are_more_than(broker, 10).await;
        before = broker.events().await;
        broker.kill();
        broker.wipe();
        broker.restart();
        events_are_more_than(broker, before.len() + 10).await;
    })
    .await;

    expect_histories(&broker, &histories).await;
    let after = broker.events().await;
    for (before, after) in before.iter().zip(&after) {
        assert_eq!((&before.message_id, &before.body), (&after.message_id, &after.body));
    }
    let metrics = shop.nobody().get("/metrics").await;
    assert_eq!(metric(&metrics.text, "souk_rewinds_total"), 1, "{metrics}");
    // Mails that are published again are not sent again.
    let context = jetstream::new(broker.client_of("souk").await);
    eventually("every mail is sent", async || {
        let queue = context.get_stream("SOUK_NOTIFY").await.ok()?;
        (queue.cached_info().state.messages == 0).then_some(())
    })
    .await;
    let mut sent = BTreeSet::new();
    for mail in sink.mails() {
        let id = mail.header("message-id");
        assert!(sent.insert(id.clone()), "{id} was sent twice");
    }
    assert!(sent.len() > histories.len(), "each order was confirmed: {}", sent.len());
}

#[tokio::test]
async fn a_shop_killed_before_or_after_publishing_publishes_each_change_once() {
    let mut broker = Broker::start();
    let mut shop = Shop::open_with(&[("SOUK_NATS_URL", &broker.url())]).await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 100).await;
    let ann = shop.customer("ann").await;
    let mut orders = Vec::new();
    for round in 0..4 {
        if round % 2 == 0 {
            // Committed and not published, because the broker is away.
            broker.kill();
        }
        for _ in 0..5 {
            orders.push(id_of(&ann.buy(lamp, 1).await));
        }
        // In odd rounds the kill comes before or after publishing, before or after the acknowledgement.
        shop.kill();
        if round % 2 == 0 {
            broker.restart();
        }
        shop.start();
    }

    for order in orders {
        broker.expect_history(order, &["placed"]).await;
    }
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn a_slow_subscriber_misses_nothing_and_delays_nobody() {
    let broker = Broker::start();
    let shop = Shop::open_with(&[("SOUK_NATS_URL", &broker.url())]).await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 1_000).await;
    let ann = shop.customer("ann").await;
    broker.expect_history(id_of(&ann.buy(lamp, 1).await), &["placed"]).await;
    let context = jetstream::new(broker.client_of("subscriber").await);
    let config = consumer::pull::Config {
        durable_name: Some("slow".to_owned()),
        ack_policy: consumer::AckPolicy::Explicit,
        max_ack_pending: 1,
        filter_subject: "souk.event.v1.order.>".to_owned(),
        ..Default::default()
    };
    let slow: consumer::PullConsumer =
        context.create_consumer_on_stream(config, "SOUK_EVENTS").await.expect("made");
    let mut messages = slow.messages().await.expect("subscribed");

    let first = messages.next().await.expect("there is one").expect("read");
    for _ in 0..50 {
        ann.buy(lamp, 1).await;
    }
    let last = id_of(&ann.buy(lamp, 1).await);
    broker.expect_history(last, &["placed"]).await;
    first.ack().await.expect("acknowledged");
    let mut heard = 1;
    while heard < 52 {
        let message = messages.next().await.expect("there are more").expect("read");
        message.ack().await.expect("acknowledged");
        heard += 1;
    }

    assert_eq!(heard, broker.events().await.iter().filter(|event| event.order().is_some()).count());
}

#[tokio::test]
async fn of_two_shops_over_one_directory_only_one_opens() {
    let broker = Broker::start();
    let settings = [("SOUK_NATS_URL", broker.url())];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    let shop = Shop::open_with(&settings).await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 100).await;
    let data = shop.data().display().to_string();

    // Both at once, while one shop already runs.
    let twin = || {
        let data = data.clone();
        let url = broker.url();
        tokio::task::spawn_blocking(move || {
            let arguments = ["serve", "--listen", "127.0.0.1:0", "--data", &data];
            run_souk_with(&[("SOUK_NATS_URL", &url)], &arguments)
        })
    };
    let (first, second) = tokio::join!(twin(), twin());
    first.expect("ran").expect_refusal();
    second.expect("ran").expect_refusal();

    let order = id_of(&shop.customer("ann").await.buy(lamp, 1).await);
    broker.expect_history(order, &["placed"]).await;
}

/// A shop that is killed with its test.
struct Racer(Child);

impl Drop for Racer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn of_two_shops_that_start_at_once_only_one_opens() {
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let race = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_souk"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data", "data"]);
        command.current_dir(directory.path()).env_clear();
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Racer(command.spawn().expect("started"))
    };
    for _ in 0..5 {
        let mut racers = [race(), race()];
        let status = eventually("one gives up", async || {
            racers.iter_mut().find_map(|racer| racer.0.try_wait().expect("asked"))
        })
        .await;
        assert!(!status.success() && status.code().is_some(), "it is refused: {status}");
        let still_run = racers
            .iter_mut()
            .filter_map(|racer| racer.0.try_wait().expect("asked").is_none().then_some(()));
        assert_eq!(still_run.count(), 1, "the other one is open");
    }
}

#[tokio::test]
async fn a_growing_outbox_raises_an_alarm_and_then_refuses_changes() {
    let mut broker = Broker::start();
    let settings = [("SOUK_NATS_URL", broker.url()), ("SOUK_OUTBOX_MAX_ROWS", "60".to_owned())];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    let shop = Shop::open_with(&settings).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 1_000).await;
    let ann = shop.customer("ann").await;
    let first = id_of(&ann.buy(lamp, 1).await);
    broker.expect_history(first, &["placed"]).await;
    let outbox_is = async |wanted: &str| {
        eventually(&format!("the outbox is {wanted}"), async || {
            let ready = shop.nobody().get("/readyz").await.json();
            (ready["outbox"] == wanted).then_some(())
        })
        .await;
    };
    outbox_is("ok").await;
    broker.kill();

    // An order makes one order event, one product event, and a mail.
    for _ in 0..3 {
        ann.buy(lamp, 1).await;
    }
    outbox_is("behind").await;
    assert_eq!(metric(&shop.nobody().get("/metrics").await.text, "souk_outbox_behind"), 1);
    for _ in 0..20 {
        let body = json!({"items": [{"product_id": lamp, "quantity": 1}], "shipping_address": "1"});
        let answer = ann.ask("POST", "/api/v1/orders/").json(&body).send().await;
        if answer.status == 503 {
            break;
        }
        answer.expect(201);
    }
    outbox_is("full").await;
    let refused = ann.ask("POST", "/api/v1/cart/").json(&json!({})).send().await;
    assert_eq!(refused.status, 503, "{refused}");
    assert!(!refused.header("Retry-After").is_empty(), "{refused}");
    ann.order(first).await.expect(200);
    assert!(shop.output().contains("messages pile up in the outbox"), "{}", shop.output());

    broker.restart();
    outbox_is("ok").await;
    let last = id_of(&ann.buy(lamp, 1).await);
    broker.expect_history(last, &["placed"]).await;
}
