//! The data directory: which commands create a shop in it, who may read it, and what it records.

use crate::support;
use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::support::{Shop, id_of, mails_in};

/// Every command that reads a shop and never creates one.
const READERS: [&[&str]; 10] = [
    &["check"],
    &["backup", "copy"],
    &["backup", "--keep", "7"],
    &["events", "export", "--since", "2020-01-01T00:00:00Z"],
    &["crm", "replay"],
    &["crm", "replay", "--order", "1"],
    &["payments", "reconcile"],
    &["dead", "list"],
    &["logs"],
    &["logs", "--follow"],
];

/// Modes of everything below a directory, and its own.
fn modes(directory: &Path) -> BTreeMap<String, u32> {
    let mut modes = BTreeMap::new();
    let mut next = vec![directory.to_owned()];
    while let Some(path) = next.pop() {
        let about = fs::symlink_metadata(&path).expect("it is there");
        modes.insert(path.display().to_string(), about.permissions().mode() & 0o7777);
        if about.is_dir() {
            next.extend(
                fs::read_dir(&path).expect("a directory").map(|it| it.expect("an entry").path()),
            );
        }
    }
    modes
}

#[track_caller]
fn expect_private(directory: &Path) {
    let modes = modes(directory);
    assert!(modes.len() > 5, "{modes:#?}");
    for (path, mode) in modes {
        let wanted = if Path::new(&path).is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, wanted, "{path} has mode {mode:o}");
    }
}

#[test]
fn directories_without_a_shop_are_refused_and_unchanged() {
    for exists in [false, true] {
        for command in READERS {
            let shop = Shop::closed_with(&[]);
            if exists {
                fs::create_dir(shop.data()).expect("an empty directory");
            }
            let data = shop.data().display().to_string();
            shop.run(command, "").expect_refusal().naming(&data);
            assert_eq!(shop.data().exists(), exists, "{command:?} makes no directory");
            if exists {
                let left = fs::read_dir(shop.data()).expect("a directory").count();
                assert_eq!(left, 0, "{command:?} makes no file");
            }
            assert!(!shop.directory().join("copy").exists());
        }
    }
}

#[tokio::test]
async fn a_store_that_was_emptied_or_cut_is_damaged_for_everybody() {
    let mut shop = Shop::open().await;
    shop.admin().await;
    shop.stop().await;
    let store = shop.data().join("souk.redb");
    let whole = fs::read(&store).expect("the store");
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    let admin = ["admin", "create", "--username", "b", "--email", "b@souk.example"];
    let readers = READERS.into_iter().filter(|it| !["dead", "logs"].contains(&it[0]));
    let commands: Vec<&[&str]> = readers.chain([&serve[..], &admin[..]]).collect();
    for kept in [0, 5, 9, 4_096, whole.len() / 2] {
        fs::write(&store, &whole[..kept]).expect("a file");
        for command in &commands {
            let refused = shop.run(command, "a-good-password-1\n").expect_refusal();
            refused.naming(&store.display().to_string());
            assert!(fs::read(&store).expect("the store") == whole[..kept], "{command:?}");
        }
    }
    fs::copy(shop.data().join("logs/souk.redb"), &store).expect("copied");
    for command in &commands {
        let refused = shop.run(command, "a-good-password-1\n").expect_refusal();
        refused.naming("not the store of a shop").naming(&store.display().to_string());
    }
    fs::write(&store, &whole).expect("a file");
    shop.check();
}

#[tokio::test]
async fn check_finds_a_damaged_page_and_does_not_panic() {
    let mut shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 100).await;
    let ann = shop.customer("ann").await;
    for _ in 0..5 {
        ann.buy(lamp, 1).await;
    }
    shop.stop().await;
    shop.check();
    let store = shop.data().join("souk.redb");
    let whole = fs::read(&store).expect("the store");
    let used: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] != 0).collect();
    let mut refused = 0;
    for step in 0..24 {
        let mut bytes = whole.clone();
        bytes[used[step * (used.len() - 1) / 23]] ^= 1 << (step % 8);
        fs::write(&store, &bytes).expect("a file");
        let checked = shop.run(&["check"], "");
        assert!(!checked.stderr.contains("panicked"), "{checked:?}");
        if checked.code != Some(0) {
            checked.expect_refusal().naming("damaged").naming(&store.display().to_string());
            refused += 1;
        }
    }
    assert!(refused > 0, "some of it is in pages in use");
    // Pages in use cannot change.
    let name = whole.windows(15).position(|it| it == b"ann@souk.exampl").expect("a customer");
    let mut bytes = whole.clone();
    for at in (0..whole.len() - 15).filter(|at| whole[*at..].starts_with(b"ann@souk.exampl")) {
        bytes[at] = b'b';
    }
    assert_ne!(bytes[name], whole[name]);
    fs::write(&store, &bytes).expect("a file");
    shop.run(&["check"], "").expect_refusal().naming("damaged");
}

#[tokio::test]
async fn every_command_refuses_another_currency_than_the_stores() {
    let mut shop = Shop::open_with(&[("SOUK_CURRENCY", "EUR")]).await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 10).await;
    shop.customer("ann").await.buy(lamp, 1).await;
    let copy = shop.directory().join("copy.backup");
    let copy = copy.to_str().expect("ASCII");
    shop.run(&["backup", copy], "").expect_success();
    shop.stop().await;
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    let demo = ["serve", "--listen", "127.0.0.1:0", "--demo"];
    let admin = ["admin", "create", "--username", "b", "--email", "b@souk.example"];
    let restore = ["restore", copy, "--force"];
    let readers = READERS.into_iter().filter(|it| !["dead", "logs"].contains(&it[0]));
    let commands: Vec<&[&str]> =
        readers.chain([&serve[..], &demo[..], &admin[..], &restore[..]]).collect();
    for other in ["USD", "JPY", "GBP"] {
        shop.set("SOUK_CURRENCY", other);
        for command in &commands {
            shop.run(command, "a-good-password-1\n")
                .expect_refusal()
                .naming("EUR")
                .naming(other)
                .naming("SOUK_CURRENCY");
        }
    }
    let elsewhere = Shop::closed_with(&[]);
    elsewhere.run(&["restore", copy], "").expect_refusal().naming("EUR").naming(copy);
    assert!(!elsewhere.data().exists(), "nothing is left of it");
    shop.set("SOUK_CURRENCY", "EUR");
    shop.run(&restore, "").expect_success();
    shop.check();
    shop.start();
    assert_eq!(shop.admin().await.stock_of(lamp).await, 9);
}

#[tokio::test]
async fn what_a_shop_keeps_is_for_its_user_alone_whatever_the_umask() {
    for umask in ["000", "022", "077"] {
        let mut shop = Shop::closed_with(&[]);
        shop.set_umask(umask);
        shop.create_admin("boss", support::ADMIN_EMAIL, support::ADMIN_PASSWORD).expect_success();
        shop.start();
        let lamp = shop.admin().await.add_product("Lamp", "10.00", 10).await;
        let ann = shop.customer("ann").await;
        ann.pay(id_of(&ann.buy(lamp, 1).await)).await;
        support::eventually("mails", async || {
            (mails_in(&shop.data().join("mail")).len() > 1).then_some(())
        })
        .await;
        shop.run(&["backup", "--keep", "2"], "").expect_success();
        expect_private(&shop.data());
        shop.stop().await;
        expect_private(&shop.data());
        let copy = fs::read_dir(shop.data().join("backups")).expect("copies").next();
        let copy = copy.expect("one").expect("an entry").path();
        shop.run(&["restore", copy.to_str().expect("ASCII"), "--force"], "").expect_success();
        expect_private(&shop.data());
    }
}

#[tokio::test]
async fn wider_modes_of_earlier_times_are_tightened_at_the_start_and_logged() {
    let mut shop = Shop::open().await;
    shop.customer("ann").await;
    shop.run(&["backup", "--keep", "2"], "").expect_success();
    shop.stop().await;
    assert!(!shop.output().contains("others could read"), "{}", shop.output());
    let widened = Command::new("chmod").arg("-R").arg("a+rwX").arg(shop.data()).status();
    assert!(widened.expect("there is chmod").success());
    let mine = shop.data().join("notes");
    fs::write(&mine, "of a person").expect("a file");
    fs::set_permissions(&mine, Permissions::from_mode(0o644)).expect("its own");
    let outside = shop.directory().join("outside");
    fs::write(&outside, "elsewhere").expect("a file");
    fs::set_permissions(&outside, Permissions::from_mode(0o644)).expect("its own");
    std::os::unix::fs::symlink(&outside, shop.data().join("backups/link")).expect("a link");

    shop.start();

    assert!(shop.output().contains("others could read"), "{}", shop.output());
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!((mode(&mine), mode(&outside)), (0o644, 0o644), "what is not Souk's stays");
    fs::remove_file(mine).expect("removed");
    fs::remove_file(shop.data().join("backups/link")).expect("removed");
    expect_private(&shop.data());
}
