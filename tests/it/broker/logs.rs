//! The log service stores and finds the log lines of Souk and other systems, and a flood of them delays no order.

use crate::support::{Broker, Person, Shop, eventually, id_of};
use serde_json::{Value, json};

const LOGS: &str = "/api/v1/logs/";

/// Waits until a search finds this many lines, and returns them.
async fn expect_lines(boss: &Person, query: &str, number: usize) -> Vec<Value> {
    let what = format!("{number} lines of {query}");
    eventually(&what, async || {
        let found = boss.get(&format!("{LOGS}?{query}")).await.expect(200);
        let lines = found["results"].as_array().expect("a list").clone();
        (lines.len() >= number).then_some(lines)
    })
    .await
}

fn messages(lines: &[Value]) -> Vec<&str> {
    lines.iter().filter_map(|line| line["message"].as_str()).collect()
}

async fn shop_with(broker: &Broker) -> Shop {
    Shop::open_with(&[("SOUK_NATS_URL", &broker.url())]).await
}

#[tokio::test]
async fn stores_and_finds_log_messages_of_other_systems() {
    let broker = Broker::start();
    let shop = shop_with(&broker).await;
    let boss = shop.admin().await;
    expect_lines(&boss, "q=SOUK_DEAD", 1).await;
    broker.publish("souk.log.v1.till.info", r#"{"message": "opened", "drawer": 7}"#).await;
    broker.publish("souk.log.v1.till.warn", "paper is low").await;
    broker
        .publish("souk.log.v1.van.error", r#"{"message": "flat tyre", "on": "7th Street"}"#)
        .await;

    let lines = expect_lines(&boss, "service=till", 2).await;
    assert_eq!(messages(&lines), ["paper is low", "opened"], "newest first");
    assert_eq!(lines[1]["fields"], json!({"drawer": 7}));
    assert_eq!((&lines[0]["service"], &lines[0]["level"]), (&json!("till"), &json!("warn")));

    let lines = expect_lines(&boss, "level=WARNING&since=1h&service=till", 1).await;
    assert_eq!(messages(&lines), ["paper is low"]);
    let lines = expect_lines(&boss, "q=7TH+street&level=warn", 1).await;
    assert_eq!(messages(&lines), ["flat tyre"]);
    let none =
        boss.get(&format!("{LOGS}?service=till&until=2024-01-01T00:00:00Z")).await.expect(200);
    assert_eq!(none, json!({"count": 0, "next": null, "previous": null, "results": []}));

    let page = boss.get(&format!("{LOGS}?service=till&page_size=1")).await.expect(200);
    assert_eq!(
        (&page["count"], messages(page["results"].as_array().expect("a list"))),
        (&json!(2), vec!["paper is low"])
    );
    let next = boss.get(page["next"].as_str().expect("a next page")).await.expect(200);
    assert_eq!(messages(next["results"].as_array().expect("a list")), ["opened"]);
    boss.get(&format!("{LOGS}?service=till&page=9"))
        .await
        .says(404, json!({"detail": "Invalid page."}));
}

#[tokio::test]
async fn log_search_names_bad_parameters_and_refuses_customers() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let bad = "?service=a.*&level=loud&since=soon&until=never&q=".to_owned() + &"x".repeat(201);
    boss.get(&format!("{LOGS}{bad}"))
        .await
        .blames(400, &["service", "level", "since", "until", "q"]);
    boss.get(&format!("{LOGS}?since=1h&until=2h")).await.blames(400, &["until"]);
    shop.customer("ann").await.get(LOGS).await.expect(403);
    shop.nobody().get(LOGS).await.expect(401);
}

#[tokio::test]
async fn malformed_log_messages_become_dead_letters_and_the_others_are_stored() {
    let broker = Broker::start();
    let shop = shop_with(&broker).await;
    let boss = shop.admin().await;
    expect_lines(&boss, "q=SOUK_DEAD", 1).await;
    let bad: [(&str, Vec<u8>); 7] = [
        ("souk.log.v1.till.info", b"{oops".to_vec()),
        ("souk.log.v1.till.info", br#"{"msg": "m"}"#.to_vec()),
        ("souk.log.v1.till.info", b"\xff\xfe".to_vec()),
        ("souk.log.v1.till.info", vec![b'a'; 20_000]),
        ("souk.log.v1.till.loud", b"text".to_vec()),
        ("souk.log.v1.a.b.info", b"text".to_vec()),
        ("souk.log.v2.till.info", b"text".to_vec()),
    ];
    for (subject, body) in bad.clone() {
        broker.publish(subject, body).await;
    }
    broker.publish("souk.log.v1.till.info", "all is well").await;

    let lines = expect_lines(&boss, "service=till", 1).await;
    assert_eq!(messages(&lines), ["all is well"]);
    let reasons = broker.reasons_of_dead_letters("logger").await;
    assert_eq!(reasons.len(), bad.len(), "{reasons:#?}");
    for (reason, wanted) in reasons.iter().zip([
        "no JSON object",
        "no `message`",
        "no UTF-8",
        "20000 octets",
        "subject",
        "subject",
        "subject",
    ]) {
        assert!(reason.contains(wanted), "{wanted}: {reason}");
    }
    let metrics = shop.nobody().get("/metrics").await.text;
    assert!(metrics.contains("souk_logs_refused_total 7"), "{metrics}");
}

#[tokio::test]
async fn the_shops_own_log_is_kept_without_a_broker_and_over_a_restart() {
    let mut shop = Shop::open().await;
    shop.customer("ann").await;
    let boss = shop.admin().await;
    let lines = expect_lines(&boss, "service=souk&q=sent+a+mail", 1).await;
    assert_eq!(lines[0]["fields"]["template"], "welcome");

    shop.restart().await;
    expect_lines(&shop.admin().await, "service=souk&q=sent+a+mail", 1).await;
    let all = shop.admin().await.get(&format!("{LOGS}?page_size=100")).await.text;
    for personal in ["ann@souk.example", "boss@souk.example", "password-1"] {
        assert!(!all.contains(personal), "{personal} in the log: {all}");
    }
    let shown = shop.run(&["logs", "--q", "sent a mail"], "").expect_success().stdout;
    assert!(shown.contains("INFO souk: sent a mail"), "while the shop is open: {shown}");

    shop.stop().await;
    let shown = shop
        .run(&["logs", "--level", "info", "--since", "1h", "--json"], "")
        .expect_success()
        .stdout;
    let lines: Vec<Value> =
        shown.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(messages(&lines).contains(&"stopping"), "also the last words: {shown}");
    shop.run(&["logs", "--level", "loud"], "").expect_refusal().naming("--level");
    shop.run(&["logs", "--follow"], "").expect_refusal().naming("nobody keeps the log");
}

#[tokio::test]
async fn followers_get_new_log_lines() {
    let broker = Broker::start();
    let shop = shop_with(&broker).await;
    let boss = shop.admin().await;
    expect_lines(&boss, "q=SOUK_DEAD", 1).await;
    broker.publish("souk.log.v1.till.info", "before").await;
    expect_lines(&boss, "q=before", 1).await;

    let follower = shop.follow(&["logs", "--follow", "--service", "till"], "INFO till: before");
    broker.publish("souk.log.v1.van.info", "somebody else").await;
    broker.publish("souk.log.v1.till.error", "after").await;
    let heard = eventually("the next line", async || {
        let output = follower.output();
        output.contains("ERROR till: after").then_some(output)
    })
    .await;
    assert!(!heard.contains("somebody else"), "{heard}");
}

/// Lines of a flood of logs.
const FLOOD: usize = 35_000;
const KEPT: &str = "souk_logs_kept_total";
const SAMPLED: &str = "souk_logs_dropped_total{reason=\"sampled\"}";

/// What a counter of the shop says.
async fn counted(shop: &Shop, counter: &str) -> usize {
    let metrics = shop.nobody().get("/metrics").await.text;
    let number = metrics.lines().find_map(|line| line.strip_prefix(counter)?.strip_prefix(' '));
    number.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{counter}: {metrics}"))
}

#[tokio::test]
async fn a_flood_of_logs_is_kept_within_bounds_and_orders_go_on() {
    let broker = Broker::start();
    let mut shop =
        Shop::open_with(&[("SOUK_NATS_URL", &broker.url()), ("SOUK_LOG_KEEP_MIB", "1")]).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 100).await;
    let ann = shop.customer("ann").await;
    expect_lines(&boss, "q=SOUK_DEAD", 1).await;

    // All of it waits when the shop starts, however fast this machine publishes.
    shop.stop().await;
    broker.flood("souk.log.v1.till.info", &"x".repeat(500), FLOOD).await;
    shop.start();
    for number in 0..10 {
        let order = id_of(&ann.buy(lamp, 1).await);
        broker.expect_history(order, &["placed"]).await;
        if number == 0 {
            let handled = counted(&shop, KEPT).await + counted(&shop, SAMPLED).await;
            assert!(handled < FLOOD, "the order and its event waited for the flood");
        }
    }

    let dropped = eventually("the flood to be sampled", async || {
        let dropped = counted(&shop, SAMPLED).await;
        (dropped > 5_000).then_some(dropped)
    })
    .await;
    assert!(dropped < FLOOD, "some are kept: {dropped}");
    eventually("old lines to be deleted", async || {
        let found = boss.get(&format!("{LOGS}?service=till")).await.expect(200);
        (found["count"].as_u64()? * 500 <= 1 << 20).then_some(())
    })
    .await;
}
