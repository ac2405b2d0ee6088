//! The tests' own tools work as the tests expect: the broker keeps what it acknowledged, and the mail server what it
//! accepted.

use crate::support::{Broker, MailSink};
use async_nats::jetstream::{self, stream};
use lettre::transport::smtp::AsyncSmtpTransport;
use lettre::{AsyncTransport, Message, Tokio1Executor};
use serde_json::json;

#[tokio::test]
async fn the_broker_keeps_what_it_acknowledged_when_it_is_killed() {
    let mut broker = Broker::start();
    let context = jetstream::new(broker.client_of("souk").await);
    let subjects = vec!["souk.event.>".to_owned()];
    let wanted = stream::Config { name: "SOUK_EVENTS".to_owned(), subjects, ..Default::default() };
    context.create_stream(wanted).await.expect("a stream can be made");

    for version in 1..=3 {
        let id = format!("event-{version}");
        // The second time is a duplicate, and acknowledged as one.
        for _ in 0..2 {
            let body = json!({"data": {"version": version}}).to_string();
            let message =
                jetstream::message::PublishMessage::build().message_id(&id).payload(body.into());
            let subject = format!("souk.event.v1.order.7.step{version}");
            context
                .send_publish(subject, message)
                .await
                .expect("sent")
                .await
                .expect("acknowledged");
        }
    }
    broker.kill();
    broker.restart();

    broker.expect_history(7, &["step1", "step2", "step3"]).await;
    broker.stop().await;
}

#[tokio::test]
async fn the_mail_sink_takes_mail_after_the_refusals_it_was_asked_for() {
    let sink = MailSink::refusing_first(1);
    let transport =
        AsyncSmtpTransport::<Tokio1Executor>::from_url(&sink.url()).expect("a mail URL").build();
    let mail = || {
        let builder = Message::builder().from("a@souk.example".parse().expect("an address"));
        let builder =
            builder.to("Ann <ann@souk.example>".parse().expect("an address")).subject("Hello");
        builder.body("Good day".to_owned()).expect("a message")
    };

    let refusal = transport.send(mail()).await.expect_err("the first is refused");
    assert!(refusal.is_transient(), "{refusal}");
    transport.send(mail()).await.expect("the second is accepted");

    let mails = sink.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, ["ann@souk.example"]);
    assert_eq!(mails[0].header("subject"), "Hello");
}
