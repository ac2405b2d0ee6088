//! A walk through the shop makes every kind of event and of mail; each matches docs/schemas and
//! docs/asyncapi.yaml.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::support::{Broker, Person, Shop, eventually, id_of, python, repository};
use async_nats::jetstream;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

/// A message as stored on a stream, without what JetStream adds.
fn as_line(subject: &str, id: &str, body: &Value) -> String {
    json!({"subject": subject, "id": id, "body": body}).to_string()
}

/// Fails with the errors that tests/validate_messages.py finds.
fn expect_valid(lines: &[String]) {
    let mut validator = Command::new(python())
        .arg(repository().join("tests/validate_messages.py"))
        .arg(repository().join("docs/schemas"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python starts");
    let mut input = validator.stdin.take().expect("piped");
    input.write_all(lines.join("\n").as_bytes()).expect("written");
    drop(input);
    let output = validator.wait_with_output().expect("ended");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// The types that have a schema.
fn described(kind: &str) -> BTreeSet<String> {
    let folder = repository().join("docs/schemas");
    let files = std::fs::read_dir(folder).expect("there").map(|file| file.expect("read"));
    let names = files.filter_map(|file| {
        let name = file.file_name().into_string().expect("text");
        Some(name.strip_suffix(".json")?.to_owned())
    });
    names.filter(|name| name.starts_with(kind)).collect()
}

/// Sends a signed gateway event about a payment.
async fn tell(shop: &Shop, id: &str, kind: &str, object: Value) {
    let event = json!({"id": id, "object": "event", "type": kind, "data": {"object": object}});
    let body = event.to_string();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let mut code = Hmac::<Sha256>::new_from_slice(b"whsec_sandbox").expect("any key");
    code.update(format!("{now}.{body}").as_bytes());
    let hex: String =
        code.finalize().into_bytes().iter().map(|octet| format!("{octet:02x}")).collect();
    let ask = shop.nobody().ask("POST", "/api/v1/webhooks/stripe/").raw("application/json", body);
    ask.header("Stripe-Signature", &format!("t={now},v1={hex}")).send().await.expect(200);
}

async fn tell_of_failure(shop: &Shop, intent: &str) {
    let object = json!({"id": intent, "object": "payment_intent", "amount": 1000, "currency": "usd",
        "status": "requires_payment_method",
        "last_payment_error": {"message": "Your card was declined."}});
    tell(shop, "evt_1", "payment_intent.payment_failed", object).await;
}

/// Two customers dispute their payments with the bank, and one of the disputes is lost.
async fn disputes_begin_and_end(shop: &Shop, ann: &Person, lamp: i64) {
    for (number, end) in ["won", "lost"].into_iter().enumerate() {
        let order = id_of(&ann.buy(lamp, 1).await);
        let paid = ann.pay(order).await;
        let dispute = |status: &str| {
            json!({"id": format!("dp_{number}"), "object": "dispute", "amount": 1000,
                "currency": "usd", "reason": "fraudulent", "status": status,
                "payment_intent": paid["stripe_payment_intent_id"]})
        };
        let (begun, ended) = (format!("evt_begun_{number}"), format!("evt_ended_{number}"));
        tell(shop, &begun, "charge.dispute.created", dispute("needs_response")).await;
        tell(shop, &ended, "charge.dispute.closed", dispute(end)).await;
    }
}

async fn everything_happens_to_orders(shop: &Shop, boss: &Person, ann: &Person, lamp: i64) {
    let delivered = id_of(&ann.buy(lamp, 1).await);
    for status in ["processing", "completed", "shipped", "delivered"] {
        boss.set_status(delivered, status).await.expect(200);
    }
    let changed = id_of(&ann.buy(lamp, 1).await);
    for change in ["add_product", "remove_product"] {
        let path = format!("/api/orders/{changed}/{change}/");
        ann.post(&path, json!({"product_id": lamp})).await.expect(200);
    }
    ann.delete_order(changed).await.expect(200);
    let declined = id_of(&ann.buy(lamp, 1).await);
    let payment = ann.create_payment(declined).await.expect(200);
    tell_of_failure(shop, payment["payment_intent_id"].as_str().expect("an intent")).await;
    boss.set_status(declined, "cancelled").await.expect(200);
    let refunded = id_of(&ann.buy(lamp, 1).await);
    ann.pay(refunded).await;
    boss.set_status(refunded, "cancelled").await.expect(200);
}

async fn everything_happens_to_products_and_people(shop: &Shop, boss: &Person, ann: &Person) {
    let chair = boss.add_product("Chair", "20.00", 1).await;
    let path = format!("/api/v1/products/{chair}/");
    boss.patch(&path, json!({"price": "21.00"})).await.expect(200);
    let last = id_of(&ann.buy(chair, 1).await);
    ann.delete_order(last).await.expect(200);
    boss.delete(&path).await;

    let eve = shop.customer("eve").await;
    eve.patch("/api/v1/auth/profile/", json!({"first_name": "Eve"})).await.expect(200);
    let passwords = json!({"old_password": "eve-password-1", "new_password": "eve-password-2",
        "confirm_password": "eve-password-2", "new_password_confirm": "eve-password-2"});
    eve.post("/api/v1/auth/change-password/", passwords).await.expect(200);
    shop.nobody()
        .post("/api/v1/users/reset-password/", json!({"email": "ann@souk.example"}))
        .await
        .expect(200);
    let bob = shop.customer("bob").await;
    let me = bob.get("/api/v1/auth/profile/").await.expect(200);
    bob.delete(&format!("/api/v1/users/{}", id_of(&me))).await;
}

#[tokio::test]
async fn every_kind_of_event_and_mail_matches_its_schema() {
    let broker = Broker::start();
    // The mail server is away, so the mails stay in the queue, where they can be read.
    let settings = [
        ("SOUK_NATS_URL", broker.url()),
        ("SOUK_CANCEL_ON_PAYMENT_FAILED", "false".to_owned()),
        ("SOUK_SMTP_URL", "smtp://127.0.0.1:9".to_owned()),
    ];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    let shop = Shop::open_with(&settings).await;
    let (boss, ann) = (shop.admin().await, shop.customer("ann").await);
    let lamp = boss.add_product("Lamp", "10.00", 1_000).await;
    everything_happens_to_orders(&shop, &boss, &ann, lamp).await;
    disputes_begin_and_end(&shop, &ann, lamp).await;
    everything_happens_to_products_and_people(&shop, &boss, &ann).await;

    let mut expected = described("souk.order.");
    expected.extend(described("souk.product."));
    expected.extend(described("souk.user."));
    // The remaining payment events need a gateway that reverses what it reported.
    let of_payments = ["created", "succeeded", "failed", "refunded", "canceled"].into_iter();
    let of_payments = of_payments.chain(["disputed", "dispute_won", "dispute_lost"]);
    expected.extend(of_payments.map(|what| format!("souk.payment.{what}.v1")));
    let mut missing = BTreeSet::new();
    let told = eventually("an event of each type", async || {
        let events = broker.events().await;
        let told: BTreeSet<String> = events
            .iter()
            .filter_map(|event| Some(event.body["type"].as_str()?.to_owned()))
            .collect();
        let now_missing: BTreeSet<String> = expected.difference(&told).cloned().collect();
        if now_missing != missing {
            eprintln!("not told yet: {now_missing:?}");
        }
        missing = now_missing;
        missing.is_empty().then_some(events)
    })
    .await;

    let mut lines: Vec<String> =
        told.iter().map(|event| as_line(&event.subject, &event.message_id, &event.body)).collect();
    let mails = notifications(&broker).await;
    let templates: BTreeSet<&str> =
        mails.iter().filter_map(|(subject, ..)| subject.rsplit('.').next()).collect();
    for template in ["welcome", "password_reset", "order_placed", "order_paid", "order_shipped"] {
        assert!(templates.contains(template), "{template} is missing: {templates:?}");
    }
    lines.extend(mails.iter().map(|(subject, id, body)| as_line(subject, id, body)));
    expect_valid(&lines);

    // The schema named in an event is served by the shop.
    let schema = told[0].body["dataschema"].as_str().expect("a name").to_owned();
    let name = schema.strip_prefix("urn:souk:schema:").expect("ours").to_owned();
    let served = shop.nobody().get(&format!("/schemas/{name}.json")).await;
    assert_eq!(served.expect(200)["$id"], schema);
    assert_eq!(served.header("Content-Type"), "application/schema+json");
    shop.nobody().get("/schemas/souk.order.invented.v1.json").await.expect(404);
}

/// Subject, id and body of every mail in the queue.
async fn notifications(broker: &Broker) -> Vec<(String, String, Value)> {
    let context = jetstream::new(broker.client_of("souk").await);
    let stream = context.get_stream("SOUK_NOTIFY").await.expect("there");
    let state = &stream.cached_info().state;
    let mut mails = Vec::new();
    for sequence in state.first_sequence..=state.last_sequence {
        let mail = stream.get_raw_message(sequence).await.expect("nothing was sent");
        let id = mail.headers.get("Nats-Msg-Id").map(ToString::to_string).unwrap_or_default();
        let body = serde_json::from_slice(&mail.payload).expect("JSON");
        mails.push((mail.subject.to_string(), id, body));
    }
    mails
}

#[test]
fn the_asyncapi_description_names_every_type_and_its_schema() {
    let description = std::fs::read_to_string(repository().join("docs/asyncapi.yaml"));
    let description = description.expect("there");
    let mut named = BTreeSet::new();
    for line in description.lines().map(str::trim) {
        let reference = line.trim_start_matches("- ").strip_prefix("$ref: ./schemas/");
        if let Some(file) = reference {
            named.insert(file.trim_end_matches(".json").to_owned());
        }
    }
    let described: BTreeSet<String> = described("");
    assert_eq!(named, described);
    for name in described.iter().filter(|name| name.starts_with("souk.")) {
        assert!(description.contains(&format!("const: {name}\n")), "{name}");
        let what = name.split('.').rev().nth(1).expect("a word");
        let listed = description.lines().any(|line| {
            let words = line.trim().strip_prefix("enum: [").and_then(|l| l.strip_suffix(']'));
            words.is_some_and(|words| words.split(", ").any(|word| word == what))
        });
        assert!(listed, "{what} is a word of a subject");
    }
}
