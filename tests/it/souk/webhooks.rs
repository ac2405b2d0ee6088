//! Webhook endpoints: administrators create them, and each gets the events it subscribed to: signed, in order, with
//! retries, and never at a private address.

use crate::support;
use std::collections::BTreeSet;

use crate::support::{Endpoint, Fault, Person, Shop, eventually, id_of};
use serde_json::{Value, json};

const ALL: &str = "/api/v1/webhook-endpoints/";

async fn open() -> Shop {
    Shop::open_with(&[("SOUK_WEBHOOK_PRIVATE_ADDRESSES", "true")]).await
}

async fn add(boss: &Person, hook: &Endpoint, events: &[&str]) -> Value {
    let body = json!({"url": hook.url(), "events": events, "description": "A test"});
    boss.post(ALL, body).await.expect(201)
}

fn log_of(endpoint: &Value) -> String {
    format!("{ALL}{}/deliveries/", id_of(endpoint))
}

async fn expect_delivery(
    boss: &Person,
    endpoint: &Value,
    what: &str,
    is_it: impl Fn(&Value) -> bool,
) -> Value {
    eventually(what, async || {
        let page = boss.get(&log_of(endpoint)).await.expect(200);
        page["results"].as_array().expect("a list").iter().find(|delivery| is_it(delivery)).cloned()
    })
    .await
}

#[tokio::test]
async fn an_endpoint_gets_its_events_signed_and_in_order() {
    let (orders, everything) = (Endpoint::open().await, Endpoint::open().await);
    let mut shop = open().await;
    let boss = shop.admin().await;
    let endpoint = add(&boss, &orders, &["order.*", "user.registered"]).await;
    let other = add(&boss, &everything, &["*"]).await;
    let secret = endpoint["secret"].as_str().expect("shown once").to_owned();
    assert_ne!(other["secret"], endpoint["secret"]);
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;
    let order = id_of(&ann.buy(lamp, 1).await);
    ann.pay(order).await;
    boss.set_status(order, "shipped").await.expect(200);

    let letters = orders.expect_taken(4).await;
    let types: Vec<_> =
        letters.iter().map(|letter| letter.body["type"].as_str().unwrap_or("")).collect();
    let expected = [
        "souk.user.registered.v1",
        "souk.order.placed.v1",
        "souk.order.paid.v1",
        "souk.order.shipped.v1",
    ];
    assert_eq!(types, expected);
    for letter in &letters {
        letter.expect_signed_with(&secret);
        assert_eq!(letter.header("content-type"), "application/cloudevents+json");
        assert_eq!(letter.body["id"], letter.id());
        assert_eq!(letter.body["specversion"], "1.0");
    }
    let versions: Vec<_> =
        letters[1..].iter().map(|letter| letter.body["data"]["version"].clone()).collect();
    assert_eq!(versions, [json!(1), json!(2), json!(3)]);
    eventually("the other endpoint to hear the last event", async || {
        everything.taken().iter().any(|letter| letter.id() == letters[3].id()).then_some(())
    })
    .await;
    assert!(
        everything.taken().iter().any(|letter| letter.body["type"] == "souk.product.created.v1")
    );

    expect_delivery(&boss, &endpoint, "the last delivery in the log", |delivery| {
        delivery["event"] == "order.shipped" && delivery["status"] == "success"
    })
    .await;
    let page = boss.get(&log_of(&endpoint)).await.expect(200);
    assert_eq!(page["count"], 4);
    assert_eq!(page["results"][0]["event_id"], letters[3].id());
    assert_eq!(
        (&page["results"][0]["tries"], &page["results"][0]["answer"]),
        (&json!(1), &json!(200))
    );
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn a_failing_endpoint_delays_no_other_and_gets_retries_under_the_same_id() {
    let (broken, hanging, well) =
        (Endpoint::open().await, Endpoint::open().await, Endpoint::open().await);
    let elsewhere = Endpoint::open().await;
    broken.next(&[Fault::Status(500), Fault::Redirect(elsewhere.url()), Fault::Drop]);
    hanging.always(Some(Fault::Hang));
    let mut shop = open().await;
    let boss = shop.admin().await;
    let endpoint = add(&boss, &broken, &["order.*"]).await;
    add(&boss, &hanging, &["order.*"]).await;
    add(&boss, &well, &["order.*"]).await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;
    let first = id_of(&ann.buy(lamp, 1).await);
    let second = id_of(&ann.buy(lamp, 1).await);

    let told = |letters: &[support::Letter]| -> BTreeSet<i64> {
        letters.iter().map(|letter| id_of(&letter.body["data"]["order"])).collect()
    };
    assert_eq!(told(&well.expect_taken(2).await), BTreeSet::from([first, second]));
    assert_eq!(told(&broken.expect_taken(2).await), BTreeSet::from([first, second]));
    let letters = broken.letters();
    assert_eq!(letters.len(), 5);
    assert_eq!(letters.iter().map(|letter| letter.id()).collect::<BTreeSet<_>>().len(), 2);
    assert!(elsewhere.letters().is_empty(), "redirects are not followed");
    let delivery =
        expect_delivery(&boss, &endpoint, "a delivery that took some tries", |delivery| {
            delivery["status"] == "success" && delivery["tries"].as_i64() > Some(1)
        })
        .await;

    // A delivered event can be sent again on request, under its id.
    let again = format!("{}{}/redeliver/", log_of(&endpoint), id_of(&delivery));
    assert_eq!(boss.post(&again, json!({})).await.expect(202)["status"], "pending");
    let letters = broken.expect_letters(6).await;
    assert_eq!(letters[5].id(), delivery["event_id"].as_str().expect("an id"));
    boss.post(&format!("{}999999/redeliver/", log_of(&endpoint)), json!({})).await.expect(404);
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn kill_9_and_a_time_switched_off_lose_no_event() {
    let hook = Endpoint::open().await;
    hook.always(Some(Fault::Drop));
    let mut shop = open().await;
    let boss = shop.admin().await;
    let endpoint = add(&boss, &hook, &["order.placed"]).await;
    let one = format!("{ALL}{}/", id_of(&endpoint));
    let lamp = boss.add_product("Lamp", "10.00", 100).await;
    let ann = shop.customer("ann").await;
    let mut orders = BTreeSet::new();
    for round in 0..9 {
        orders.insert(id_of(&ann.buy(lamp, 1).await));
        if round == 3 {
            assert_eq!(
                boss.patch(&one, json!({"active": false})).await.expect(200)["active"],
                false
            );
        }
        if round % 3 == 2 {
            shop.kill();
            shop.start();
        }
    }
    hook.always(None);
    assert_eq!(boss.patch(&one, json!({"active": true})).await.expect(200)["active"], true);
    eventually("every order to be told", async || {
        let taken = hook.taken();
        let told: BTreeSet<i64> =
            taken.iter().map(|letter| id_of(&letter.body["data"]["order"])).collect();
        (told == orders).then_some(())
    })
    .await;
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn answers_without_an_end_are_cut_off() {
    let hook = Endpoint::open().await;
    let mut shop = open().await;
    let boss = shop.admin().await;
    let endpoint = add(&boss, &hook, &["user.registered"]).await;
    let floods = [
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n",
        "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 199 Odd\r\n\r\n",
    ];
    for (number, flood) in floods.into_iter().enumerate() {
        hook.next(&[Fault::Endless(flood)]);
        shop.customer(&format!("ann{number}")).await;
        expect_delivery(&boss, &endpoint, "a delivery that was cut off", |delivery| {
            let reason = delivery["reason"].as_str().unwrap_or_default();
            delivery["tries"] == 1 && reason.contains("octets")
        })
        .await;
        hook.expect_taken(number + 1).await;
    }
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn addresses_of_our_own_house_are_refused() {
    let mut shop = Shop::open().await;
    let boss = shop.admin().await;
    for url in [
        "https://127.0.0.1/",
        "https://localhost/",
        "https://10.0.0.1/x",
        "https://169.254.169.254/latest",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fe80::1]/",
        "https://0.0.0.0/",
        "https://[2620:4f:8000::1]/",
        "https://[3ffe::1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://192.31.196.1/",
        "https://2130706433/",
        "http://1.1.1.1/",
        "https://user:secret@1.1.1.1/",
        "ftp://1.1.1.1/",
        "nonsense",
    ] {
        boss.post(ALL, json!({"url": url, "events": ["*"]})).await.blames(400, &["url"]);
    }
    for url in
        ["https://192.168.1.7/", "https://[fd00::7]/", "https://localhost/", "http://1.1.1.1/"]
    {
        let refused = boss.post(ALL, json!({"url": url, "events": ["*"]})).await;
        refused.blames(400, &["url"]);
        assert!(refused.text.contains("SOUK_WEBHOOK_PRIVATE_ADDRESSES"), "{refused}");
    }
    assert_eq!(boss.get(ALL).await.expect(200), json!([]));
    // The address is checked again at each connection: the setting may have changed.
    shop.stop().await;
    let hook = Endpoint::open().await;
    shop.set("SOUK_WEBHOOK_PRIVATE_ADDRESSES", "true");
    shop.start();
    let endpoint = add(&boss, &hook, &["user.registered"]).await;
    shop.stop().await;
    shop.set("SOUK_WEBHOOK_PRIVATE_ADDRESSES", "false");
    shop.start();
    shop.customer("ann").await;
    let refused = expect_delivery(&boss, &endpoint, "a refused delivery", |_| true).await;
    assert!(
        refused["reason"].as_str().expect("why").contains("SOUK_WEBHOOK_PRIVATE_ADDRESSES"),
        "{refused}"
    );
    assert!(hook.letters().is_empty());
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn endpoints_are_made_shown_changed_and_deleted() {
    let hook = Endpoint::open().await;
    let mut shop = open().await;
    let boss = shop.admin().await;
    boss.post(ALL, json!({})).await.blames(400, &["url", "events"]);
    for events in [json!([]), json!(["orders.*"]), json!(["order"]), json!("order.*")] {
        boss.post(ALL, json!({"url": hook.url(), "events": events})).await.blames(400, &["events"]);
    }
    for (unknown, meant) in [
        ("order.payed", "did you mean \\\"order.paid\\\"?"),
        ("orders.*", "did you mean \\\"order.*\\\"?"),
        ("payment.dispute_one", "did you mean \\\"payment.dispute_won\\\"?"),
        ("souk.order.paid.v1", "did you mean \\\"order.paid\\\"?"),
        ("payment.celebrated", "payment.dispute_lost"),
        ("basket.*", "order.*"),
    ] {
        let body = json!({"url": hook.url(), "events": ["order.paid", unknown]});
        let refused = boss.post(ALL, body).await;
        refused.blames(400, &["events"]);
        assert!(refused.text.contains(unknown) && refused.text.contains(meant), "{refused}");
    }
    let made = add(&boss, &hook, &["order.*"]).await;
    let one = format!("{ALL}{}/", id_of(&made));
    let mut shown = made.clone();
    shown.as_object_mut().expect("an object").remove("secret").expect("shown to whoever made it");
    boss.get(&one).await.says(200, shown.clone());
    boss.get(ALL).await.says(200, json!([shown]));
    let changed = boss.patch(&one, json!({"events": ["*"], "description": ""})).await.expect(200);
    assert_eq!((&changed["events"], &changed["description"]), (&json!(["*"]), &json!("")));
    assert_eq!(changed["url"], made["url"]);
    boss.patch(&one, json!({"events": ["order.payed"]})).await.blames(400, &["events"]);
    boss.patch(&one, json!({"events": ["?"], "active": "perhaps"}))
        .await
        .blames(400, &["events", "active"]);
    assert_eq!(boss.delete(&one).await.status, 204);
    for answer in [boss.get(&one).await, boss.delete(&one).await, boss.patch(&one, json!({})).await]
    {
        assert_eq!(answer.status, 404);
    }
    boss.get(&log_of(&made)).await.expect(404);
    shop.stop().await;
    shop.check();
}
