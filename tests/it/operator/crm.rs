//! Completed orders reach the CRM: signed, at least once, whatever fails, and no request waits for it.

use crate::support;
use crate::support::{Endpoint, Fault, Person, Shop, eventually, id_of, run_souk_with};
use serde_json::{Value, json};

const SECRET: &str = "crm-secret-of-this-test";

async fn open(crm: &Endpoint) -> Shop {
    Shop::open_with(&[("SOUK_CRM_URL", &crm.url()), ("SOUK_CRM_SECRET", SECRET)]).await
}

async fn crm_sync(person: &Person, order: i64) -> Value {
    person.order(order).await.expect(200)["crm_sync_status"].clone()
}

async fn expect_sync(person: &Person, order: i64, status: &str) {
    eventually(&format!("order {order} to be {status} with the CRM"), async || {
        (crm_sync(person, order).await == status).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_paid_order_is_posted_signed_and_says_so() {
    let crm = Endpoint::open().await;
    crm.next(&[Fault::Hang]);
    let mut shop = open(&crm).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;
    let order = ann.buy(lamp, 2).await;
    let id = id_of(&order);
    assert_eq!(order["crm_sync_status"], Value::Null);

    let paid = ann.pay(id).await;
    // The commit that pays the order queues it for the CRM; the CRM hangs, and no request waits.
    assert_eq!(paid["crm_sync_status"], "pending");
    assert_eq!(crm_sync(&ann, id).await, "pending");

    let letters = crm.expect_taken(1).await;
    let letter = &letters[0];
    letter.expect_signed_with(SECRET);
    assert_eq!(letter.target, "POST /hook?from=souk HTTP/1.1");
    assert_eq!(letter.header("content-type"), "application/json");
    assert_eq!(letter.body["id"], letter.id());
    assert_eq!(letter.body["type"], "souk.crm.order.v1");
    let told = &letter.body["order"];
    assert_eq!(told["id"], json!(id));
    assert_eq!(told["order_number"], order["order_number"]);
    assert_eq!((&told["status"], &told["is_paid"]), (&json!("completed"), &json!(true)));
    assert_eq!(told["total"], json!({"amount": 2000, "currency": "USD"}));
    assert_eq!(told["lines"][0]["quantity"], 2);
    assert_eq!(told["customer"]["email"], "ann@souk.example");
    expect_sync(&ann, id, "success").await;
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn only_completed_orders_reach_the_crm_each_under_its_own_id() {
    let crm = Endpoint::open().await;
    let mut shop = open(&crm).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;
    let unpaid = id_of(&ann.buy(lamp, 1).await);
    let cancelled = id_of(&ann.buy(lamp, 1).await);
    boss.set_status(cancelled, "cancelled").await.expect(200);
    let by_hand = id_of(&ann.buy(lamp, 1).await);
    boss.set_status(by_hand, "processing").await.expect(200);
    boss.set_status(by_hand, "completed").await.expect(200);
    expect_sync(&ann, by_hand, "success").await;
    let paid = id_of(&ann.buy(lamp, 1).await);
    ann.pay(paid).await;
    expect_sync(&ann, paid, "success").await;

    let taken = crm.taken();
    let told: Vec<_> = taken.iter().map(|letter| letter.body["order"]["id"].clone()).collect();
    assert_eq!(told, [json!(by_hand), json!(paid)]);
    assert_ne!(taken[0].id(), taken[1].id());
    assert_eq!(crm_sync(&ann, unpaid).await, Value::Null);
    assert_eq!(crm_sync(&ann, cancelled).await, Value::Null);
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn orders_the_crm_does_not_accept_are_sent_again_under_the_same_id() {
    let crm = Endpoint::open().await;
    let elsewhere = Endpoint::open().await;
    let redirect = Fault::Redirect(elsewhere.url());
    crm.next(&[Fault::Status(500), Fault::Drop, redirect, Fault::Status(429)]);
    let mut shop = open(&crm).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;
    let order = id_of(&ann.buy(lamp, 1).await);
    ann.pay(order).await;
    crm.expect_taken(1).await;
    expect_sync(&ann, order, "success").await;

    let letters = crm.letters();
    assert_eq!(letters.len(), 5);
    for letter in &letters {
        assert_eq!(letter.id(), letters[0].id());
        letter.expect_signed_with(SECRET);
    }
    assert!(elsewhere.letters().is_empty(), "redirects are not followed");
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn an_order_that_the_crm_refuses_is_failed_until_it_is_replayed() {
    let crm = Endpoint::open().await;
    crm.next(&[Fault::Status(422), Fault::Status(400)]);
    let mut shop = open(&crm).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;
    let mut orders = Vec::new();
    for _ in 0..2 {
        let order = id_of(&ann.buy(lamp, 1).await);
        ann.pay(order).await;
        expect_sync(&ann, order, "failed").await;
        orders.push(order);
    }
    let unpaid = id_of(&ann.buy(lamp, 1).await);
    shop.stop().await;
    shop.check();

    let refused = shop.run(&["crm", "replay", "--order", &unpaid.to_string()], "");
    refused.expect_refusal().naming("never completed");
    shop.run(&["crm", "replay", "--order", &orders[1].to_string()], "").expect_success();
    let replayed = shop.run(&["crm", "replay", "--failed"], "").expect_success();
    assert!(replayed.stdout.starts_with("1 order "), "{replayed:?}");
    shop.check();
    shop.start();
    let letters = crm.expect_letters(4).await;
    for order in &orders {
        expect_sync(&ann, *order, "success").await;
    }
    let ids = |letters: &[support::Letter]| {
        let mut ids: Vec<String> = letters.iter().map(|letter| letter.id().to_owned()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&letters[..2]), ids(&letters[2..]), "a replay keeps the id");

    // A delivered order can be sent again too.
    shop.stop().await;
    shop.run(&["crm", "replay", "--order", &orders[0].to_string()], "").expect_success();
    shop.start();
    crm.expect_letters(5).await;
    expect_sync(&ann, orders[0], "success").await;
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn kill_9_loses_no_order_on_its_way_to_the_crm() {
    let crm = Endpoint::open().await;
    crm.always(Some(Fault::Hang));
    let mut shop = open(&crm).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 100).await;
    let ann = shop.customer("ann").await;
    let mut orders = Vec::new();
    for round in 0..12 {
        let order = id_of(&ann.buy(lamp, 1).await);
        ann.pay(order).await;
        orders.push(order);
        if round % 4 == 3 {
            shop.kill();
            if round == 7 {
                crm.always(Some(Fault::Drop));
            }
            shop.start();
        }
    }
    // More orders wait than are in flight at once, and some were in flight at the kill.
    for order in &orders {
        assert_eq!(crm_sync(&ann, *order).await, "pending");
    }
    crm.always(None);
    for order in &orders {
        expect_sync(&ann, *order, "success").await;
    }
    let mut told: Vec<i64> =
        crm.taken().iter().map(|letter| id_of(&letter.body["order"])).collect();
    told.sort_unstable();
    told.dedup();
    assert_eq!(told, orders);
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn deleted_orders_are_not_sent_and_the_crm_state_is_null_without_a_crm() {
    let crm = Endpoint::open().await;
    crm.always(Some(Fault::Status(503)));
    let mut shop = open(&crm).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;
    let order = id_of(&ann.buy(lamp, 1).await);
    ann.pay(order).await;
    crm.expect_letters(1).await;
    boss.delete_order(order).await.expect(200);
    shop.stop().await;
    shop.check();

    let mut without = Shop::open().await;
    let boss = without.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let ann = without.customer("ann").await;
    let order = id_of(&ann.buy(lamp, 1).await);
    assert_eq!(ann.pay(order).await["crm_sync_status"], Value::Null);
    without.stop().await;
    without.check();
}

#[test]
fn a_crm_url_without_a_secret_or_without_https_is_refused_by_name() {
    let url = |url| ("SOUK_CRM_URL", url);
    let secret = ("SOUK_CRM_SECRET", "secret");
    for (settings, named) in [
        (vec![url("https://crm.example/")], "crm_secret"),
        (vec![url("http://crm.example/"), secret], "crm_url"),
        (vec![url("crm.example"), secret], "crm_url"),
        (vec![url("ftp://127.0.0.1/"), secret], "crm_url"),
    ] {
        run_souk_with(&settings, &["serve", "--listen", "127.0.0.1:0"])
            .expect_refusal()
            .naming(named);
    }
}
