//! Mails as their readers get them: one per message whatever the mail server does, over TLS if required, with the
//! operator's texts.

use std::fs;

use crate::support::{
    ADMIN_EMAIL, Broker, MailSink, Shop, eventually, id_of, mails_in, repository,
};
use serde_json::json;

async fn shop_sending_to(broker: &Broker, sink_url: &str) -> Shop {
    Shop::open_with(&[("SOUK_NATS_URL", &broker.url()), ("SOUK_SMTP_URL", sink_url)]).await
}

#[tokio::test]
async fn starttls_and_a_login_are_used_and_the_server_is_verified() {
    let (broker, sink) = (Broker::start(), MailSink::guarded(&[]));
    let url = sink.guarded_url("smtp+starttls", "shop:open%20sesame");
    let shop = shop_sending_to(&broker, &url).await;
    shop.customer("ann").await;
    let mail = sink.expect_one("welcome", "ann@souk.example").await;
    assert_eq!(mail.sent_by, (Some("shop".to_owned()), true));
}

#[tokio::test]
async fn tls_from_the_start_works_as_well() {
    let (broker, sink) = (Broker::start(), MailSink::guarded(&["--smtps"]));
    let shop = shop_sending_to(&broker, &sink.guarded_url("smtps", "shop:open%20sesame")).await;
    shop.customer("ann").await;
    let mail = sink.expect_one("welcome", "ann@souk.example").await;
    assert_eq!(mail.sent_by.0.as_deref(), Some("shop"));
}

#[tokio::test]
async fn a_server_nobody_vouches_for_and_a_wrong_login_get_no_mail_and_lose_none() {
    let (broker, sink) = (Broker::start(), MailSink::guarded(&[]));
    let unknown = sink.guarded_url("smtp+starttls", "shop:open%20sesame");
    let unknown = unknown.split('?').next().expect("a URL");
    let wrong = sink.guarded_url("smtp+starttls", "shop:guess");
    let right = sink.guarded_url("smtp+starttls", "shop:open%20sesame");

    let mut shop = shop_sending_to(&broker, unknown).await;
    shop.customer("ann").await;
    expect_put_off(&shop).await;
    shop.set("SOUK_SMTP_URL", &wrong);
    shop.restart().await;
    expect_put_off(&shop).await;
    assert!(sink.mails().is_empty() && !shop.output().contains("sesame"), "{}", shop.output());

    shop.set("SOUK_SMTP_URL", &right);
    shop.restart().await;
    sink.expect_one("welcome", "ann@souk.example").await;
}

/// Waits until the running shop postpones a mail.
async fn expect_put_off(shop: &Shop) {
    eventually("a mail to be put off", async || {
        let metrics = shop.nobody().get("/metrics").await.text;
        let line = metrics.lines().find(|line| line.starts_with("souk_mails_put_off_total "))?;
        (!line.ends_with(" 0")).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_misbehaving_mail_server_gets_one_mail_per_message() {
    let broker = Broker::start();
    let sink = MailSink::start_with(&[
        "--greylist",
        "--drop-first",
        "2",
        "--refuse-first",
        "1",
        "--reject",
        "gone@souk.example",
    ]);
    let shop = shop_sending_to(&broker, &sink.url()).await;
    shop.customer("gone").await;
    shop.customer("ann").await;
    shop.customer("bob").await;

    sink.expect_one("welcome", "ann@souk.example").await;
    sink.expect_one("welcome", "bob@souk.example").await;
    let reasons = eventually("the dead letter", async || {
        let reasons = broker.reasons_of_dead_letters("mailer").await;
        (!reasons.is_empty()).then_some(reasons)
    })
    .await;
    assert!(reasons.len() == 1 && reasons[0].contains("550"), "{reasons:?}");
    broker.expect_notifications(0..=0).await;
    let mut ids: Vec<String> = sink.mails().iter().map(|mail| mail.header("Message-ID")).collect();
    let sent = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), sent, "each message once");
}

#[tokio::test]
async fn malformed_notifications_become_dead_letters_and_the_others_are_sent() {
    let (broker, sink) = (Broker::start(), MailSink::start());
    let shop = shop_sending_to(&broker, &sink.url()).await;
    shop.customer("ann").await;
    sink.expect_one("welcome", "ann@souk.example").await;

    let to = |to: &str| json!({"id": "x.1", "data": {"to": to, "context": {}}}).to_string();
    let bad = [
        ("welcome", to("bob@souk.example\r\nBcc: all@souk.example"), "control character"),
        ("welcome", to("bob"), "no mail address"),
        ("advertisement", to("bob@souk.example"), "no template"),
        ("welcome", "{".to_owned(), "no notification"),
    ];
    for (template, body, _) in &bad {
        broker.publish(&format!("souk.notify.v1.email.{template}"), body.as_str()).await;
    }
    let good = json!({"id": "x.2", "data": {"to": "bob@souk.example"}}).to_string();
    broker.publish("souk.notify.v1.email.welcome", good).await;

    sink.expect_one("welcome", "bob@souk.example").await;
    broker.expect_notifications(0..=0).await;
    let mut reasons = broker.reasons_of_dead_letters("mailer").await;
    assert_eq!(reasons.len(), bad.len(), "{reasons:#?}");
    for (_, _, wanted) in bad {
        let place = reasons.iter().position(|reason| reason.contains(wanted));
        reasons.remove(place.unwrap_or_else(|| panic!("{wanted} in {reasons:#?}")));
    }
}

#[tokio::test]
async fn mails_administrators_once_each_time_stock_runs_low() {
    let sink = MailSink::start();
    let settings = [("SOUK_SMTP_URL", sink.url()), ("SOUK_LOW_STOCK_THRESHOLD", "3".to_owned())];
    let mut shop =
        Shop::closed_with(&settings.each_ref().map(|(name, value)| (*name, value.as_str())));
    shop.create_admin("boss", ADMIN_EMAIL, "a-good-password-1").expect_success();
    shop.create_admin("deputy", "deputy@souk.example", "a-good-password-2").expect_success();
    shop.start();
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 6).await;
    let ann = shop.customer("ann").await;

    let order = id_of(&ann.buy(lamp, 2).await);
    ann.buy(lamp, 1).await;
    let mail = sink.expect_one("low_stock", ADMIN_EMAIL).await;
    assert!(mail.text.contains("Lamp") && mail.text.contains("3 left to sell"), "{}", mail.text);
    sink.expect_one("low_stock", "deputy@souk.example").await;

    // Lower still, back above, and down again because the administrator sets the stock.
    ann.buy(lamp, 1).await;
    boss.set_status(order, "cancelled").await.expect(200);
    let path = format!("/api/v1/products/{lamp}/");
    boss.patch(&path, json!({"stock_quantity": 1})).await.expect(200);
    let told = eventually("the second mail to the administrator", async || {
        let mut mails = sink.mails();
        mails.retain(|mail| mail.is("low_stock", ADMIN_EMAIL));
        (mails.len() > 1).then_some(mails)
    })
    .await;
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told[1].text.contains("1 left to sell"), "{}", told[1].text);
}

#[tokio::test]
async fn the_owners_texts_are_used_and_checked_at_the_start() {
    let mut shop = Shop::closed_with(&[]);
    shop.create_admin("boss", ADMIN_EMAIL, "a-good-password-1").expect_success();
    shop.set("SOUK_MAIL_TEXTS", "texts");
    let texts = shop.directory().join("texts");
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    shop.run(&serve, "").expect_refusal().naming("mail_texts").naming("no such directory");

    fs::create_dir(&texts).expect("made");
    shop.run(&serve, "").expect_refusal().naming("texts/welcome.txt");
    for entry in fs::read_dir(repository().join("config/mail")).expect("there") {
        let entry = entry.expect("read");
        fs::copy(entry.path(), texts.join(entry.file_name())).expect("copied");
    }
    let welcome = texts.join("welcome.txt");
    for (text, wrong) in [
        ("Subject: Hi {{ custmer_name }}\n\ntext\n", "custmer_name"),
        ("Subject: Hi\n\n{% if %}\n", "syntax error"),
        ("Hi\n", "Subject: "),
    ] {
        fs::write(&welcome, text).expect("written");
        shop.run(&serve, "").expect_refusal().naming("texts/welcome.txt").naming(wrong);
    }
    fs::write(&welcome, "Subject: Salam {{ customer_name }}\n\nCome in!\n").expect("written");
    shop.start();
    shop.customer("ann").await;
    let mail = eventually("the mail to Ann", async || {
        let mails = mails_in(&shop.data().join("mail"));
        mails.into_iter().find(|mail| mail.is("welcome", "ann@souk.example"))
    })
    .await;
    assert!(mail.header("Subject").starts_with("Salam"), "{}", mail.text);
    assert!(mail.text.contains("Come in!"), "{}", mail.text);
}
