//! The relay and the mail worker with a real nats-server.

use super::streams;
use super::{Broker, NotifyConsumer, Relay};
use crate::adapters::mail::{Mailer, RetryPolicy, Transport};
use crate::adapters::rows::Rows;
use crate::adapters::status::{MailStatus, RelayStatus};
use crate::adapters::supervision::{Stop, keep_running};
use crate::adapters::testing::{HandOutbox, MailServer, TestBroker, eventually};
use async_nats::jetstream::stream::{DiscardPolicy, RetentionPolicy};
use souk_actors::outbox::Reader;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

const EVENTS: &str = "SOUK_EVENTS";
const NOTIFY: &str = "SOUK_NOTIFY";
const DEAD: &str = "SOUK_DEAD";

/// A relay that runs until it is stopped.
struct Running {
    status: Arc<RelayStatus>,
    switch: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Running {
    async fn relay(broker: &TestBroker, store_id: &str, outbox: &HandOutbox) -> Self {
        let status = Arc::new(RelayStatus::default());
        let (switch, stop) = Stop::new();
        let relay = Relay {
            rows: outbox.clone(),
            broker: Broker::connect(&broker.url(), Arc::clone(&status)).await.expect("an address"),
            store_id: store_id.to_owned(),
            status: Arc::clone(&status),
            stop: stop.clone(),
        };
        let work = Arc::clone(&status.work);
        let task = tokio::spawn(keep_running("relay", stop, work, move || relay.clone().session()));
        Self { status, switch, task }
    }

    async fn stop(self) {
        self.switch.send_replace(true);
        tokio::time::timeout(Duration::from_secs(5), self.task)
            .await
            .expect("in time")
            .expect("well");
    }
}

async fn acknowledged(outbox: &HandOutbox, sequence: u64) {
    eventually("the outbox is acknowledged", async || {
        (outbox.cursor(Reader::Broker).expect("read") == sequence).then_some(())
    })
    .await;
}

#[tokio::test]
async fn rows_are_published_in_order_with_what_subscribers_need() {
    let broker = TestBroker::start();
    let outbox = HandOutbox::new("s");
    let relay = Running::relay(&broker, "s", &outbox).await;
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
    let relay = Running::relay(&broker, "s", &outbox).await;
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
async fn what_is_committed_while_the_broker_is_away_is_published_later() {
    let mut broker = TestBroker::start();
    broker.kill();
    let outbox = HandOutbox::new("s");
    let relay = Running::relay(&broker, "s", &outbox).await;
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
    let relay = Running::relay(&broker, "s", &outbox).await;
    let mut ids: Vec<String> = (0..200).map(|_| outbox.event("order.1.updated")).collect();
    let mail = outbox.mail("welcome", "ann@souk.example");
    acknowledged(&outbox, 201).await;
    relay.stop().await;

    let outbox = outbox.without_acknowledgements();
    ids.push(outbox.event("order.1.updated"));
    let relay = Running::relay(&broker, "s", &outbox).await;
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
    let relays =
        [Running::relay(&broker, "s", &outbox).await, Running::relay(&broker, "s", &twin).await];

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
    for (store_id, name) in [("s", "s"), ("t", "t"), ("t", "t put back to an earlier state")] {
        let outbox = HandOutbox::new(name);
        let relay = Running::relay(&broker, store_id, &outbox).await;
        expected.extend((0..100).map(|_| outbox.event("order.1.updated")));
        acknowledged(&outbox, 100).await;
        relay.stop().await;
    }

    assert_eq!(broker.ids(EVENTS).await, expected);
}

#[tokio::test]
async fn an_outsider_on_the_stream_delays_and_loses_nothing() {
    let broker = TestBroker::start();
    let outbox = HandOutbox::new("s");
    let relay = Running::relay(&broker, "s", &outbox).await;
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
    let relay = Running::relay(&broker, "s", &outbox).await;
    outbox.event("order.1.placed");
    acknowledged(&outbox, 1).await;
    for _ in 0..2_000 {
        outbox.event("order.1.updated");
    }

    relay.stop().await;

    assert_eq!(outbox.cursor(Reader::Broker).expect("read"), 2_001);
    assert_eq!(broker.ids(EVENTS).await.len(), 2_001);
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
}

/// A mail worker and a relay that feeds it.
struct Worker {
    relay: Running,
    status: Arc<MailStatus>,
    task: JoinHandle<()>,
    _memory: tempfile::TempDir,
}

impl Worker {
    async fn start(broker: &TestBroker, server: &MailServer, outbox: &HandOutbox) -> Self {
        let relay = Running::relay(broker, "s", outbox).await;
        let memory = tempfile::tempdir().expect("a directory");
        let transport = Transport::smtp(&server.url()).expect("an address");
        let from = "Souk <shop@souk.example>".parse().expect("an address");
        let mailer =
            Mailer::open(from, "Souk".to_owned(), transport, memory.path()).expect("opens");
        let status = Arc::new(MailStatus::default());
        let (first_wait, longest_wait) = (Duration::from_millis(20), Duration::from_millis(100));
        let stop = Stop::following(&relay.switch);
        let consumer = NotifyConsumer {
            broker: Broker::connect(&broker.url(), Arc::default()).await.expect("an address"),
            mailer: Arc::new(mailer),
            retry: RetryPolicy { max_tries: 3, first_wait, longest_wait },
            status: Arc::clone(&status),
            stop: stop.clone(),
        };
        let work = Arc::clone(&status.work);
        let session = move || consumer.clone().session();
        let task = tokio::spawn(keep_running("mailer", stop, work, session));
        Self { relay, status, task, _memory: memory }
    }

    async fn stop(self) {
        self.relay.stop().await;
        tokio::time::timeout(Duration::from_secs(5), self.task)
            .await
            .expect("in time")
            .expect("well");
    }
}

async fn queue_is_empty(broker: &TestBroker) {
    eventually("the queue of mails is empty", async || {
        broker.messages(NOTIFY).await.is_empty().then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_mail_server_that_says_later_gets_the_mail_once() {
    let broker = TestBroker::start();
    let server = MailServer::answering(&["451 later", "451 later"]).await;
    let outbox = HandOutbox::new("s");
    let worker = Worker::start(&broker, &server, &outbox).await;
    outbox.mail("welcome", "ann@souk.example");
    acknowledged(&outbox, 1).await;

    queue_is_empty(&broker).await;

    assert_eq!(server.accepted().len(), 1);
    assert_eq!(worker.status.sent.load(Ordering::Relaxed), 1);
    assert_eq!(worker.status.put_off.load(Ordering::Relaxed), 2);
    assert!(broker.messages(DEAD).await.is_empty());
    worker.stop().await;
}

#[tokio::test]
async fn a_notification_that_comes_twice_is_one_mail() {
    let broker = TestBroker::start();
    let server = MailServer::answering(&[]).await;
    let outbox = HandOutbox::new("s");
    let worker = Worker::start(&broker, &server, &outbox).await;
    outbox.mail("welcome", "ann@souk.example");
    acknowledged(&outbox, 1).await;
    queue_is_empty(&broker).await;
    // Without a message id the broker takes it for a new one.
    let body = outbox.after(0, 1).expect("read").remove(0).body;
    let other = broker.context().await;
    other
        .publish("souk.notify.v1.email.welcome", body.into())
        .await
        .expect("sent")
        .await
        .expect("kept");

    eventually("the second is answered for", async || {
        (worker.status.sent.load(Ordering::Relaxed) == 2).then_some(())
    })
    .await;

    queue_is_empty(&broker).await;
    assert_eq!(server.accepted().len(), 1);
    worker.stop().await;
}

#[tokio::test]
async fn mails_that_cannot_be_sent_become_dead_letters_and_the_others_go_on() {
    let broker = TestBroker::start();
    let server = MailServer::answering(&[]).await;
    let outbox = HandOutbox::new("s");
    server.answer_recipients(&["550 nobody here"]);
    let worker = Worker::start(&broker, &server, &outbox).await;
    outbox.mail("welcome", "nobody@souk.example");
    acknowledged(&outbox, 1).await;
    queue_is_empty(&broker).await;
    outbox.mail("no_such_template", "ann@souk.example");
    outbox.mail("welcome", "ann@souk.example\r\nBcc: all@souk.example");
    outbox.commit(
        souk_actors::outbox::Stream::Notify,
        "souk.notify.v1.email.welcome".to_owned(),
        "broken",
        "{",
    );
    outbox.mail("welcome", "ann@souk.example");
    acknowledged(&outbox, 5).await;

    queue_is_empty(&broker).await;

    assert_eq!(server.accepted().len(), 1);
    let letters = broker.messages(DEAD).await;
    let reasons: Vec<String> = letters
        .iter()
        .map(|letter| letter.headers.get("Souk-Dead-Reason").expect("a reason").to_string())
        .collect();
    assert_eq!(reasons.len(), 4, "{reasons:#?}");
    for expected in [
        "the body is no notification",
        "no message can be made of it: the recipient holds a control character",
        "names no template",
        "the mail server refused it",
    ] {
        assert!(reasons.iter().any(|reason| reason.contains(expected)), "{reasons:#?}");
    }
    assert!(letters.iter().all(|letter| letter.subject.as_str() == "souk.dead.SOUK_NOTIFY.mailer"));
    let original = letters.iter().find(|letter| letter.payload.as_ref() == b"{");
    assert!(original.is_some(), "the body is kept");
    assert_eq!(worker.status.dead.load(Ordering::Relaxed), 4);
    worker.stop().await;
}

#[tokio::test]
async fn a_mail_tried_too_often_becomes_a_dead_letter() {
    let broker = TestBroker::start();
    let server = MailServer::answering(&["451 later"; 10]).await;
    let outbox = HandOutbox::new("s");
    let worker = Worker::start(&broker, &server, &outbox).await;
    outbox.mail("welcome", "ann@souk.example");
    acknowledged(&outbox, 1).await;

    queue_is_empty(&broker).await;

    let letter = broker.messages(DEAD).await.remove(0);
    let deliveries = letter.headers.get("Souk-Dead-Deliveries").expect("a count").to_string();
    assert_eq!(deliveries, "3");
    worker.stop().await;
}

#[tokio::test]
async fn a_mail_worker_survives_its_broker() {
    let mut broker = TestBroker::start();
    let server = MailServer::answering(&[]).await;
    let outbox = HandOutbox::new("s");
    let worker = Worker::start(&broker, &server, &outbox).await;
    for number in 0..3 {
        outbox.mail("welcome", "ann@souk.example");
        eventually("the mail is sent", async || (server.accepted().len() > number).then_some(()))
            .await;
        broker.kill();
        broker.restart();
    }

    queue_is_empty(&broker).await;

    assert_eq!(server.accepted().len(), 3);
    worker.stop().await;
}
