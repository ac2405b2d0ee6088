//! `souk backup` and `souk restore`: one committed state, also of a shop that is busy; and `souk events export`.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use support::{Shop, id_of};

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of ASCII")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_taken_under_load_is_one_state_and_restores_to_it() {
    let mut shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 100_000).await;
    let known = shop.customer("known").await;
    let before = id_of(&known.buy(lamp, 3).await);
    known.pay(before).await;
    let (stop, stopping) = tokio::sync::watch::channel(false);
    let mut shoppers = Vec::new();
    for number in 0..6 {
        let person = shop.customer(&format!("shopper{number}")).await;
        let stopping = stopping.clone();
        shoppers.push(tokio::spawn(async move {
            let mut placed = 0;
            while !*stopping.borrow() {
                let order = id_of(&person.buy(lamp, 1).await);
                if placed % 2 == 0 {
                    person.pay(order).await;
                }
                placed += 1;
            }
            placed
        }));
    }
    let mut copies = Vec::new();
    for number in 0..5 {
        let file = shop.directory().join(format!("copy{number}"));
        let copied = shop.run(&["backup", text(&file)], "").expect_success();
        assert!(copied.stdout.contains("was copied"), "{copied:?}");
        copies.push(file);
    }
    shop.run(&["backup", text(&copies[0])], "").expect_refusal().naming("there already");
    shop.run(&["backup", "/nowhere/at/all"], "").expect_refusal().naming("/nowhere");
    stop.send_replace(true);
    let mut placed = 0;
    for shopper in shoppers {
        placed += shopper.await.expect("a shopper who shops to the end");
    }
    assert!(placed > 0);
    shop.run(&["restore", text(&copies[0]), "--force"], "").expect_refusal().naming("in use");
    let (orders, ..) = boss.report().await;
    shop.stop().await;
    shop.run(&["restore", text(&copies[0])], "").expect_refusal().naming("--force");
    shop.check();

    let mut seen = Vec::new();
    for copy in &copies {
        shop.run(&["restore", text(copy), "--force"], "").expect_success();
        shop.check();
        shop.start();
        let (orders_then, ..) = shop.admin().await.report().await;
        assert!(orders_then <= orders);
        assert_eq!(known.order(before).await.expect(200)["status"], "completed");
        seen.push(orders_then);
        shop.stop().await;
    }
    assert!(seen.is_sorted(), "each copy has what the one before it had: {seen:?}");
    let leftovers: Vec<_> = fs::read_dir(shop.directory())
        .expect("a directory")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("copy") && name.contains('.'))
        .collect();
    assert!(leftovers.is_empty(), "{leftovers:?}");
}

#[tokio::test]
async fn a_closed_shop_is_copied_and_restored_elsewhere_and_no_store_is_lost_to_a_bad_copy() {
    let mut shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    shop.stop().await;
    let file = shop.directory().join("copy");
    shop.run(&["backup", text(&file)], "").expect_success();

    let mut other = Shop::closed_with(&[]);
    other.run(&["backup", "copy"], "").expect_refusal().naming("no shop");
    other.run(&["restore", "nothing"], "").expect_refusal().naming("nothing");
    other.run(&["restore", text(&file)], "").expect_success();
    other.check();
    other.start();
    assert_eq!(other.admin().await.stock_of(lamp).await, 10);
    other.stop().await;

    let broken = other.directory().join("broken");
    fs::write(&broken, "not a store").expect("a file");
    let mut cut = fs::read(&file).expect("the copy");
    cut.truncate(cut.len() / 2);
    let half = other.directory().join("half");
    fs::write(&half, cut).expect("a file");
    for bad in [&broken, &half] {
        other.run(&["restore", text(bad), "--force"], "").expect_refusal();
        other.check();
    }
    assert!(!other.data().join("restore.tmp").exists());
}

#[tokio::test]
async fn events_are_exported_alike_from_the_open_and_from_the_closed_shop() {
    let mut shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 100).await;
    let ann = shop.customer("ann").await;
    let mut orders = BTreeSet::new();
    for _ in 0..40 {
        let order = id_of(&ann.buy(lamp, 1).await);
        orders.insert(order);
        ann.pay(order).await;
    }
    let all = ["events", "export", "--since", "2020-01-01T00:00:00Z"];
    let paid = [&all[..], &["--types", "order.paid,user.*"]].concat();
    let open = shop.run(&all, "").expect_success().stdout;
    let paid_open = shop.run(&paid, "").expect_success().stdout;
    let events: Vec<Value> =
        open.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let placed: BTreeSet<i64> = events
        .iter()
        .filter(|event| event["type"] == "souk.order.placed.v1")
        .map(|event| id_of(&event["data"]["order"]))
        .collect();
    assert_eq!(placed, orders);
    assert!(events.windows(2).all(|pair| pair[0]["time"].as_str() <= pair[1]["time"].as_str()));
    assert!(!events.iter().any(|event| event["data"].get("to").is_some()), "no mails");
    assert!(paid_open.lines().count() >= 41);

    // From the time of one event on, that event is the first.
    let time = events[events.len() / 2]["time"].as_str().expect("a time");
    let later = shop.run(&["events", "export", "--since", time], "").expect_success().stdout;
    assert!(open.ends_with(&later) && later.lines().count() < events.len());
    let first: Value = serde_json::from_str(later.lines().next().expect("a line")).expect("JSON");
    assert_eq!(first["time"], json!(time));
    let none = shop.run(&["events", "export", "--since", "2100-01-01T00:00:00Z"], "");
    assert_eq!(none.expect_success().stdout, "");

    for (unknown, meant) in [
        ("order.payed", "order.paid"),
        ("orders.*", "order.*"),
        ("order.paid,prodcut.*", "product.*"),
    ] {
        let asked = ["events", "export", "--since", "2020-01-01T00:00:00Z", "--types", unknown];
        shop.run(&asked, "").expect_refusal().naming(meant);
    }
    shop.run(&["events", "export", "--since", "yesterday"], "").expect_refusal().naming("since");
    shop.run(&[&all[..], &["--types", "orders"]].concat(), "").expect_refusal().naming("types");
    shop.stop().await;
    assert_eq!(shop.run(&all, "").expect_success().stdout, open);
    assert_eq!(shop.run(&paid, "").expect_success().stdout, paid_open);
    shop.check();
}
