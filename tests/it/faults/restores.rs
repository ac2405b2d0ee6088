//! After a restore, sequence numbers repeat. Events, mails, webhooks and gateway calls after it are never confused
//! with those before it, whether `souk restore` restored the copy or somebody replaced the store's file by an older
//! one.

use crate::support;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Broker, Endpoint, MailSink, Person, Shop, StripeStandIn, eventually, id_of};
use serde_json::{Value, json};

/// How the shop is put back to an earlier state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// `souk backup` and `souk restore`.
    Restore,
    /// The file of the store is copied aside and back.
    ByHand,
    /// The whole data directory is copied aside and back: only the broker shows it.
    WholeDirectory,
}

const WAYS: [Way; 2] = [Way::Restore, Way::ByHand];

impl Way {
    /// Saves the shop's state; the shop is stopped and started again.
    async fn keep(self, shop: &mut Shop) -> PathBuf {
        let copy = shop.directory().join("copy");
        // A shop that answers also handles signals.
        shop.admin().await;
        shop.stop().await;
        match self {
            Self::Restore => {
                shop.run(&["backup", copy.to_str().expect("ASCII")], "").expect_success();
            }
            Self::ByHand => {
                fs::copy(shop.data().join("souk.redb"), &copy).expect("copied");
            }
            Self::WholeDirectory => copy_directory(&shop.data(), &copy),
        }
        shop.start();
        copy
    }

    /// Puts the shop back to that state and opens it.
    async fn put_back(self, shop: &mut Shop, copy: &PathBuf) {
        shop.stop().await;
        match self {
            Self::Restore => {
                let copy = copy.to_str().expect("ASCII");
                shop.run(&["restore", copy, "--force"], "").expect_success();
            }
            Self::ByHand => {
                fs::copy(copy, shop.data().join("souk.redb")).expect("put back");
            }
            Self::WholeDirectory => {
                fs::remove_dir_all(shop.data()).expect("removed");
                copy_directory(copy, &shop.data());
            }
        }
        shop.check();
        let before = shop.output().len();
        shop.start();
        let is_noticed =
            |shop: &Shop| shop.output()[before..].contains("put back to an earlier state by hand");
        match self {
            Self::WholeDirectory => {
                eventually("the broker tells", async || is_noticed(shop).then_some(())).await;
            }
            _ => assert_eq!(is_noticed(shop), self == Self::ByHand, "{self:?}"),
        }
    }
}

fn copy_directory(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(from).expect("read") {
        let entry = entry.expect("read");
        let (kind, to) = (entry.file_type().expect("read"), to.join(entry.file_name()));
        if kind.is_dir() {
            copy_directory(&entry.path(), &to);
        } else if kind.is_file() {
            fs::copy(entry.path(), to).expect("copied");
        }
    }
}

async fn log_in(shop: &Shop, name: &str) -> Person {
    shop.nobody().log_in(&format!("{name}@souk.example"), &format!("{name}-password-1")).await
}

async fn status(person: &Person, order: i64) -> Value {
    person.order(order).await.expect(200)["status"].clone()
}

/// Sells a lamp through Stripe, restores the shop to before, and bob's order gets the same number.
async fn sold_then_put_back(way: Way, stripe: &StripeStandIn) -> (Shop, Person, i64) {
    let mut shop = stripe.open_shop(&[]).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;
    shop.customer("bob").await;
    let copy = way.keep(&mut shop).await;
    stripe.tell(&shop).await;
    let sold = id_of(&ann.buy(lamp, 2).await);
    ann.pay(sold).await;
    stripe.expect_every_webhook_heard().await;
    way.put_back(&mut shop, &copy).await;
    stripe.tell(&shop).await;
    let bob = log_in(&shop, "bob").await;
    let order = id_of(&bob.buy(lamp, 2).await);
    assert_eq!(order, sold, "the number lives again");
    (shop, bob, order)
}

#[tokio::test]
async fn payments_from_before_a_restore_pay_no_other_order() {
    for way in WAYS {
        let stripe = StripeStandIn::start();
        let (mut shop, bob, order) = sold_then_put_back(way, &stripe).await;
        bob.create_payment(order).await.expect(200);
        bob.post(&format!("/api/v1/orders/{order}/confirm-payment/"), json!({})).await;
        assert_eq!(status(&bob, order).await, "pending", "{way:?}: no card was given");

        bob.confirm_payment(order, "pm_card_visa").await.expect(200);
        assert_eq!(status(&bob, order).await, "completed");
        let books = stripe.books_of(order).await;
        assert_eq!(books.charges_of(order).len(), 2, "{way:?}: ann's and bob's");
        let stores: HashSet<&Value> = books
            .charges_of(order)
            .iter()
            .map(|charge| &charge["metadata"]["souk_store"])
            .collect();
        assert_eq!(stores.len(), 2, "an operator tells them apart");
        stripe.expect_every_webhook_heard().await;
        shop.stop().await;
        shop.check();
    }
}

#[tokio::test]
async fn payment_pages_from_before_a_restore_are_not_reused() {
    let page = async |person: &Person, order: i64| {
        let body = json!({"order_id": order});
        person.post("/api/v1/payments/create-checkout-session/", body).await.expect(200)
    };
    for way in WAYS {
        let stripe = StripeStandIn::start();
        let mut shop = stripe.open_shop(&[]).await;
        let boss = shop.admin().await;
        let lamp = boss.add_product("Lamp", "10.00", 10).await;
        let ann = shop.customer("ann").await;
        let copy = way.keep(&mut shop).await;
        let order = id_of(&ann.buy(lamp, 1).await);
        let before = page(&ann, order).await;
        way.put_back(&mut shop, &copy).await;
        let ann = log_in(&shop, "ann").await;
        assert_eq!(id_of(&ann.buy(lamp, 1).await), order);
        let after = page(&ann, order).await;
        assert_ne!(before["checkout_url"], after["checkout_url"], "{way:?}");
        assert_eq!(page(&ann, order).await["checkout_url"], after["checkout_url"]);
    }
}

#[tokio::test]
async fn events_about_payments_from_before_a_restore_are_logged_and_book_nothing() {
    let stripe = StripeStandIn::start();
    let (mut shop, bob, order) = sold_then_put_back(Way::Restore, &stripe).await;
    bob.create_payment(order).await.expect(200);
    let intents = stripe.books_of(order).await;
    let theirs = intents.charges_of(order)[0]["payment_intent"].as_str().expect("ann's").to_owned();
    assert!(!shop.output().contains("the gateway is ahead of the store"));
    // An operator refunds ann at Stripe; the event names her payment.
    stripe.at_stripe(&theirs, "refund", json!({"amount": 500})).await;
    eventually("the shop notices", async || {
        shop.output().contains("the gateway is ahead of the store").then_some(())
    })
    .await;
    assert_eq!(status(&bob, order).await, "pending");
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn a_refund_that_was_due_in_the_copy_is_made_once_and_a_later_one_again() {
    let stripe = StripeStandIn::start();
    let mut shop = stripe.open_shop(&[]).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;
    let order = id_of(&ann.buy(lamp, 2).await);
    ann.pay(order).await;
    let path = format!("/api/v1/orders/{order}/refunds/");
    let give_back = async |boss: &Person| {
        boss.post(&path, json!({"amount": "5.00"})).await;
    };
    let held = async |amount: i64| {
        eventually(&format!("{amount} at Stripe"), async || {
            (stripe.books_of(order).await.held_for(order) == amount).then_some(())
        })
        .await;
    };
    // Decided but not executed: Stripe is away.
    stripe.fault("POST /v1/refunds$", "throttle", 1_000).await;
    give_back(&boss).await;
    let copy = shop.directory().join("copy");
    let copy = copy.to_str().expect("ASCII").to_owned();
    shop.run(&["backup", &copy], "").expect_success();
    stripe.no_faults().await;
    held(1_500).await;
    // Another refund, which the copy does not know.
    give_back(&boss).await;
    held(1_000).await;
    shop.stop().await;
    shop.run(&["restore", &copy, "--force"], "").expect_success();
    shop.start();
    let boss = shop.admin().await;
    eventually("the refund of the copy is made", async || {
        let refunds = boss.get(&path).await.expect(200);
        (refunds["refunds"][0]["status"] == "succeeded").then_some(())
    })
    .await;
    assert_eq!(stripe.books_of(order).await.held_for(order), 1_000, "not a second time");

    // Its number is used again, for another refund.
    give_back(&boss).await;
    held(500).await;
}

/// Everything that left the shop under an id.
struct Told {
    broker: Vec<String>,
    hook: Vec<String>,
    crm: Vec<String>,
    mails: Vec<String>,
}

impl Told {
    async fn of(broker: &Broker, hook: &Endpoint, crm: &Endpoint, sink: &MailSink) -> Self {
        let ids = |endpoint: &Endpoint| {
            endpoint.taken().iter().map(|letter| letter.id().to_owned()).collect()
        };
        Self {
            broker: broker.events().await.into_iter().map(|event| event.message_id).collect(),
            hook: ids(hook),
            crm: ids(crm),
            mails: sink.mails().iter().map(|mail| mail.header("Message-ID")).collect(),
        }
    }

    fn lists(&self) -> [(&'static str, &Vec<String>); 4] {
        let Self { broker, hook, crm, mails } = self;
        [("broker", broker), ("hook", hook), ("crm", crm), ("mails", mails)]
    }

    fn expect_no_id_twice(&self) {
        for (whose, ids) in self.lists() {
            let different: HashSet<&String> = ids.iter().collect();
            assert_eq!(different.len(), ids.len(), "{whose}: {ids:#?}");
        }
    }

    fn counts(&self) -> [usize; 4] {
        self.lists().map(|(_, ids)| ids.len())
    }
}

#[tokio::test]
async fn everything_after_a_restore_is_sent_under_new_ids() {
    for way in [Way::Restore, Way::ByHand, Way::WholeDirectory] {
        let (broker, sink) = (Broker::start(), MailSink::start());
        let (hook, crm) = (Endpoint::open().await, Endpoint::open().await);
        let mut shop = Shop::open_with(&[
            ("SOUK_NATS_URL", &broker.url()),
            ("SOUK_SMTP_URL", &sink.url()),
            ("SOUK_WEBHOOK_PRIVATE_ADDRESSES", "true"),
            ("SOUK_CRM_URL", &crm.url()),
            ("SOUK_CRM_SECRET", "crm-secret-of-this-test"),
            ("SOUK_ORDER_NOTICES", "off"),
        ])
        .await;
        let boss = shop.admin().await;
        let body = json!({"url": hook.url(), "events": ["order.*"], "description": ""});
        boss.post("/api/v1/webhook-endpoints/", body).await.expect(201);
        let lamp = boss.add_product("Lamp", "10.00", 100).await;
        shop.customer("ann").await;
        let sell = async |shop: &Shop| {
            let ann = log_in(shop, "ann").await;
            let order = id_of(&ann.buy(lamp, 1).await);
            ann.pay(order).await;
            order
        };
        // What one sale sends: events of order, payment and product; two to the webhook endpoint; one message to the CRM;
        // the mails for the placed and the paid order, after the two welcome mails.
        let reached = async |shop: &Shop, paid: &[i64]| {
            eventually(&format!("{way:?}: everybody hears of {} sales", paid.len()), async || {
                let told = Told::of(&broker, &hook, &crm, &sink).await;
                let [_, hook, crm, mails] = told.counts();
                let events = broker.events().await;
                let is_paid = |event: &&support::Event| event.body["type"] == "souk.order.paid.v1";
                let paid_events = events.iter().filter(is_paid).count();
                let sales = paid.len();
                let all = paid_events == sales && hook == 2 * sales && crm == sales;
                (all && mails == 2 + 2 * sales).then_some(told)
            })
            .await
            .expect_no_id_twice();
            assert!(shop.output().contains("listening"));
        };
        let mut paid = vec![sell(&shop).await];
        reached(&shop, &paid).await;
        let copy = way.keep(&mut shop).await;
        for _ in 0..3 {
            paid.push(sell(&shop).await);
        }
        reached(&shop, &paid).await;
        for _ in 0..2 {
            way.put_back(&mut shop, &copy).await;
            paid.push(sell(&shop).await);
            paid.push(sell(&shop).await);
            reached(&shop, &paid).await;
            assert_eq!(paid[paid.len() - 2..], paid[1..3], "the numbers live again");
        }
        // Every part that could detect the restore detected it.
        let noticed = shop.output().matches("the broker is ahead of the store").count();
        assert!(noticed >= 2, "{way:?}: {noticed}");
        shop.stop().await;
        shop.check();
    }
}

#[tokio::test]
async fn mail_files_after_a_restore_do_not_replace_earlier_ones() {
    for way in WAYS {
        let mut shop = Shop::open().await;
        let mails = |shop: &Shop| support::mails_in(&shop.data().join("mail"));
        eventually("the boss's mail", async || (mails(&shop).len() == 1).then_some(())).await;
        let copy = way.keep(&mut shop).await;
        shop.customer("ann").await;
        eventually("ann's mail", async || (mails(&shop).len() == 2).then_some(())).await;
        way.put_back(&mut shop, &copy).await;
        shop.customer("bob").await;
        eventually("bob's mail", async || (mails(&shop).len() == 3).then_some(())).await;
        let ids: HashSet<String> =
            mails(&shop).iter().map(|mail| mail.header("Message-ID")).collect();
        assert_eq!(ids.len(), 3, "{way:?}: {ids:?}");
    }
}

fn places(text: &str) -> Vec<String> {
    text.lines().filter_map(|line| line.strip_prefix("id: ")).map(str::to_owned).collect()
}

#[tokio::test]
async fn refuses_event_cursors_that_the_restored_shop_does_not_have() {
    for way in WAYS {
        let mut shop = Shop::open().await;
        let boss = shop.admin().await;
        let lamp = boss.add_product("Lamp", "10.00", 100).await;
        let copy = way.keep(&mut shop).await;
        let boss = shop.admin().await;
        let read = async |boss: &Person, place: &str| {
            boss.get(&format!("/api/v1/events?follow=false&last_event_id={place}")).await
        };
        let known = places(&read(&boss, "0").await.text);
        let ann = shop.customer("ann").await;
        ann.buy(lamp, 1).await;
        let all = places(&read(&boss, "0").await.text);
        let lost: Vec<&String> = all.iter().filter(|place| !known.contains(place)).collect();
        assert!(lost.len() >= 2, "{all:?}");
        let beyond = (all.len() * 10 + 100).to_string();
        assert_eq!(read(&boss, &beyond).await.status, 410, "ahead of any store");

        way.put_back(&mut shop, &copy).await;
        let boss = shop.admin().await;
        for place in lost.iter().map(|place| place.as_str()).chain([beyond.as_str()]) {
            let refused = read(&boss, place).await;
            assert_eq!(refused.status, 410, "{way:?} {place}: {}", refused.text);
            assert!(refused.text.contains("restored"), "{}", refused.text);
        }
        // Later events at the same positions do not make the cursors valid.
        let bob = shop.customer("bob").await;
        for _ in 0..3 {
            bob.buy(lamp, 1).await;
        }
        for place in &lost {
            assert_eq!(read(&boss, place).await.status, 410, "{way:?} {place}");
            let header = boss.ask("GET", "/api/v1/events").header("Last-Event-ID", place);
            assert_eq!(header.send().await.status, 410, "{way:?} {place}");
        }
        // Cursors from before the copy are still valid, and so are new ones.
        let now = places(&read(&boss, "0").await.text);
        assert_eq!(now[..known.len()], known);
        assert!(now[known.len()..].iter().all(|place| !all.contains(place)), "{now:?}");
        for at in [known.len() - 1, known.len(), now.len() - 1] {
            let behind = read(&boss, &now[at]).await;
            assert_eq!(behind.status, 200, "{way:?} {}", now[at]);
            assert_eq!(places(&behind.text), now[at + 1..], "{way:?}");
        }
    }
}

#[tokio::test]
async fn a_token_of_an_undone_session_opens_nobodys() {
    for way in WAYS {
        let mut shop = Shop::open().await;
        let old = shop.customer("old").await;
        let copy = way.keep(&mut shop).await;
        let ann = shop.customer("ann").await;
        let me = "/api/v1/auth/profile/";
        assert_eq!(ann.get(me).await.expect(200)["email"], "ann@souk.example");
        way.put_back(&mut shop, &copy).await;
        let bob = shop.customer("bob").await;
        assert_eq!(bob.id, ann.id, "the number lives again");
        assert_eq!(ann.get(me).await.status, 401, "{way:?}: bob's session is not ann's");
        let refresh = json!({"refresh": ann.refresh, "refresh_token": ann.refresh});
        let renewed = shop.nobody().post("/api/v1/auth/refresh/", refresh).await;
        assert!(renewed.status >= 400, "{way:?}: {}", renewed.text);
        // Sessions in the copy go on.
        assert_eq!(old.get(me).await.expect(200)["email"], "old@souk.example");
        assert_eq!(bob.get(me).await.expect(200)["email"], "bob@souk.example");
    }
}

#[tokio::test]
async fn two_shops_from_one_copy_use_different_ids() {
    let mut shop = Shop::open().await;
    let copy = Way::Restore.keep(&mut shop).await;
    let copy = copy.to_str().expect("ASCII").to_owned();
    shop.admin().await;
    shop.stop().await;
    let mut sources = HashSet::new();
    for _ in 0..2 {
        let mut twin = Shop::closed_with(&[]);
        twin.run(&["restore", &copy], "").expect_success();
        twin.start();
        twin.customer("ann").await;
        let all = ["events", "export", "--since", "2020-01-01T00:00:00Z"];
        let export = twin.run(&all, "").expect_success().stdout;
        let last = export.lines().last().expect("ann registered");
        let event: Value = serde_json::from_str(last).expect("JSON");
        assert_eq!(event["type"], "souk.user.registered.v1");
        sources.insert(event["source"].as_str().expect("a text").to_owned());
        twin.stop().await;
        assert_eq!(twin.run(&all, "").expect_success().stdout, export, "closed as open");
    }
    assert_eq!(sources.len(), 2, "{sources:?}");
}

#[tokio::test]
async fn a_shop_that_was_never_restored_keeps_its_plain_ids() {
    let mut shop = Shop::open().await;
    for name in ["ann", "bob", "cy"] {
        shop.customer(name).await;
        match name {
            "bob" => {
                shop.stop().await;
                shop.create_admin("second", "second@souk.example", "a-good-password-2")
                    .expect_success();
            }
            _ => shop.kill(),
        }
        shop.start();
    }
    let all = ["events", "export", "--since", "2020-01-01T00:00:00Z"];
    let export = shop.run(&all, "").expect_success().stdout;
    let sources: HashSet<String> = export
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["source"].to_string())
        .collect();
    assert_eq!(sources.len(), 1, "{sources:?}");
    assert_eq!(sources.iter().next().map(String::len), Some("\"urn:souk:\"".len() + 16));
}
