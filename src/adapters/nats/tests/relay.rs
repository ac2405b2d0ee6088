//! The relay.

use super::super::streams;
use super::{DEAD, EVENTS, NOTIFY, Running, acknowledged};
use crate::adapters::outbox::Rows;
use crate::adapters::testing::{HandOutbox, TestBroker, eventually};
use async_nats::jetstream::stream::{DiscardPolicy, RetentionPolicy};
use souk_actors::outbox::{Reader, Stream};
use std::sync::atomic::Ordering;
use std::time::Duration;

#[tokio::test]
async fn rows_are_published_in_order_with_what_subscribers_need() {
    let broker = TestBroker::start();
    let outbox = HandOutbox::new("s");
    let relay = Running::relay(&broker, &outbox).await;
    let ids: Vec<String> =
        (0..1_000).map(|order| outbox.event(&format!("order.{order}.placed"))).collect();
    let mail = outbox.mail("welcome", "ann@souk.example");

    acknowledged(&outbox, 1_001).await;

    assert_eq!(broker.ids(EVENTS).await, ids);
    assert_eq!(broker.ids(NOTIFY).await, [mail]);
    let first = broker.messages(EVENTS).await.remove(0);
    assert_eq!(first.subject.as_str(), "souk.event.v1.order.0.placed");
    let header = |name: &str| first.headers.get(name).map(ToString::to_string).unwrap_or_default();
    assert_eq!(header("Souk-Store"), "s");
    assert_eq!(header("Souk-Outbox-Sequence"), "1");
    assert_eq!(header("Nats-Expected-Stream"), EVENTS);
    assert!(outbox.acknowledgements() < 20, "acknowledged {} times", outbox.acknowledgements());
    assert!(relay.status.is_connected.load(Ordering::Relaxed));
    assert_eq!(relay.status.published.load(Ordering::Relaxed), 1_001);
    assert_eq!(relay.status.work.last_error(), None);
    relay.stop().await;
}

#[tokio::test]
async fn a_broker_killed_again_and_again_has_everything_once_and_in_order() {
    let mut broker = TestBroker::start();
    let outbox = HandOutbox::new("s");
    let relay = Running::relay(&broker, &outbox).await;
    let mut ids = Vec::new();
    for _ in 0..4 {
        for _ in 0..500 {
            ids.push(outbox.event("order.1.updated"));
        }
        let before = relay.status.published.load(Ordering::Relaxed);
        eventually("something is published", async || {
            (relay.status.published.load(Ordering::Relaxed) > before + 50).then_some(())
        })
        .await;
        broker.kill();
        // The client keeps what it is given now and would send it first.
        for _ in 0..100 {
            ids.push(outbox.event("order.1.updated"));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        broker.restart();
    }

    acknowledged(&outbox, ids.len() as u64).await;

    assert_eq!(broker.ids(EVENTS).await, ids);
    relay.stop().await;
}

#[tokio::test]
async fn rows_committed_while_the_broker_is_away_are_published_later() {
    let mut broker = TestBroker::start();
    broker.kill();
    let outbox = HandOutbox::new("s");
    let relay = Running::relay(&broker, &outbox).await;
    let ids: Vec<String> = (0..300).map(|_| outbox.event("order.1.updated")).collect();
    assert!(!relay.status.is_connected.load(Ordering::Relaxed));
    tokio::time::sleep(Duration::from_millis(300)).await;

    broker.restart();
    acknowledged(&outbox, 300).await;

    assert_eq!(broker.ids(EVENTS).await, ids);
    relay.stop().await;
}

#[tokio::test]
async fn a_second_start_without_its_cursor_publishes_nothing_twice() {
    let broker = TestBroker::start();
    let outbox = HandOutbox::new("s");
    let relay = Running::relay(&broker, &outbox).await;
    let mut ids: Vec<String> = (0..200).map(|_| outbox.event("order.1.updated")).collect();
    let mail = outbox.mail("welcome", "ann@souk.example");
    acknowledged(&outbox, 201).await;
    relay.stop().await;

    let outbox = outbox.without_acknowledgements();
    ids.push(outbox.event("order.1.updated"));
    let relay = Running::relay(&broker, &outbox).await;
    acknowledged(&outbox, 202).await;

    assert_eq!(broker.ids(EVENTS).await, ids);
    assert_eq!(broker.ids(NOTIFY).await, [mail]);
    assert_eq!(relay.status.published.load(Ordering::Relaxed), 2, "the mail and the new event");
    assert_eq!(relay.status.duplicates.load(Ordering::Relaxed), 1, "the mail");
    relay.stop().await;
}

#[tokio::test]
async fn two_relays_of_one_outbox_publish_each_row_once() {
    let broker = TestBroker::start();
    let outbox = HandOutbox::new("s");
    let ids: Vec<String> = (0..500).map(|_| outbox.event("order.1.updated")).collect();
    let twin = outbox.without_acknowledgements();
    let relays = [Running::relay(&broker, &outbox).await, Running::relay(&broker, &twin).await];

    acknowledged(&outbox, 500).await;
    acknowledged(&twin, 500).await;

    assert_eq!(broker.ids(EVENTS).await, ids);
    for relay in relays {
        relay.stop().await;
    }
}

#[tokio::test]
async fn the_stream_of_another_store_is_not_mistaken_for_ours() {
    let broker = TestBroker::start();
    let mut expected = Vec::new();
    for store in ["s", "t"] {
        let outbox = HandOutbox::new(store);
        let relay = Running::relay(&broker, &outbox).await;
        expected.extend((0..100).map(|_| outbox.event("order.1.updated")));
        acknowledged(&outbox, 100).await;
        relay.stop().await;
    }

    assert_eq!(broker.ids(EVENTS).await, expected);
}

#[tokio::test]
async fn messages_of_another_publisher_neither_delay_nor_lose_events() {
    let broker = TestBroker::start();
    let outbox = HandOutbox::new("s");
    let relay = Running::relay(&broker, &outbox).await;
    let mut ids = vec![outbox.event("order.1.updated")];
    acknowledged(&outbox, 1).await;
    let outsider = broker.context().await;
    for _ in 0..3 {
        outsider
            .publish("souk.event.v1.noise", "{}".into())
            .await
            .expect("sent")
            .await
            .expect("kept");
        ids.extend((0..100).map(|_| outbox.event("order.1.updated")));
        acknowledged(&outbox, ids.len() as u64).await;
    }

    assert_eq!(broker.ids(EVENTS).await, ids);
    relay.stop().await;
}

#[tokio::test]
async fn a_relay_that_is_stopped_first_publishes_what_is_committed() {
    let broker = TestBroker::start();
    let outbox = HandOutbox::new("s");
    let relay = Running::relay(&broker, &outbox).await;
    outbox.event("order.1.placed");
    acknowledged(&outbox, 1).await;
    for _ in 0..200 {
        outbox.event("order.1.updated");
    }

    relay.stop().await;

    assert_eq!(outbox.cursor(Reader::Broker).expect("read"), 201);
    assert_eq!(broker.ids(EVENTS).await.len(), 201);
}

#[tokio::test]
async fn an_event_the_broker_refuses_is_not_overtaken() {
    let broker = TestBroker::start();
    let context = broker.context().await;
    streams::ensure_all(&context).await.expect("made");
    let limit = async |max_message_size: i32| {
        let found = context.get_stream(EVENTS).await.expect("there").cached_info().config.clone();
        let wanted = async_nats::jetstream::stream::Config { max_message_size, ..found };
        context.update_stream(wanted).await.expect("changed");
    };
    limit(1_000).await;
    let outbox = HandOutbox::new("s");
    let mut ids: Vec<String> = (0..10).map(|_| outbox.event("order.1.updated")).collect();
    let large = format!("{{\"filler\": \"{}\"}}", "x".repeat(2_000));
    outbox.commit(Stream::Events, "souk.event.v1.order.1.updated".to_owned(), "large", &large);
    ids.push("large".to_owned());
    ids.extend((0..100).map(|_| outbox.event("order.1.updated")));
    let relay = Running::relay(&broker, &outbox).await;
    eventually("the relay says why it does not go on", async || relay.status.work.last_error())
        .await;
    acknowledged(&outbox, 10).await;
    assert_eq!(broker.ids(EVENTS).await, ids[..10]);

    limit(-1).await;
    acknowledged(&outbox, 111).await;

    assert_eq!(broker.ids(EVENTS).await, ids);
    assert_eq!(relay.status.work.last_error(), None);
    relay.stop().await;
}

#[tokio::test]
async fn streams_are_made_as_designed_and_put_right() {
    let broker = TestBroker::start();
    let context = broker.context().await;
    let mut theirs = async_nats::jetstream::stream::Config {
        name: EVENTS.to_owned(),
        subjects: vec!["elsewhere".to_owned()],
        discard: DiscardPolicy::New,
        max_messages: 77,
        ..Default::default()
    };
    context.create_stream(theirs.clone()).await.expect("made");

    streams::ensure_all(&context).await.expect("put right");
    streams::ensure_all(&context).await.expect("nothing to do");

    let config = async |name: &str| {
        context.get_stream(name).await.expect("there").cached_info().config.clone()
    };
    theirs = config(EVENTS).await;
    assert_eq!(theirs.subjects, ["souk.event.>"]);
    assert_eq!(theirs.discard, DiscardPolicy::Old);
    assert_eq!(theirs.max_messages, 77, "sizes are the operator's");
    assert!(theirs.allow_direct);
    let notify = config(NOTIFY).await;
    assert_eq!(
        (notify.retention, notify.discard),
        (RetentionPolicy::WorkQueue, DiscardPolicy::New)
    );
    assert_eq!(config("SOUK_LOGS").await.max_age, Duration::from_secs(7 * 24 * 60 * 60));
    assert_eq!(config(DEAD).await.max_age, Duration::from_secs(90 * 24 * 60 * 60));
    assert_eq!(config("SOUK_ADVISORIES").await.subjects.len(), 2);
}
