//! An order that costs nothing is completed without the gateway, whichever way it is paid.

use crate::support::services::SERVICE_SETTING;
use crate::support::{Answer, Broker, Person, Shop, StripeStandIn, eventually, id_of, mails_in};
use serde_json::{Value, json};

const CHECKOUT: &str = "/api/v1/payments/create-checkout-session/";

async fn confirm(ann: &Person, order: i64) -> Answer {
    ann.post(&format!("/api/v1/orders/{order}/confirm-payment/"), json!({})).await
}

fn is_free(id: &Value) -> bool {
    id.as_str().is_some_and(|id| id.starts_with("free_"))
}

/// Pays one free order in each way of each contract; returns the orders.
async fn pay_in_every_way(shop: &Shop, ann: &Person, gift: i64) -> Vec<i64> {
    let mut orders = Vec::new();
    let mut buy = async || {
        let order = id_of(&ann.buy(gift, 1).await);
        orders.push(order);
        order
    };

    // storefront: created, then confirmed.
    let order = buy().await;
    let created = ann.create_payment(order).await.expect(200);
    assert!(is_free(&created["payment_intent_id"]), "{created}");
    assert!(is_free(&created["client_secret"]), "{created}");
    let shown = ann.order(order).await.expect(200);
    assert_eq!(shown["stripe_payment_intent_id"], created["payment_intent_id"]);
    for _ in 0..2 {
        let confirmed = confirm(ann, order).await.expect(200);
        assert_eq!(confirmed["order"]["status"], "completed");
    }
    ann.create_payment(order).await.expect(400);

    // storefront: confirmed at once.
    let order = buy().await;
    assert_eq!(confirm(ann, order).await.expect(200)["order"]["status"], "completed");

    // services: a page, which is the one after paying.
    let order = buy().await;
    let page = ann.post(CHECKOUT, json!({"order_id": order})).await.expect(200);
    let url = page["checkout_url"].as_str().expect("a page");
    assert!(url.starts_with(&shop.base()), "{url}");
    for _ in 0..2 {
        shop.nobody().get(url).await.says(200, json!({"status": "success"}));
    }
    ann.post(CHECKOUT, json!({"order_id": order})).await.expect(400);

    // services: another service reports.
    let order = buy().await;
    for _ in 0..2 {
        let report = json!({"order_id": order, "is_paid": true, "status": "completed"});
        let reported = shop.service().post("/api/v1/order/update_order/", report).await;
        reported.expect(200);
    }

    // minimal.
    let order = buy().await;
    let body = json!({"order_id": order, "payment_method": "pm_card_visa"});
    let paid = ann.post("/api/payments/", body.clone()).await.expect(201);
    assert_eq!(paid["status"], "succeeded");
    ann.post("/api/payments/", body).await.expect(400);

    // classic: initiated, then finalized.
    let order = buy().await;
    let paid = ann.post("/api/payments/", json!({"order": order, "amount": "0.00"})).await;
    let paid = paid.expect(201);
    assert_eq!((&paid["amount"], &paid["status"]), (&json!("0.00"), &json!("succeeded")));
    for _ in 0..2 {
        let finalize = format!("/api/payments/{}/finalize/", id_of(&paid));
        let finalized = shop.nobody().post(&finalize, json!({})).await.expect(200);
        assert_eq!(finalized["status"], "succeeded");
    }
    orders
}

/// Expects that each order was completed once, with one event and one mail.
async fn expect_completed(shop: &Shop, ann: &Person, broker: &Broker, orders: &[i64]) {
    for order in orders {
        assert_eq!(ann.order(*order).await.expect(200)["status"], "completed", "{order}");
        broker.expect_history(*order, &["placed", "paid"]).await;
    }
    let mail = shop.data().join("mail");
    eventually("a mail for each", async || {
        let mails = mails_in(&mail);
        let paid = mails.iter().filter(|mail| mail.is("order_paid", "ann@souk.example")).count();
        assert!(paid <= orders.len());
        (paid == orders.len()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn every_way_to_pay_completes_it_once_and_never_calls_stripe() {
    let (stripe, broker) = (StripeStandIn::start(), Broker::start());
    let url = broker.url();
    let mut shop = stripe.open_shop(&[("SOUK_NATS_URL", &url), SERVICE_SETTING]).await;
    let boss = shop.admin().await;
    let gift = boss.add_product("Gift", "0.00", 20).await;
    let ann = shop.customer("ann").await;

    let orders = pay_in_every_way(&shop, &ann, gift).await;

    expect_completed(&shop, &ann, &broker, &orders).await;
    assert_eq!(stripe.calls_so_far().await, 0);
    let count = i64::try_from(orders.len()).expect("few orders");
    assert_eq!(boss.report().await, (count, 0.0, count, 0));
    assert_eq!(boss.stock_of(gift).await, 20 - count);
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn every_way_to_pay_completes_it_once_with_the_sandbox() {
    let broker = Broker::start();
    let url = broker.url();
    let mut shop = Shop::open_with(&[("SOUK_NATS_URL", &url), SERVICE_SETTING]).await;
    let gift = shop.admin().await.add_product("Gift", "0.00", 20).await;
    let ann = shop.customer("ann").await;

    let orders = pay_in_every_way(&shop, &ann, gift).await;

    expect_completed(&shop, &ann, &broker, &orders).await;
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn however_many_pay_it_at_once_it_is_paid_once() {
    let (stripe, broker) = (StripeStandIn::start(), Broker::start());
    let mut shop = stripe.open_shop(&[("SOUK_NATS_URL", &broker.url())]).await;
    let gift = shop.admin().await.add_product("Gift", "0.00", 20).await;
    let ann = shop.customer("ann").await;
    let order = id_of(&ann.buy(gift, 1).await);

    let mut paying = Vec::new();
    for _ in 0..8 {
        let by = json!({"order_id": order, "payment_method": "pm_card_visa"});
        paying.push(ann.ask("POST", "/api/payments/").json(&by).send());
        let path = format!("/api/v1/orders/{order}/create-payment/");
        paying.push(ann.ask("POST", &path).json(&json!({})).send());
        paying.push(ann.ask("POST", CHECKOUT).json(&json!({"order_id": order})).send());
    }
    let answers = futures_util::future::join_all(paying).await;

    let paid = answers.iter().filter(|answer| [200, 201].contains(&answer.status)).count();
    assert_eq!(paid, 1);
    assert!(answers.iter().all(|answer| [200, 201, 400].contains(&answer.status)));
    broker.expect_history(order, &["placed", "paid"]).await;
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn free_orders_cannot_be_refunded_but_cancelled() {
    let stripe = StripeStandIn::start();
    let mut shop = stripe.open_shop(&[]).await;
    let boss = shop.admin().await;
    let gift = boss.add_product("Gift", "0.00", 20).await;
    let ann = shop.customer("ann").await;
    let order = id_of(&ann.buy(gift, 2).await);
    ann.create_payment(order).await.expect(200);

    let path = format!("/api/v1/orders/{order}/refunds/");
    let nothing = json!({"amount": ["The order cost nothing: there is nothing to refund."]});
    for body in [json!({}), json!({"amount": "0.01"}), json!({"amount": "5.00"})] {
        boss.post(&path, body).await.says(400, nothing.clone());
    }
    boss.set_status(order, "cancelled").await.expect(200);
    eventually("the order to be paid no more", async || {
        (boss.report().await == (1, 0.0, 0, 0)).then_some(())
    })
    .await;
    boss.post(&path, json!({})).await.says(400, nothing);
    assert_eq!(boss.stock_of(gift).await, 20);
    assert_eq!(confirm(&ann, order).await.status, 400);

    // Cancelled before it was paid, and paid after its price fell to nothing.
    let unpaid = id_of(&ann.buy(gift, 1).await);
    ann.post(&format!("/api/orders/{unpaid}/cancel/"), json!({})).await.expect(200);
    assert_eq!(ann.create_payment(unpaid).await.status, 400);
    let lamp = boss.add_product("Lamp", "10.00", 5).await;
    let changed = ann.order_directly(&[(lamp, 1), (gift, 1)]).await.expect(201);
    let changed = id_of(&changed);
    ann.create_payment(changed).await.expect(200);
    let path = format!("/api/orders/{changed}/remove_product/");
    ann.post(&path, json!({"product_id": lamp})).await.expect(200);
    assert!(is_free(&ann.create_payment(changed).await.expect(200)["payment_intent_id"]));
    assert_eq!(ann.order(changed).await.expect(200)["status"], "completed");
    eventually("the old intent to be given up", async || {
        (stripe.books().await.intents()[0]["status"] == "canceled").then_some(())
    })
    .await;
    shop.stop().await;
    shop.run(&["payments", "reconcile"], "").expect_success();
    shop.check();
}
