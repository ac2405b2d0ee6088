//! Copies of shops as earlier versions of Souk made them: this one restores each, proves it, and goes on with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::services::{ADD_ITEM, GET_CART, lines_of};
use crate::support::{Endpoint, Shop, eventually, id_of, repository};
use serde_json::json;

/// Set, it has the copy of the newest format made where it is missing.
const WRITE: &str = "SOUK_WRITE_FIXTURES";
const NEWEST: &str = "1.backup.gz";

const CATEGORY: i64 = 1;
const LAMP: i64 = 1;
const CHAIR: i64 = 2;
const PAID_ORDER: i64 = 1;
const REFUNDED_ORDER: i64 = 2;

fn directory() -> PathBuf {
    repository().join("tests/fixtures/stores")
}

/// Runs gzip over a file.
fn gzip(arguments: &[&str], from: &Path, to: &Path) {
    let (from, to) = (fs::File::open(from).expect("there"), fs::File::create(to).expect("made"));
    let mut gzip = Command::new("gzip");
    let gzip = gzip.args(arguments).stdin(Stdio::from(from)).stdout(Stdio::from(to));
    assert!(gzip.status().expect("gzip").success());
}

#[tokio::test]
async fn a_copy_of_every_earlier_format_is_restored_and_goes_on() {
    if std::env::var_os(WRITE).is_some() && !directory().join(NEWEST).exists() {
        make_copy(&directory().join(NEWEST)).await;
    }
    let mut copies = 0;
    for entry in fs::read_dir(directory()).expect("the copies") {
        goes_on(&entry.expect("an entry").path()).await;
        copies += 1;
    }
    assert!(copies > 0 && directory().join(NEWEST).exists());
}

/// Restores a copy, and shops there.
async fn goes_on(copy: &Path) {
    let mut shop = Shop::closed_with(&[]);
    let unpacked = shop.directory().join("copy");
    gzip(&["-dc"], copy, &unpacked);
    shop.run(&["restore", unpacked.to_str().expect("ASCII")], "").expect_success();
    shop.check();

    shop.start();
    let boss = shop.admin().await;
    let ann = shop.nobody().log_in("ann@souk.example", "ann-password-1").await;
    assert_eq!(ann.order(PAID_ORDER).await.expect(200)["status"], "shipped");
    let refunds = boss.get(&format!("/api/v1/orders/{REFUNDED_ORDER}/refunds/")).await.expect(200);
    assert_eq!(refunds["refunds"][0]["reason"], "A scratch on the foot");
    assert_eq!(lines_of(&ann.get(GET_CART).await.expect(200)), [(CHAIR, 2)]);
    let endpoints = boss.get("/api/v1/webhook-endpoints/").await.expect(200);
    assert_eq!(endpoints[0]["events"], json!(["order.*"]));
    let stock = boss.stock_of(LAMP).await;
    let order = id_of(&ann.buy(LAMP, 1).await);
    ann.pay(order).await;
    assert_eq!(boss.stock_of(LAMP).await, stock - 1);
    shop.stop().await;
    shop.check();
}

/// Plays a shop in which something of everything happens, and copies it.
async fn make_copy(to: &Path) {
    let hook = Endpoint::open().await;
    let mut shop = Shop::open_with(&[
        ("SOUK_CRM_URL", "http://127.0.0.1:1"),
        ("SOUK_CRM_SECRET", "of-no-crm"),
        ("SOUK_WEBHOOK_PRIVATE_ADDRESSES", "true"),
    ])
    .await;
    let boss = shop.admin().await;
    let endpoint = json!({"url": hook.url(), "events": ["order.*"], "description": "A test"});
    boss.post("/api/v1/webhook-endpoints/", endpoint).await.expect(201);
    assert_eq!(boss.add_category("Furniture").await, CATEGORY);
    assert_eq!(boss.add_product_in(CATEGORY, "Lamp", "10.00", 50).await, LAMP);
    assert_eq!(boss.add_product("Chair", "25.50", 3).await, CHAIR);
    boss.add_discounted("Table", "99.99", "12.5", 7).await;
    let gone = boss.add_product("Vase", "5.00", 1).await;
    boss.delete(&format!("/api/v1/products/{gone}/")).await.expect(200);

    let ann = shop.customer("ann").await;
    let paid = id_of(&ann.buy(LAMP, 3).await);
    assert_eq!(paid, PAID_ORDER);
    ann.pay(paid).await;
    boss.set_status(paid, "shipped").await.expect(200);
    let refunded = id_of(&ann.buy(LAMP, 2).await);
    assert_eq!(refunded, REFUNDED_ORDER);
    ann.pay(refunded).await;
    let refunds = format!("/api/v1/orders/{refunded}/refunds/");
    let refund = json!({"amount": 5.00, "reason": "A scratch on the foot"});
    boss.post(&refunds, refund).await.expect(201);
    eventually("the refund", async || {
        let list = boss.get(&refunds).await.expect(200);
        (list["refunds"][0]["status"] == "succeeded").then_some(())
    })
    .await;
    let unpaid = id_of(&ann.buy(CHAIR, 1).await);
    ann.create_payment(unpaid).await.expect(200);
    let deleted = id_of(&ann.buy(LAMP, 1).await);
    boss.delete_order(deleted).await;
    let chairs = json!({"product_id": CHAIR, "quantity": 2});
    ann.post(ADD_ITEM, chairs).await.expect(200);
    shop.guest().put_in(LAMP, 4).await;

    let bob = shop.customer("bob").await;
    bob.pay(id_of(&bob.buy(LAMP, 1).await)).await;
    bob.post("/api/v1/users/reset-password/", json!({"email": bob.email})).await.expect(200);
    hook.expect_taken(6).await;
    shop.stop().await;
    shop.check();
    let copy = shop.directory().join("copy");
    shop.run(&["backup", copy.to_str().expect("ASCII")], "").expect_success();
    gzip(&["-9nc"], &copy, to);
}
