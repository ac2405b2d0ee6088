//! A broker that is ahead of the store, because the store was put back to an earlier state.

use super::{EVENTS, NOTIFY, Running, acknowledged};
use crate::adapters::outbox::Rows;
use crate::adapters::testing::{HandOutbox, TestBroker, eventually};
use souk_actors::outbox::Stream;
use std::collections::HashSet;

const KNOWN: u64 = 10;

fn write(outbox: &HandOutbox, events: u64) {
    for _ in 0..events {
        outbox.event("order.1.updated");
    }
}

fn ids(outbox: &HandOutbox, stream: Stream) -> Vec<String> {
    let rows = outbox.after(0, usize::MAX).expect("read");
    rows.into_iter().filter(|row| row.stream == stream).map(|row| row.id).collect()
}

async fn publish(broker: &TestBroker, outbox: &HandOutbox) {
    let rows = outbox.after(0, usize::MAX).expect("read").len() as u64;
    let relay = Running::relay(broker, outbox).await;
    acknowledged(outbox, rows).await;
    relay.stop().await;
}

/// An outbox with [`KNOWN`] published rows and a copy of it; then `lost` more rows in the first.
async fn lost(broker: &TestBroker, by_restore: bool, lost: u64) -> (HandOutbox, HandOutbox) {
    let outbox = HandOutbox::new("4f1c22a09be3d871");
    write(&outbox, KNOWN);
    publish(broker, &outbox).await;
    let copy = outbox.copy(by_restore);
    write(&outbox, lost);
    publish(broker, &outbox).await;
    (outbox, copy)
}

async fn has_exactly(broker: &TestBroker, outboxes: &[&HandOutbox]) {
    let mut expected = ids(outboxes[0], Stream::Events);
    let known = usize::try_from(KNOWN).expect("a few");
    for outbox in &outboxes[1..] {
        expected.extend(ids(outbox, Stream::Events).into_iter().skip(known));
    }
    assert_eq!(broker.ids(EVENTS).await, expected);
    let different: HashSet<&String> = expected.iter().collect();
    assert_eq!(different.len(), expected.len(), "an id was given twice: {expected:?}");
}

#[tokio::test]
async fn a_restored_store_has_everything_published_under_ids_of_its_own() {
    for (lost_rows, new_rows) in [(5, 5), (5, 2), (2, 70)] {
        let broker = TestBroker::start();
        let (before, after) = lost(&broker, true, lost_rows).await;
        let named = after.identity().expect("read").current();
        write(&after, new_rows);
        publish(&broker, &after).await;
        has_exactly(&broker, &[&before, &after]).await;
        assert_eq!(after.identity().expect("read").current(), named, "one generation is enough");
    }
}

#[tokio::test]
async fn detects_a_store_put_back_by_hand_before_publishing() {
    let broker = TestBroker::start();
    let (before, after) = lost(&broker, false, 5).await;
    let relay = Running::relay(&broker, &after).await;
    eventually("a generation begins", async || {
        let identity = after.identity().expect("read");
        (identity.current() != identity.store()).then_some(())
    })
    .await;
    write(&after, 3);
    acknowledged(&after, KNOWN + 3).await;
    relay.stop().await;
    has_exactly(&broker, &[&before, &after]).await;
}

#[tokio::test]
async fn rows_written_before_a_manual_restore_was_noticed_are_published() {
    // Fewer rows than were lost, as many, and more: with more, the stream has no rows after the last.
    for new_rows in [2, 5, 9] {
        let broker = TestBroker::start();
        let (before, after) = lost(&broker, false, 5).await;
        write(&after, new_rows);
        assert!(ids(&before, Stream::Events).contains(&ids(&after, Stream::Events)[10]));
        publish(&broker, &after).await;
        has_exactly(&broker, &[&before, &after]).await;
        // A second session does not start another generation.
        let named = after.identity().expect("read").current();
        write(&after, 1);
        publish(&broker, &after).await;
        assert_eq!(after.identity().expect("read").current(), named);
        has_exactly(&broker, &[&before, &after]).await;
    }
}

#[tokio::test]
async fn two_shops_from_one_copy_are_not_mistaken_for_each_other() {
    let broker = TestBroker::start();
    let (before, _) = lost(&broker, true, 0).await;
    let (first, second) = (before.copy(true), before.copy(true));
    for shop in [&first, &second] {
        write(shop, 4);
        publish(&broker, shop).await;
    }
    has_exactly(&broker, &[&before, &first, &second]).await;
}

#[tokio::test]
async fn a_mail_of_a_restored_store_is_not_deduplicated_against_an_earlier_one() {
    let broker = TestBroker::start();
    let (before, after) = lost(&broker, true, 0).await;
    for outbox in [&before, &after] {
        outbox.mail("welcome", "ann@souk.example");
        publish(&broker, outbox).await;
    }
    let expected = [ids(&before, Stream::Notify), ids(&after, Stream::Notify)].concat();
    assert_eq!(broker.ids(NOTIFY).await, expected);
}
