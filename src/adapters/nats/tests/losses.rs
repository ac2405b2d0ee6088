//! A broker that loses messages it had confirmed.

use super::{EVENTS, NOTIFY, Running, acknowledged};
use crate::adapters::outbox::Rows;
use crate::adapters::testing::{HandOutbox, TestBroker, eventually};
use std::sync::atomic::Ordering;

/// Publishes events of one order, and a mail; returns the ids of the events.
async fn publish(broker: &TestBroker, outbox: &HandOutbox, events: u64) -> Vec<String> {
    let before = outbox.after(0, usize::MAX).expect("read").len() as u64;
    let relay = Running::relay(broker, outbox).await;
    let ids = (0..events).map(|_| outbox.event("order.1.updated")).collect();
    outbox.mail("welcome", "ann@souk.example");
    acknowledged(outbox, before + events + 1).await;
    relay.stop().await;
    ids
}

async fn notices_the_loss(relay: &Running) {
    eventually("the relay notices the loss", async || {
        (relay.status.rewinds.load(Ordering::Relaxed) > 0).then_some(())
    })
    .await;
}

async fn events_are_there(broker: &TestBroker, events: usize) {
    eventually("the events are there again", async || {
        (broker.ids(EVENTS).await.len() >= events).then_some(())
    })
    .await;
}

#[tokio::test]
async fn republishes_everything_to_a_wiped_broker() {
    let mut broker = TestBroker::start();
    let outbox = HandOutbox::new("s");
    let mut ids = publish(&broker, &outbox, 200).await;
    let mails = broker.ids(NOTIFY).await;
    broker.kill();
    broker.wipe();
    broker.restart();

    let relay = Running::relay(&broker, &outbox).await;
    notices_the_loss(&relay).await;
    ids.push(outbox.event("order.1.updated"));
    acknowledged(&outbox, 202).await;

    assert_eq!(broker.ids(EVENTS).await, ids);
    assert_eq!(broker.ids(NOTIFY).await, mails);
    relay.stop().await;

    // A repaired loss is not detected again.
    let relay = Running::relay(&broker, &outbox).await;
    ids.push(outbox.event("order.1.updated"));
    acknowledged(&outbox, 203).await;
    assert_eq!(relay.status.rewinds.load(Ordering::Relaxed), 0);
    assert_eq!(broker.ids(EVENTS).await, ids);
    relay.stop().await;
}

#[tokio::test]
async fn republishes_the_tail_that_a_broker_lost() {
    let mut broker = TestBroker::start();
    let outbox = HandOutbox::new("s");
    let mut ids = publish(&broker, &outbox, 100).await;
    broker.kill();
    broker.take_snapshot();
    broker.restart();
    ids.extend(publish(&broker, &outbox, 150).await);
    broker.kill();
    broker.put_snapshot_back();
    broker.restart();

    let relay = Running::relay(&broker, &outbox).await;
    notices_the_loss(&relay).await;
    events_are_there(&broker, 250).await;

    assert_eq!(broker.ids(EVENTS).await, ids, "what was there is not published again");
    eventually("both mails are there", async || {
        (broker.ids(NOTIFY).await.len() == 2).then_some(())
    })
    .await;
    relay.stop().await;
}

#[tokio::test]
async fn detects_a_lost_tail_that_another_store_has_overwritten() {
    let mut broker = TestBroker::start();
    let outbox = HandOutbox::new("s");
    let ids = publish(&broker, &outbox, 10).await;
    broker.kill();
    broker.take_snapshot();
    broker.restart();
    let lost = publish(&broker, &outbox, 20).await;
    broker.kill();
    broker.put_snapshot_back();
    broker.restart();
    let other = HandOutbox::new("t");
    let relay = Running::relay(&broker, &other).await;
    let others: Vec<String> = (0..50).map(|_| other.event("order.1.updated")).collect();
    acknowledged(&other, 50).await;
    relay.stop().await;

    let relay = Running::relay(&broker, &outbox).await;
    notices_the_loss(&relay).await;
    events_are_there(&broker, 80).await;

    assert_eq!(broker.ids(EVENTS).await, [ids, others, lost].concat());
    relay.stop().await;
}

#[tokio::test]
async fn a_restarted_relay_continues_to_repair_a_loss() {
    let mut broker = TestBroker::start();
    let outbox = HandOutbox::new("s");
    let ids = publish(&broker, &outbox, 1_500).await;
    broker.kill();
    broker.wipe();
    broker.restart();

    for published in [100, 400] {
        let relay = Running::relay(&broker, &outbox).await;
        eventually("a part is published again", async || {
            (relay.status.published.load(Ordering::Relaxed) > published).then_some(())
        })
        .await;
        relay.task.abort();
    }
    let relay = Running::relay(&broker, &outbox).await;
    events_are_there(&broker, 1_500).await;

    assert_eq!(broker.ids(EVENTS).await, ids);
    relay.stop().await;
}

#[tokio::test]
async fn expired_messages_do_not_count_as_lost() {
    let broker = TestBroker::start();
    let outbox = HandOutbox::new("s");
    publish(&broker, &outbox, 50).await;
    let context = broker.context().await;
    let found = context.get_stream(EVENTS).await.expect("there").cached_info().config.clone();
    let wanted = async_nats::jetstream::stream::Config { max_messages: 5, ..found };
    context.update_stream(wanted).await.expect("changed");

    let relay = Running::relay(&broker, &outbox).await;
    let id = outbox.event("order.1.updated");
    acknowledged(&outbox, 52).await;

    assert_eq!(relay.status.rewinds.load(Ordering::Relaxed), 0);
    assert_eq!(relay.status.published.load(Ordering::Relaxed), 1);
    let ids = broker.ids(EVENTS).await;
    assert_eq!((ids.len(), ids.last()), (5, Some(&id)));
    relay.stop().await;
}

#[tokio::test]
async fn a_queue_of_mails_that_is_full_delays_events_and_loses_nothing() {
    let broker = TestBroker::start();
    let context = broker.context().await;
    super::super::streams::ensure_all(&context).await.expect("made");
    let limit = async |max_messages: i64| {
        let found = context.get_stream(NOTIFY).await.expect("there").cached_info().config.clone();
        let wanted = async_nats::jetstream::stream::Config { max_messages, ..found };
        context.update_stream(wanted).await.expect("changed");
    };
    limit(2).await;
    let outbox = HandOutbox::new("s");
    for _ in 0..3 {
        outbox.mail("welcome", "ann@souk.example");
    }
    let event = outbox.event("order.1.placed");
    let relay = Running::relay(&broker, &outbox).await;
    eventually("the relay says why it does not go on", async || relay.status.work.last_error())
        .await;
    acknowledged(&outbox, 2).await;

    limit(1_000).await;
    acknowledged(&outbox, 4).await;

    assert_eq!(broker.ids(EVENTS).await, [event]);
    assert_eq!(broker.ids(NOTIFY).await.len(), 3);
    relay.stop().await;
}
