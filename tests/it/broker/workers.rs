//! Workers in their own processes send mails and store logs without the shop's store.

use std::time::Duration;

use crate::support::{Broker, MailSink, Person, Shop, eventually, run_souk_with};
use serde_json::{Value, json};

/// The time limit of `souk worker` after SIGTERM.
const STOP_DEADLINE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_mail_worker_sends_each_mail_once() {
    let (broker, sink) = (Broker::start(), MailSink::start());
    let settings = [
        ("SOUK_NATS_URL", broker.url()),
        ("SOUK_SMTP_URL", sink.url()),
        ("SOUK_WORKERS", "log".to_owned()),
    ];
    let shop =
        Shop::open_with(&settings.each_ref().map(|(name, value)| (*name, value.as_str()))).await;
    shop.customer("ann").await;
    broker.expect_notifications(1..).await;
    assert_eq!(sink.mails().len(), 0, "nobody sends them yet");

    let worker = shop.follow(&["worker", "mail"], "the mail worker runs");
    sink.expect_one("welcome", "ann@souk.example").await;
    worker.terminate();
    let ended = worker.ended_within(STOP_DEADLINE).await;
    assert_eq!(ended.code(), Some(0));

    // Another system publishes the same notification twice, and a worker dies in between.
    let asked = json!({"id": "till.7", "data": {"to": "bob@souk.example", "context": {}}});
    let worker = shop.follow(&["worker", "mail"], "the mail worker runs");
    broker.publish("souk.notify.v1.email.welcome", asked.to_string()).await;
    sink.expect_one("welcome", "bob@souk.example").await;
    broker.expect_notifications(0..=0).await;
    worker.kill();
    broker.publish("souk.notify.v1.email.welcome", asked.to_string()).await;
    let _worker = shop.follow(&["worker", "mail"], "the mail worker runs");
    broker.expect_notifications(0..=0).await;
    sink.expect_one("welcome", "bob@souk.example").await;
}

#[tokio::test]
async fn a_log_worker_stores_the_shops_lines_and_the_shop_searches_them() {
    let broker = Broker::start();
    let shop = Shop::open_with(&[("SOUK_NATS_URL", &broker.url()), ("SOUK_WORKERS", "mail")]).await;
    let boss = shop.admin().await;
    let away = boss.get("/api/v1/logs/").await;
    assert_eq!((away.status, away.header("Retry-After")), (503, "1"));

    let worker = shop.follow(&["worker", "log"], "the log worker runs");
    // Logged after the stream was created; earlier lines could not be published.
    expect_line(&boss, "SOUK_DEAD").await;
    shop.customer("ann").await;
    let found = expect_line(&boss, "sent+a+mail").await;
    assert_eq!(found["results"][0]["fields"]["template"], "welcome");

    worker.terminate();
    assert_eq!(worker.ended_within(STOP_DEADLINE).await.code(), Some(0));
    assert_eq!(boss.get("/api/v1/logs/").await.status, 503);
    let shown = shop.run(&["logs", "--q", "sent a mail"], "").expect_success().stdout;
    assert!(shown.contains("INFO souk: sent a mail"), "read from the file: {shown}");
}

/// Waits until the shop finds a line of its own with this text.
async fn expect_line(boss: &Person, text: &str) -> Value {
    eventually(text, async || {
        let answer = boss.get(&format!("/api/v1/logs/?service=souk&q={text}")).await;
        (answer.status == 200 && answer.json()["count"] != json!(0)).then(|| answer.json())
    })
    .await
}

#[test]
fn worker_settings_without_a_broker_are_refused_by_name() {
    for kind in ["mail", "log"] {
        run_souk_with(&[], &["worker", kind]).expect_refusal().naming("nats_url");
    }
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    run_souk_with(&[("SOUK_WORKERS", "off")], &serve).expect_refusal().naming("workers");
    run_souk_with(&[("SOUK_WORKERS", "mail,cook")], &serve).expect_refusal().naming("cook");
}
