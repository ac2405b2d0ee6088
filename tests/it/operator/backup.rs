//! `souk backup` and `souk restore`: a copy is one committed state, even of a busy shop, and only a complete copy is
//! restored; and `souk events export`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::support::{Shop, id_of};
use serde_json::{Value, json};

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

    // Exported from one event's time on, that event is the first.
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

#[tokio::test]
async fn an_export_continues_after_the_place_that_the_last_one_named() {
    let mut shop = Shop::open().await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 100).await;
    let ann = shop.customer("ann").await;
    ann.buy(lamp, 1).await;
    let place_in = |stderr: &str| {
        let (_, place) = stderr.rsplit_once("continue with --after ").expect("a place");
        place.trim().to_owned()
    };
    let export = |shop: &Shop, start: &[&str]| {
        let done = shop.run(&[&["events", "export"], start].concat(), "").expect_success();
        (done.stdout, place_in(&done.stderr))
    };
    let all = ["--since", "2020-01-01"];
    let (before, place) = export(&shop, &all);
    assert_eq!(export(&shop, &["--after", &place]), (String::new(), place.clone()));
    assert_eq!(export(&shop, &["--after", "0"]).0, before, "0 is before the first event");
    assert_eq!(export(&shop, &["--after", "0", "--types", "user.*"]).1, place);

    ann.buy(lamp, 2).await;
    let (open, last) = export(&shop, &["--after", &place]);
    assert!(open.contains("souk.order.placed.v1") && last != place, "{place} to {last}: {open}");
    assert_eq!(export(&shop, &all).0, before + &open);
    let refused = |shop: &Shop, start: &[&str], word: &str| {
        shop.run(&[&["events", "export"], start].concat(), "").expect_refusal().naming(word);
    };
    for is_open in [true, false] {
        refused(&shop, &["--after", "x"], "not a place in the events of this shop");
        refused(&shop, &["--after", "99999"], "this shop has no event at that place");
        assert_eq!(export(&shop, &["--after", &place]), (open.clone(), last.clone()));
        if is_open {
            shop.stop().await;
        }
    }
    refused(&shop, &["--after", &place, "--since", "1h"], "cannot be used with");
    refused(&shop, &[], "--after");

    // After a restore, the later place belongs to the past of another store.
    let file = shop.directory().join("copy");
    shop.run(&["backup", text(&file)], "").expect_success();
    shop.start();
    shop.customer("bob").await.buy(lamp, 1).await;
    let (_, lost) = export(&shop, &all);
    shop.stop().await;
    shop.run(&["restore", text(&file), "--force"], "").expect_success();
    refused(&shop, &["--after", &lost], "restored from a copy");
    let (again, _) = export(&shop, &["--after", &place]);
    assert!(again.starts_with(&open), "{again}");
}

/// A closed shop with an order, and a copy of it.
async fn copied() -> (Shop, std::path::PathBuf) {
    let mut shop = Shop::open().await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 10).await;
    shop.customer("ann").await.buy(lamp, 1).await;
    let file = shop.directory().join("copy");
    let said = shop.run(&["backup", text(&file)], "").expect_success().stdout;
    assert!(said.contains("not in the copy") && said.contains("jwt-secret"), "{said}");
    shop.stop().await;
    (shop, file)
}

fn users(shop: &Shop) -> String {
    let said = shop.check().stdout;
    let line = said.lines().find(|line| line.ends_with(" users"));
    line.expect("users are counted").trim().to_owned()
}

#[tokio::test]
async fn only_copies_are_restored() {
    let (shop, file) = copied().await;
    let before = fs::read(shop.data().join("souk.redb")).expect("the store");
    let copy = fs::read(&file).expect("the copy");
    let foreign = |name: &str, content: &[u8]| {
        let file = shop.directory().join(name);
        fs::write(&file, content).expect("a file");
        file
    };
    let files = [
        foreign("empty", b""),
        foreign("text", b"souk copy v1"),
        foreign("sqlite", b"SQLite format 3\0"),
        foreign("bare", &before),
        foreign("body", &copy[4_096..]),
        foreign("zeros", &[0; 100_000]),
        shop.data().join("logs/souk.redb"),
        shop.data().join("jwt-secret"),
        shop.directory().join("missing"),
        shop.directory().to_owned(),
    ];
    for file in &files {
        shop.run(&["restore", text(file), "--force"], "").expect_refusal().naming(text(file));
        assert!(fs::read(shop.data().join("souk.redb")).expect("the store") == before);
        // If there is no shop yet, a failed restore creates nothing.
        let elsewhere = shop.directory().join("elsewhere");
        let other = Shop::closed_with(&[]);
        other.run(&["restore", text(file)], "").expect_refusal().naming(text(file));
        assert!(!other.data().exists() && !elsewhere.exists());
    }
    assert_eq!(users(&shop), "2 users");
    assert!(!shop.data().join("restore.tmp").exists());
}

#[tokio::test]
async fn altered_copies_are_refused_by_name() {
    let (shop, file) = copied().await;
    let good = fs::read(&file).expect("the copy");
    let rotten = shop.directory().join("rotten");
    let mut changed = Vec::new();
    let used: Vec<usize> = (0..good.len()).filter(|at| good[*at] != 0).collect();
    for step in 0..12 {
        let mut bytes = good.clone();
        bytes[used[step * (used.len() - 1) / 11]] ^= 1 << (step % 8);
        changed.push(bytes);
    }
    for length in [10, 4_000, 4_096, good.len() / 2, good.len() - 1] {
        changed.push(good[..length].to_vec());
    }
    changed.push([&good[..], b"more"].concat());
    for bytes in changed {
        fs::write(&rotten, bytes).expect("a file");
        shop.run(&["restore", text(&rotten), "--force"], "").expect_refusal().naming(text(&rotten));
    }
    assert_eq!(users(&shop), "2 users");
    shop.run(&["restore", text(&file), "--force"], "").expect_success();
    assert_eq!(users(&shop), "2 users");
}

#[tokio::test]
async fn a_damaged_store_is_replaced_by_a_copy() {
    let (shop, file) = copied().await;
    let store = shop.data().join("souk.redb");
    let good = fs::read(&store).expect("the store");
    for damaged in [&b""[..], b"redb", &good[..good.len() / 3], &good[..4_096]] {
        fs::write(&store, damaged).expect("a file");
        shop.run(&["restore", text(&file)], "").expect_refusal().naming("--force");
        shop.run(&["restore", text(&file), "--force"], "").expect_success();
        assert_eq!(users(&shop), "2 users");
    }
}

#[tokio::test]
async fn rotation_deletes_only_older_copies_of_this_shop() {
    let mut shop = Shop::open().await;
    let other = Shop::open().await;
    let copies = shop.directory().join("copies");
    let names = || {
        let entries = fs::read_dir(&copies).expect("a directory");
        let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("an entry").file_name();
        entries.map(name).map(|it| it.to_string_lossy().into_owned()).collect::<BTreeSet<_>>()
    };
    let keep = |shop: &Shop, keep: &str| {
        shop.run(&["backup", text(&copies), "--keep", keep], "").expect_success();
    };
    keep(&other, "1");
    let mut stay = names();
    assert_eq!(stay.len(), 1, "another shop's: {stay:?}");
    let first = copies.join(stay.first().expect("one"));
    let whole = fs::read(&first).expect("a copy");
    for (name, content) in [
        ("notes.txt", &b"mine"[..]),
        ("souk-20200101T000000.000Z.backup", b"mine"),
        ("souk-20200102T000000.000Z.backup", &whole[..whole.len() - 1]),
    ] {
        fs::write(copies.join(name), content).expect("a file");
        stay.insert(name.to_owned());
    }
    let by_hand = copies.join("before-the-fair");
    shop.run(&["backup", text(&by_hand)], "").expect_success();
    stay.insert("before-the-fair".to_owned());

    let mut made = Vec::new();
    for round in 0..5 {
        if round == 3 {
            // A closed shop is copied by the command itself.
            shop.stop().await;
        }
        let before = names();
        keep(&shop, "3");
        made.extend(names().difference(&before).cloned());
        let newest = made.iter().rev().take(3).cloned();
        assert_eq!(names(), stay.iter().cloned().chain(newest).collect());
    }
    assert!(made.is_sorted(), "names sort as times do: {made:?}");
    for name in made.iter().rev().take(3) {
        let place = Shop::closed_with(&[]);
        place.run(&["restore", text(&copies.join(name))], "").expect_success();
        place.check();
    }
    let file = copies.join("notes.txt");
    shop.run(&["backup", text(&file), "--keep", "2"], "").expect_refusal().naming("notes.txt");
    shop.run(&["backup", text(&copies), "--keep", "0"], "").expect_refusal().naming("keep");
    shop.run(&["backup"], "").expect_refusal();
    keep(&shop, "1");
    assert_eq!(names().len(), stay.len() + 1);

    // Without a directory, copies go into the data directory's own.
    shop.run(&["backup", "--keep", "2"], "").expect_success();
    assert_eq!(fs::read_dir(shop.data().join("backups")).expect("made").count(), 1);
    // A directory also works without rotation.
    shop.run(&["backup", text(&copies)], "").expect_success();
    assert_eq!(names().len(), stay.len() + 2);
}
