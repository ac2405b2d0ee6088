//! `/readyz`: ready while the shop accepts changes; otherwise it says why.

use crate::support;
use crate::support::{Answer, Shop, eventually};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const REGISTER: &str = "/api/v1/auth/register/";
const SETTING: &str = "SOUK_MIN_FREE_DISK_MIB";
/// More free space than any disk has.
const TOO_MUCH: &str = "1000000000";

async fn try_to_register(shop: &Shop, name: &str) -> Answer {
    let body = json!({"email": format!("{name}@souk.example"), "password": "password123",
        "password_confirm": "password123"});
    shop.nobody().post(REGISTER, body).await
}

async fn expect_not_ready(shop: &Shop, store: &str, reason: &str) -> Value {
    eventually("the shop to be not ready", async || {
        let answer = shop.nobody().get("/readyz").await;
        let body = answer.json();
        let says = body["reasons"].to_string().contains(reason) && body["store"] == store;
        (answer.status == 503 && body["status"] == "not ready" && says).then_some(body)
    })
    .await
}

async fn expect_ready(shop: &Shop) {
    eventually("the shop to be ready", async || {
        let answer = shop.nobody().get("/readyz").await;
        (answer.status == 200 && answer.json()["status"] == "ready").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_shop_that_refuses_changes_is_not_ready_and_says_why() {
    let mut shop = Shop::open().await;
    let boss = shop.admin().await;
    boss.add_product("Lamp", "1.00", 5).await;
    expect_ready(&shop).await;
    shop.stop().await;
    shop.set(SETTING, TOO_MUCH);
    shop.start();

    let refused = try_to_register(&shop, "ann").await;
    assert_eq!(refused.status, 503, "{refused}");
    assert!(!refused.header("Retry-After").is_empty(), "{refused}");
    let ready = shop.nobody().get("/readyz").await;
    assert_eq!(ready.status, 503, "a refused change is known at once: {ready}");
    expect_not_ready(&shop, "disk full", "nearly full").await;
    assert_eq!(shop.nobody().get("/healthz").await.status, 200);
    assert_eq!(shop.nobody().get("/api/products/").await.status, 200, "queries go on");
    shop.stop().await;
    shop.set(SETTING, "16");
    shop.start();
    expect_ready(&shop).await;
    assert_eq!(try_to_register(&shop, "ann").await.status, 201);
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn a_full_disk_shows_in_readyz_without_a_change() {
    let mut shop = Shop::open().await;
    shop.stop().await;
    shop.set(SETTING, TOO_MUCH);
    shop.start();
    expect_not_ready(&shop, "disk full", "free some space").await;
    shop.stop().await;
}

/// A separate file system for a shop's data, if the system lets us mount one.
struct SmallDisk {
    at: PathBuf,
}

impl SmallDisk {
    fn mount(at: &Path, size: &str) -> Option<Self> {
        fs::create_dir_all(at).expect("a directory");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(at);
        let is_mounted = mount.output().is_ok_and(|done| done.status.success());
        is_mounted.then(|| Self { at: at.to_owned() })
    }

    fn remount(&self, option: &str) {
        let mut mount = Command::new("mount");
        mount.args(["-o", &format!("remount,{option}")]).arg(&self.at);
        assert!(mount.status().expect("mount").success());
    }

    /// Until it is dropped, the path leads to the same files, read-only.
    fn cover_read_only(&self) -> Self {
        let mut mount = Command::new("mount");
        mount.arg("--bind").arg(&self.at).arg(&self.at);
        assert!(mount.status().expect("mount").success());
        self.remount("bind,ro");
        Self { at: self.at.clone() }
    }

    fn filler(&self) -> PathBuf {
        self.at.join("filler")
    }

    /// Fills it to the last octet.
    fn fill(&self) {
        let full = fs::File::create(self.filler()).and_then(|mut file| {
            let piece = [0_u8; 64 * 1024];
            loop {
                std::io::Write::write_all(&mut file, &piece)?;
            }
        });
        let _: Result<(), _> = full;
    }

    fn make_room(&self) {
        fs::remove_file(self.filler()).expect("it was filled");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.at).status();
    }
}

#[tokio::test]
async fn the_shop_survives_a_full_disk_and_continues_when_there_is_room() {
    let mut shop = Shop::closed_with(&[]);
    let Some(disk) = SmallDisk::mount(&shop.data(), "48m") else {
        eprintln!("no file system may be mounted here; a full disk was not tried");
        return;
    };
    shop.create_admin("boss", support::ADMIN_EMAIL, support::ADMIN_PASSWORD).expect_success();
    shop.start();
    let boss = shop.admin().await;
    boss.add_product("Lamp", "1.00", 5).await;
    for round in 0..2 {
        expect_ready(&shop).await;
        disk.fill();
        expect_not_ready(&shop, "disk full", "nearly full").await;
        for _ in 0..5 {
            assert_eq!(try_to_register(&shop, "late").await.status, 503);
        }
        assert_eq!(shop.nobody().get("/api/products/").await.status, 200, "queries go on");
        disk.make_room();
        expect_ready(&shop).await;
        assert_eq!(try_to_register(&shop, &format!("ann{round}")).await.status, 201);
    }
    // Starting and stopping also work on a full disk.
    shop.stop().await;
    disk.fill();
    shop.start();
    assert_eq!(try_to_register(&shop, "ben").await.status, 503);
    expect_not_ready(&shop, "disk full", "nearly full").await;
    shop.stop().await;
    disk.make_room();
    shop.check();
}

#[tokio::test]
async fn a_file_system_that_became_read_only_or_smaller_refuses_changes_and_ends_nothing() {
    let mut shop = Shop::closed_with(&[]);
    let Some(disk) = SmallDisk::mount(&shop.data(), "48m") else {
        eprintln!("no file system may be mounted here; a read-only disk was not tried");
        return;
    };
    shop.create_admin("boss", support::ADMIN_EMAIL, support::ADMIN_PASSWORD).expect_success();
    shop.start();
    expect_ready(&shop).await;
    disk.remount("size=16m");
    expect_not_ready(&shop, "disk full", "nearly full").await;
    disk.remount("size=48m");
    expect_ready(&shop).await;
    // It simulates a system that remounts a file system read-only after disk errors.
    let read_only = disk.cover_read_only();
    expect_not_ready(&shop, "disk read-only", "read-only").await;
    assert_eq!(try_to_register(&shop, "ann").await.status, 503);
    drop(read_only);
    expect_ready(&shop).await;
    assert_eq!(try_to_register(&shop, "ann").await.status, 201);
    shop.stop().await;
    shop.check();
}
