//! The mail worker.

use super::{DEAD, NOTIFY, Running, acknowledged};
use crate::adapters::mail::{Mailer, RetryPolicy, Transport};
use crate::adapters::nats::{Broker, NotifyConsumer};
use crate::adapters::outbox::Rows;
use crate::adapters::tasks::MailStatus;
use crate::adapters::tasks::{Stop, keep_running};
use crate::adapters::testing::{HandOutbox, MailServer, TestBroker, eventually};
use souk_actors::outbox::Stream;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::task::JoinHandle;

/// A mail worker, and the relay that publishes its notifications.
struct Worker {
    relay: Running,
    status: Arc<MailStatus>,
    task: JoinHandle<()>,
    _memory: tempfile::TempDir,
}

impl Worker {
    async fn start(broker: &TestBroker, server: &MailServer, outbox: &HandOutbox) -> Self {
        let relay = Running::relay(broker, outbox).await;
        let memory = tempfile::tempdir().expect("a directory");
        let transport = Transport::smtp(&server.url()).expect("an address");
        let from = "Souk <shop@souk.example>".parse().expect("an address");
        let mailer =
            Mailer::open(from, "Souk".to_owned(), transport, None, memory.path()).expect("opens");
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
async fn a_mail_server_with_temporary_refusals_gets_the_mail_once() {
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
    // Without a message id the broker does not recognise the repeat.
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
    outbox.commit(Stream::Notify, "souk.notify.v1.email.welcome".to_owned(), "broken", "{");
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
async fn malformed_messages_on_the_queue_are_refused_with_a_reason() {
    let broker = TestBroker::start();
    let server = MailServer::answering(&[]).await;
    let outbox = HandOutbox::new("s");
    let worker = Worker::start(&broker, &server, &outbox).await;
    outbox.mail("welcome", "ann@souk.example");
    acknowledged(&outbox, 1).await;
    queue_is_empty(&broker).await;
    let good = String::from_utf8(outbox.after(0, 1).expect("read").remove(0).body).expect("text");
    let large = good.replace("Ann", &"x".repeat(300_000));
    // Under the same id the mailer would skip it as already sent.
    let to = |to: &str| {
        let other = format!("s.other.{}", to.len());
        good.replace("ann@souk.example", to).replace("s.mail.1", &other)
    };
    let welcome = "souk.notify.v1.email.welcome";
    let bodies = [
        (welcome, large, "octets, more than"),
        (welcome, "[1, 2]".to_owned(), "the body is no notification"),
        (welcome, "\u{0}".to_owned(), "the body is no notification"),
        (welcome, to("a@b.example\\nBcc: c@d.example"), "control character"),
        (welcome, to("a@b.example, c@d.example"), "no mail address"),
        (welcome, to(""), "no mail address"),
        (welcome, to(&format!("{}@b.example", "a".repeat(300))), "longer than 254"),
        ("souk.notify.v1.email.wel.come", good.clone(), "names no template"),
        ("souk.notify.v1.email.*", good.clone(), "names no template"),
        ("souk.notify.v1.email.>", good.clone(), "names no template"),
        ("souk.notify.v1.email./etc/passwd", good.clone(), "names no template"),
        ("souk.notify.v1.sms.welcome", good.clone(), "names no template"),
        ("souk.notify.v2.email.welcome", good.clone(), "names no template"),
    ];

    let other = broker.context().await;
    for (subject, body, _) in &bodies {
        let sent = other.publish(*subject, body.clone().into()).await.expect("sent");
        sent.await.expect("kept");
    }
    outbox.mail("welcome", "bob@souk.example");
    eventually("the mail behind them is sent", async || {
        (server.accepted().len() == 2).then_some(())
    })
    .await;
    queue_is_empty(&broker).await;

    let letters = broker.messages(DEAD).await;
    for (subject, body, reason) in &bodies {
        let letter = letters.iter().find(|letter| {
            let header = |name: &str| letter.headers.get(name).map(|value| value.as_str());
            header("Souk-Dead-Subject") == Some(subject)
                && header("Souk-Dead-Reason").is_some_and(|kept| kept.contains(reason))
                && letter.payload.as_ref() == body.as_bytes()
        });
        assert!(letter.is_some(), "{subject} is no dead letter because of {reason}: {letters:#?}");
    }
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
