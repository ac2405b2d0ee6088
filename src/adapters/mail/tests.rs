//! The mailer with a scripted mail server, and with files.

use super::templates::{Template, Templates};
use super::{DeliveryError, Mailer, PermanentCause, Transport, plain_name};
use crate::adapters::testing::{HANG_UP, MailServer};
use serde_json::{Map, Value, json};
use std::fs;
use tempfile::TempDir;

const WELCOME: &str = "souk.notify.v1.email.welcome";
const TEMPLATES: [&str; 11] = [
    "welcome",
    "password_reset",
    "order_placed",
    "order_paid",
    "order_shipped",
    "order_cancelled",
    "order_refunded",
    "payment_failed",
    "low_stock",
    "new_order",
    "order_digest",
];

fn notification(id: &str, to: &str, context: &Value) -> Vec<u8> {
    json!({
        "specversion": "1.0", "id": id, "source": "urn:souk:test", "type": "souk.notify.email.v1",
        "time": "2024-01-01T00:00:00Z", "data": {"to": to, "context": context},
    })
    .to_string()
    .into_bytes()
}

fn welcome(id: &str) -> Vec<u8> {
    notification(id, "ann@souk.example", &json!({"customer_name": "Ann"}))
}

fn mailer(transport: Transport, memory: &TempDir) -> Mailer {
    let from = "Souk <shop@souk.example>".parse().expect("an address");
    Mailer::open(from, "The Souk".to_owned(), transport, None, memory.path()).expect("opens")
}

fn by_smtp(server: &MailServer, memory: &TempDir) -> Mailer {
    mailer(Transport::smtp(&server.url()).expect("an address"), memory)
}

fn directory() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

fn full_context() -> Map<String, Value> {
    let context = json!({
        "customer_name": "Ann <b>Lee</b>", "order_number": "ORD-20240101-0001",
        "total": "39.98", "currency": "USD", "refunded": "5.00", "reason": "nobody paid in time",
        "shipping_address": "1 Old Street\nTown",
        "lines": [
            {"name": "Lamp & shade", "quantity": 2, "unit_price": "14.99", "subtotal": "29.98"},
            {"name": "Bulb", "quantity": 1, "unit_price": "10.00", "subtotal": "10.00"},
        ],
        "link": "https://shop.example/reset?token=abc&user=1", "hours_valid": 2,
        "product_name": "Lamp", "sellable": 3, "email": "ann@souk.example",
        "phone_number": "+1 555 0100", "postcode": "12345", "city": "Springfield",
        "notes": "Ring <i>twice</i>", "count": 1,
        "orders": [{"order_number": "ORD-20240101-0001", "customer_name": "Ann <b>Lee</b>",
            "city": "Springfield", "total": "39.98", "placed_at": "2024-01-01T00:00:00.000Z"}],
    });
    context.as_object().expect("an object").clone()
}

#[test]
fn every_template_renders_with_everything_it_may_use() {
    let templates = Templates::strict();
    for name in TEMPLATES {
        let template = Template::named(name).expect("there");
        let mail = templates.render(template, "The Souk", &full_context()).expect("renders");
        let all = format!("{}\n{}\n{}", mail.subject, mail.text, mail.html);
        assert!(!all.contains("{{") && !all.contains("{%"), "{all}");
        assert!(mail.text.contains("The Souk") && mail.html.contains("The Souk"), "{all}");
        assert!(!mail.html.contains("<b>Lee"), "escaped: {all}");
        if name.starts_with("order_") && name != "order_digest" {
            assert!(mail.subject.contains("ORD-20240101-0001"), "{all}");
        }
    }
    let placed = Template::named("order_placed").expect("there");
    let mail = templates.render(placed, "The Souk", &full_context()).expect("renders");
    assert!(
        mail.text.contains("  2 x Lamp & shade   29.98 USD (14.99 each)\n  1 x Bulb   10.00 USD\n"),
        "{}",
        mail.text
    );
    assert!(
        mail.text.contains("\n  Total: 39.98 USD\n\nWe will send it to:\n\n1 Old Street\nTown\n"),
        "{}",
        mail.text
    );
    assert!(mail.html.contains("Lamp &amp; shade"), "{}", mail.html);
}

#[test]
fn every_template_reads_well_with_nothing_and_with_nulls() {
    let templates = Templates::load(None).expect("parse");
    let nulls: Map<String, Value> =
        full_context().into_iter().map(|(name, _)| (name, Value::Null)).collect();
    for name in TEMPLATES {
        for context in [Map::new(), nulls.clone()] {
            let template = Template::named(name).expect("there");
            let mail = templates.render(template, "The Souk", &context).expect("renders");
            let all = format!("{}\n{}", mail.subject, mail.text);
            assert!(!mail.subject.is_empty() && !mail.subject.ends_with(' '), "{all}");
            for slip in ["  ", " ,", " .", " :", "undefined", "none", "null", "\n\n\n"] {
                assert!(!all.contains(slip), "{slip:?} in {all}");
            }
        }
    }
}

#[tokio::test]
async fn a_mail_has_what_readers_and_machines_need_and_is_always_the_same() {
    let (server, memory) = (MailServer::answering(&[]).await, directory());
    by_smtp(&server, &memory)
        .deliver(WELCOME, &welcome("s.user.1.1.mail.welcome"))
        .await
        .expect("sent");
    let other_memory = directory();
    let again = by_smtp(&server, &other_memory);
    again.deliver(WELCOME, &welcome("s.user.1.1.mail.welcome")).await.expect("sent");

    let mails = server.accepted();
    assert_eq!(mails[0], mails[1]);
    for line in [
        "From: Souk <shop@souk.example>",
        "To: ann@souk.example",
        "Subject: Welcome to The Souk",
        "Date: Mon, 01 Jan 2024 00:00:00 +0000",
        "Message-ID: <s.user.1.1.mail.welcome@souk>",
        "X-Souk-Template: welcome",
        "Auto-Submitted: auto-generated",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Type: text/html; charset=utf-8",
        "Hello Ann,",
    ] {
        assert!(mails[0].contains(&format!("{line}\r\n")), "{line} in {}", mails[0]);
    }
}

#[tokio::test]
async fn a_mail_delivered_twice_is_sent_once_even_after_a_restart() {
    let (server, memory) = (MailServer::answering(&[]).await, directory());
    let mailer = by_smtp(&server, &memory);
    mailer.deliver(WELCOME, &welcome("a")).await.expect("sent");
    mailer.deliver(WELCOME, &welcome("a")).await.expect("sent before");
    mailer.close().await;
    drop(mailer);
    by_smtp(&server, &memory).deliver(WELCOME, &welcome("a")).await.expect("sent before");
    assert_eq!(server.accepted().len(), 1);
}

#[tokio::test]
async fn a_mail_delivered_twice_at_once_is_sent_once() {
    let (server, memory) = (MailServer::answering(&[]).await, directory());
    let mailer = by_smtp(&server, &memory);
    let body = welcome("a");
    let both = tokio::join!(mailer.deliver(WELCOME, &body), mailer.deliver(WELCOME, &body));
    assert!(matches!(both, (Ok(()), Err(DeliveryError::Temporary(_)))), "{both:?}");
    assert_eq!(server.accepted().len(), 1);
}

#[tokio::test]
async fn retries_after_a_temporary_refusal_or_a_hang_up() {
    let (server, memory) = (MailServer::answering(&["451 later", HANG_UP]).await, directory());
    let mailer = by_smtp(&server, &memory);
    for _ in 0..2 {
        let refused = mailer.deliver(WELCOME, &welcome("a")).await;
        assert!(matches!(refused, Err(DeliveryError::Temporary(_))), "{refused:?}");
    }
    mailer.deliver(WELCOME, &welcome("a")).await.expect("sent");
    assert_eq!(server.accepted().len(), 1);
}

#[tokio::test]
async fn a_refusal_for_good_is_permanent_and_a_failed_log_in_is_not() {
    let (server, memory) = (MailServer::answering(&["554 no"]).await, directory());
    let mailer = by_smtp(&server, &memory);
    server.answer_recipients(&["550 nobody here", "530 log in first"]);
    for (id, is_permanent) in [("a", true), ("b", false), ("c", true)] {
        let refused = mailer.deliver(WELCOME, &welcome(id)).await.expect_err("refused");
        assert_eq!(
            matches!(refused, DeliveryError::Permanent(_)),
            is_permanent,
            "{id}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn an_unreachable_mail_server_is_a_temporary_failure() {
    let (server, memory) = (MailServer::answering(&[]).await, directory());
    let mailer = by_smtp(&server, &memory);
    drop(server);
    let refused = mailer.deliver(WELCOME, &welcome("a")).await;
    assert!(matches!(refused, Err(DeliveryError::Temporary(_))), "{refused:?}");
}

#[tokio::test]
async fn unsendable_notifications_are_refused_with_a_reason() {
    let (files, memory) = (directory(), directory());
    let mailer = mailer(Transport::Files(files.path().join("mail")), &memory);
    let long = format!("{}@souk.example", "a".repeat(300));
    for to in [
        "ann@souk.example\r\nBcc: all@souk.example",
        "ann@souk.example\n",
        "ann@souk.example> SIZE=1 <bob@souk.example",
        "ann@souk.example,bob@souk.example",
        "änn@souk.example",
        "nobody",
        "",
        &long,
    ] {
        let refused = mailer.deliver(WELCOME, &notification("a", to, &json!({}))).await;
        assert!(
            matches!(refused, Err(DeliveryError::Permanent(PermanentCause::Composition(_)))),
            "{to:?}: {refused:?}"
        );
    }
    for subject in ["souk.notify.v1.email.layout", "souk.notify.v1.email.", "souk.event.v1.x"] {
        let refused = mailer.deliver(subject, &welcome("a")).await;
        assert!(
            matches!(
                refused,
                Err(DeliveryError::Permanent(PermanentCause::UnknownTemplate { .. }))
            ),
            "{subject}: {refused:?}"
        );
    }
    for body in ["", "{", "[]", "{}", r#"{"id": 1, "data": {"to": "ann@souk.example"}}"#] {
        let refused = mailer.deliver(WELCOME, body.as_bytes()).await;
        assert!(
            matches!(refused, Err(DeliveryError::Permanent(PermanentCause::Malformed(_)))),
            "{body}: {refused:?}"
        );
    }
    assert!(!files.path().join("mail").exists(), "nothing was written");
}

#[tokio::test]
async fn without_a_mail_server_a_mail_is_one_file_however_often_it_is_delivered() {
    let (files, memory) = (directory(), directory());
    let mail = files.path().join("mail");
    let mailer = mailer(Transport::Files(mail.clone()), &memory);
    for _ in 0..3 {
        mailer.deliver(WELCOME, &welcome("s.user.1.1.mail.welcome")).await.expect("written");
    }
    let outside = "../../outside";
    mailer.deliver(WELCOME, &welcome(outside)).await.expect("written");

    let mut names: Vec<String> = fs::read_dir(&mail)
        .expect("there")
        .map(|entry| entry.expect("read").file_name().into_string().expect("text"))
        .collect();
    names.sort();
    let mut expected =
        [format!("{}.eml", plain_name(outside)), "s.user.1.1.mail.welcome.eml".to_owned()];
    expected.sort();
    assert_eq!(names, expected);
    let text = fs::read_to_string(mail.join("s.user.1.1.mail.welcome.eml")).expect("text");
    assert!(text.contains("X-Souk-Template: welcome\r\n"), "{text}");
    assert_eq!(fs::read_dir(memory.path()).expect("there").count(), 0, "files need no memory");
}

#[tokio::test]
async fn values_with_line_breaks_make_no_lines_of_their_own() {
    let (server, memory) = (MailServer::answering(&[]).await, directory());
    let mailer = by_smtp(&server, &memory);
    for (place, end) in
        ["\r\n", "\n", "\r", "\u{85}", "\u{2028}", "\u{7}", "\u{b}"].iter().enumerate()
    {
        let context = json!({"product_name": format!("Lamp{end}Bcc: all@souk.example{end}{end}Hi"), "sellable": 3});
        let body = notification(&format!("a.{place}"), "ann@souk.example", &context);
        mailer.deliver("souk.notify.v1.email.low_stock", &body).await.expect("sent");
        let mail = server.accepted().pop().expect("a mail");
        let subject = "Subject: Low stock: Lamp Bcc: all@souk.example Hi\r\n";
        assert!(
            mail.contains(subject) && !mail.contains("\nBcc:") && !mail.contains("\nHi"),
            "{mail}"
        );
    }
    let context = json!({"customer_name": "Ann\u{202e}\r\n\r\nLee", "reason": "one\r\ntwo\u{7}",
        "lines": [{"name": "Lamp\nFree: yes", "quantity": 1, "unit_price": "1.00", "subtotal": "1.00"}]});
    let body = notification("b", "ann@souk.example", &context);
    mailer.deliver("souk.notify.v1.email.order_cancelled", &body).await.expect("sent");
    let mail = server.accepted().pop().expect("a mail");
    for line in ["Hello Ann Lee,", "Reason: one\r\ntwo", "  1 x Lamp Free: yes   1.00"] {
        assert!(mail.contains(&format!("\n{line}\r\n")), "{line} in {mail}");
    }
}

#[tokio::test]
async fn every_address_that_is_taken_can_be_mailed() {
    let (server, memory) = (MailServer::answering(&[]).await, directory());
    let mailer = by_smtp(&server, &memory);
    let long = format!("{}@example.com", "a".repeat(200));
    for (place, (to, mailed)) in [
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("ann@例え.jp", "ann@xn--r8jz45g.jp"),
        ("root@localhost", "root@localhost"),
        ("ann@[127.0.0.1]", "ann@[127.0.0.1]"),
        ("ann@[::1]", "ann@[IPv6:::1]"),
        ("\"ann@home\"@example.com", "\"ann@home\"@example.com"),
        ("\"ann\\ lee>\"@example.com", "\"ann\\ lee>\"@example.com"),
        (&long, &long),
    ]
    .into_iter()
    .enumerate()
    {
        let body = notification(&format!("a.{place}"), to, &json!({}));
        mailer.deliver(WELCOME, &body).await.expect(to);
        let mail = server.accepted().pop().expect("a mail");
        assert!(mail.contains(&format!("\nTo: {mailed}\r\n")), "{to}: {mail}");
    }
}

#[test]
fn names_are_plain() {
    assert_eq!(plain_name("s.order.17.1.mail.order_placed"), "s.order.17.1.mail.order_placed");
    for id in
        ["", ".", "..", "../a", "a/b", "a b", "a\r\nb", ".hidden", "é", "a@b>", &"a".repeat(200)]
    {
        let name = plain_name(id);
        assert_eq!(name.len(), 64, "{id}");
        assert!(name.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    }
}
