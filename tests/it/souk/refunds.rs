//! Refunds in Souk's own API: an administrator refunds all or a part of a paid order.

use crate::support;
use crate::support::{Answer, Broker, Person, Shop, eventually, id_of, mails_in, shapes};
use serde_json::{Value, json};

fn path(order: i64) -> String {
    format!("/api/v1/orders/{order}/refunds/")
}

fn shape() -> Value {
    json!({"id": "id", "order": "id", "amount": "money", "reason": "text", "status": "text",
        "created_at": "time"})
}

/// A shop, its administrator, ann, and her paid order of two lamps at 10.00.
async fn shop_with_a_paid_order(settings: &[(&str, &str)]) -> (Shop, Person, Person, i64) {
    let shop = Shop::open_with(settings).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;
    let order = id_of(&ann.buy(lamp, 2).await);
    ann.pay(order).await;
    (shop, boss, ann, order)
}

async fn refund(by: &Person, order: i64, body: Value) -> Answer {
    by.post(&path(order), body).await
}

/// The list, once no refund waits for the gateway.
async fn settled_refunds(boss: &Person, order: i64) -> Value {
    eventually("every refund to be made", async || {
        let body = boss.get(&path(order)).await.expect(200);
        let refunds = body["refunds"].as_array().expect("a list");
        refunds.iter().all(|refund| refund["status"] == "succeeded").then(|| body.clone())
    })
    .await
}

fn too_much() -> Value {
    json!({"amount": ["More than is left of what was paid."]})
}

#[tokio::test]
async fn a_part_and_then_the_rest() {
    let broker = Broker::start();
    let (mut shop, boss, ann, order) =
        shop_with_a_paid_order(&[("SOUK_NATS_URL", &broker.url())]).await;

    let body = json!({"amount": "5.00", "reason": "A scratch on the foot"});
    let part = refund(&boss, order, body).await.expect(201);
    shapes::expect(&part, &shape());
    assert_eq!((&part["amount"], &part["order"]), (&json!("5.00"), &json!(order)));
    let list = settled_refunds(&boss, order).await;
    assert_eq!(list["refunds"][0]["reason"], "A scratch on the foot");
    let amounts = |list: &Value| {
        [&list["paid"], &list["refunded"], &list["refundable"]].map(|text| text.clone())
    };
    assert_eq!(amounts(&list), ["20.00", "5.00", "15.00"]);
    assert_eq!(boss.report().await, (1, 15.0, 1, 0), "still paid");

    refund(&boss, order, json!({"amount": 15.01})).await.says(400, too_much());
    refund(&boss, order, json!({})).await.expect(201);
    let list = settled_refunds(&boss, order).await;
    assert_eq!(amounts(&list), ["20.00", "20.00", "0.00"]);
    assert_eq!(boss.report().await, (1, 0.0, 0, 0), "paid no more");
    assert_eq!(ann.order(order).await.expect(200)["status"], "completed");
    refund(&boss, order, json!({})).await.says(400, too_much());

    let events = broker.expect_history(order, &["placed", "paid", "refunded", "refunded"]).await;
    let refunded = |event: &support::Event| event.body["data"]["order"]["refunded"].clone();
    assert_eq!(refunded(&events[2]), json!({"amount": 500, "currency": "USD"}));
    assert_eq!(events[2].body["data"]["order"]["is_paid"], true);
    assert_eq!(refunded(&events[3]), json!({"amount": 2000, "currency": "USD"}));
    assert_eq!(events[3].body["data"]["order"]["is_paid"], false);
    let mail = shop.data().join("mail");
    eventually("a mail for each", async || {
        let mails = mails_in(&mail);
        let told: Vec<_> =
            mails.iter().filter(|mail| mail.is("order_refunded", "ann@souk.example")).collect();
        let says = |text: &str| told.iter().any(|mail| mail.text.contains(text));
        (told.len() == 2 && says("5.00") && says("15.00") && says("A scratch")).then_some(())
    })
    .await;
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn fifty_at_once_give_back_no_more_than_was_paid() {
    let (mut shop, boss, _, order) = shop_with_a_paid_order(&[]).await;

    let refunds = (0..50).map(|_| refund(&boss, order, json!({"amount": "3.00"})));
    let answers = futures_util::future::join_all(refunds).await;

    let made = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 6, "6 times 3.00 of 20.00");
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        answer.says(400, too_much());
    }
    let list = settled_refunds(&boss, order).await;
    assert_eq!((&list["refunded"], &list["refundable"]), (&json!("18.00"), &json!("2.00")));
    assert_eq!(boss.report().await, (1, 2.0, 1, 0));
    boss.set_status(order, "cancelled").await.expect(200);
    eventually("the rest", async || (boss.report().await.1 == 0.0).then_some(())).await;
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn one_key_is_one_refund() {
    let (_shop, boss, _, order) = shop_with_a_paid_order(&[]).await;
    let ask = |amount: &str| {
        let asking = boss.ask("POST", &path(order)).header("Idempotency-Key", "one");
        asking.json(&json!({"amount": amount})).send()
    };

    let first = ask("5.00").await.expect(201);
    let again = ask("5.00").await;

    assert!(again.is_replay(), "{again}");
    again.says(201, first);
    ask("6.00").await.expect(422);
    assert_eq!(settled_refunds(&boss, order).await["refunded"], "5.00");
}

#[tokio::test]
async fn only_administrators_and_only_of_what_was_paid() {
    let (shop, boss, ann, order) = shop_with_a_paid_order(&[]).await;
    let lamp = boss.add_product("Other", "5.00", 5).await;
    let unpaid = id_of(&ann.buy(lamp, 1).await);
    let eve = shop.customer("eve").await;

    for somebody in [&ann, &eve] {
        refund(somebody, order, json!({})).await.expect(403);
        somebody.get(&path(order)).await.expect(403);
    }
    refund(&shop.nobody(), order, json!({})).await.expect(401);
    shop.nobody().get(&path(order)).await.expect(401);
    refund(&boss, unpaid, json!({})).await.says(400, too_much());
    refund(&boss, 999, json!({})).await.says(404, json!({"detail": "Not found."}));
    for amount in [json!("0"), json!("0.00"), json!(-1), json!("1.001"), json!("much"), json!([])] {
        refund(&boss, order, json!({"amount": amount})).await.blames(400, &["amount"]);
    }
    let long = "x".repeat(501);
    refund(&boss, order, json!({"reason": long})).await.blames(400, &["reason"]);
    let list = boss.get(&path(order)).await.expect(200);
    assert_eq!((&list["refunds"], &list["refundable"]), (&json!([]), &json!("20.00")));
}
