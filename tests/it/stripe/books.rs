//! An answer of Stripe is booked only if it matches the shop's books, and is read only up to a limit.

use crate::support::{Answer, Person, Shop, StripeStandIn, eventually, expect_to_agree, id_of};
use serde_json::{Value, json};

const PRICE: i64 = 1_999;
const INTENTS: &str = "/v1/payment_intents";

async fn shop(stripe: &StripeStandIn) -> (Shop, Person, i64) {
    let shop = stripe.open_shop(&[("SOUK_CANCEL_ON_PAYMENT_FAILED", "false")]).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "19.99", 100).await;
    (shop, boss, lamp)
}

/// Fields of an intent that do not match an unrefunded payment of 19.99.
fn misfits() -> Vec<Value> {
    vec![
        json!({"amount_received": -PRICE}),
        json!({"amount_received": PRICE + 1}),
        json!({"amount_received": 1_i64 << 62}),
        json!({"amount_received": i64::MIN}),
        json!({"amount_received": i64::MAX}),
        json!({"amount_received": 0, "status": "succeeded"}),
        json!({"amount_received": PRICE, "status": "requires_capture"}),
        json!({"amount_received": PRICE, "status": "canceled"}),
        json!({"amount": 5}),
        json!({"amount": -PRICE}),
        json!({"currency": "eur"}),
        json!({"id": "pi_of_somebody_else"}),
        json!({"metadata": {"souk_payment": "999999"}}),
    ]
}

/// Fields that are no amounts at all.
fn unreadable() -> Vec<Value> {
    vec![
        json!({"amount_received": "1999"}),
        json!({"amount_received": 1_999.5}),
        json!({"amount_received": null}),
        json!({"amount_received": 1_u64 << 63}),
        json!({"created": "yesterday"}),
    ]
}

async fn alter(stripe: &StripeStandIn, on: &str, times: u32, with: &Value) {
    stripe.fault_with(json!({"on": on, "kind": "altered", "times": times, "with": with})).await;
}

async fn started(ann: &Person, product: i64) -> i64 {
    let order = id_of(&ann.buy(product, 1).await);
    ann.create_payment(order).await.expect(200);
    order
}

fn expect_to_come_back(answer: &Answer) {
    answer.expect(503);
    assert!(answer.header("Retry-After").parse::<u32>().is_ok(), "{answer}");
}

async fn misfits_counted(shop: &Shop) -> u64 {
    let text = shop.nobody().get("/metrics").await.text;
    let line = text.lines().find_map(|line| line.strip_prefix("souk_gateway_misfits_total "));
    line.expect("the metric").parse().expect("a count")
}

#[tokio::test]
async fn an_answer_that_does_not_match_is_verified_before_booking() {
    let stripe = StripeStandIn::start();
    let (mut shop, boss, lamp) = shop(&stripe).await;
    let ann = shop.customer("ann").await;
    let mut orders = Vec::new();
    for with in misfits() {
        let order = started(&ann, lamp).await;
        let counted = misfits_counted(&shop).await;
        alter(&stripe, "confirm$", 1, &with).await;

        let confirmed = ann.confirm_payment(order, "pm_card_visa").await;

        assert_eq!(confirmed.status, 200, "{with}: {confirmed}");
        assert!(misfits_counted(&shop).await > counted, "{with}");
        orders.push(order);
        stripe.no_faults().await;
    }

    let statuses = expect_to_agree(&boss, &stripe, &orders).await;
    assert!(statuses.iter().all(|status| status == "completed"), "{statuses:?}");
    assert!(shop.output().contains("contradicts the books"), "an alarm");
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn while_no_answer_fits_nothing_is_booked_and_the_store_stays_sound() {
    let stripe = StripeStandIn::start();
    let (mut shop, boss, lamp) = shop(&stripe).await;
    stripe.webhooks(json!({"holding": true})).await;
    let ann = shop.customer("ann").await;
    let mut orders = Vec::new();
    for with in misfits().into_iter().chain(unreadable()) {
        let order = started(&ann, lamp).await;
        alter(&stripe, &format!("{INTENTS}/"), 1_000, &with).await;

        expect_to_come_back(&ann.confirm_payment(order, "pm_card_visa").await);
        expect_to_come_back(&ann.confirm_payment(order, "pm_card_visa").await);

        assert_eq!(ann.order(order).await.expect(200)["status"], "pending", "{with}");
        stripe.no_faults().await;
        orders.push(order);
    }
    assert_eq!(boss.report().await.1, 0.0);
    shop.stop().await;
    shop.check();
    shop.expect_restorable_copy();

    shop.start();
    stripe.tell(&shop).await;
    stripe.webhooks(json!({"holding": false})).await;
    let statuses = expect_to_agree(&boss, &stripe, &orders).await;
    assert!(statuses.iter().all(|status| status == "completed"), "{statuses:?}");
}

#[tokio::test]
async fn an_intent_or_a_page_is_for_the_payment_it_was_made_for() {
    let stripe = StripeStandIn::start();
    let (mut shop, _, lamp) = shop(&stripe).await;
    let ann = shop.customer("ann").await;
    let other = id_of(&ann.buy(lamp, 1).await);
    let taken = ann.create_payment(other).await.expect(200)["payment_intent_id"].clone();
    for with in [
        json!({"id": taken}),
        json!({"amount": 5}),
        json!({"currency": "jpy"}),
        json!({"metadata": {"souk_payment": "999999"}}),
    ] {
        let order = id_of(&ann.buy(lamp, 1).await);
        alter(&stripe, &format!("POST {INTENTS}$"), 10, &with).await;
        expect_to_come_back(&ann.create_payment(order).await);
        stripe.no_faults().await;
        ann.pay(order).await;
    }
    let checkout = async |order: i64| {
        ann.post("/api/v1/payments/create-checkout-session/", json!({"order_id": order})).await
    };
    for with in [
        json!({"amount_total": 5}),
        json!({"amount_total": -5}),
        json!({"currency": "jpy"}),
        json!({"metadata": {"souk_payment": "999999"}}),
    ] {
        let order = id_of(&ann.buy(lamp, 1).await);
        alter(&stripe, "checkout/sessions", 10, &with).await;
        expect_to_come_back(&checkout(order).await);
        stripe.no_faults().await;
        checkout(order).await.expect(200);
    }

    // The intent of a page is known only after a payment there.
    stripe.webhooks(json!({"holding": true})).await;
    let order = id_of(&ann.buy(lamp, 1).await);
    let page = checkout(order).await.expect(200)["checkout_url"].clone();
    let page = page.as_str().expect("a page");
    stripe.pay_page(page, "pm_card_visa").await;
    let session = page.rsplit('/').next().expect("a session");
    let success = format!("/api/v1/payments/success/?session_id={session}");
    for with in [json!({"id": "pi_of_somebody_else"}), json!({"amount": 5}), json!({"id": taken})] {
        alter(&stripe, &format!("GET {INTENTS}"), 10, &with).await;
        expect_to_come_back(&shop.nobody().get(&success).await);
        stripe.no_faults().await;
        assert_eq!(ann.order(order).await.expect(200)["status"], "pending", "{with}");
    }
    shop.nobody().get(&success).await.says(200, json!({"status": "success"}));
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn a_refund_is_booked_with_its_decided_amount_or_not_at_all() {
    let stripe = StripeStandIn::start();
    let (mut shop, boss, lamp) = shop(&stripe).await;
    stripe.webhooks(json!({"holding": true})).await;
    let ann = shop.customer("ann").await;
    for with in [
        json!({"amount": -500}),
        json!({"amount": 501}),
        json!({"amount": i64::MAX}),
        json!({"currency": "eur"}),
        json!({"payment_intent": "pi_of_somebody_else"}),
    ] {
        let order = started(&ann, lamp).await;
        ann.confirm_payment(order, "pm_card_visa").await.expect(200);
        alter(&stripe, "POST /v1/refunds", 10, &with).await;
        let path = format!("/api/v1/orders/{order}/refunds/");
        boss.post(&path, json!({"amount": "5.00"})).await.expect(201);
        // The refund's answer is in doubt, but the list of Stripe's refunds is not.
        eventually("the refund to be booked", async || {
            (boss.get(&path).await.expect(200)["refunded"] == "5.00").then_some(())
        })
        .await;
        stripe.no_faults().await;

        // Impossible lists of refunds.
        let refund = stripe.books().await.refunds().last().expect("a refund").clone();
        let with_amount = |amount: i64| {
            let mut refund = refund.clone();
            refund["amount"] = json!(amount);
            refund
        };
        for data in [
            json!([with_amount(-1)]),
            json!([with_amount(i64::MAX), with_amount(i64::MAX)]),
            json!([with_amount(PRICE + 1)]),
        ] {
            alter(&stripe, "GET /v1/refunds", 10, &json!({"data": data})).await;
            expect_to_come_back(&ann.confirm_payment(order, "pm_card_visa").await);
            stripe.no_faults().await;
        }
    }
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn lists_of_refunds_are_read_completely_up_to_a_limit() {
    let stripe = StripeStandIn::start();
    let (mut shop, boss, lamp) = shop(&stripe).await;
    stripe.webhooks(json!({"holding": true})).await;
    let ann = shop.customer("ann").await;
    let order = started(&ann, lamp).await;
    ann.confirm_payment(order, "pm_card_visa").await.expect(200);
    let intent = stripe.books().await.intents()[0]["id"].as_str().expect("an id").to_owned();
    for _ in 0..120 {
        stripe.at_stripe(&intent, "refund", json!({"amount": 10})).await;
    }

    ann.confirm_payment(order, "pm_card_visa").await.expect(200);
    let path = format!("/api/v1/orders/{order}/refunds/");
    eventually("all of them to be booked", async || {
        (boss.get(&path).await.expect(200)["refunded"] == "12.00").then_some(())
    })
    .await;

    let calls = stripe.calls_so_far().await;
    alter(&stripe, "GET /v1/refunds", 1_000, &json!({"has_more": true})).await;
    expect_to_come_back(&ann.confirm_payment(order, "pm_card_visa").await);
    assert!(stripe.calls_so_far().await < calls + 20);
    stripe.no_faults().await;
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn an_answer_without_an_end_takes_no_memory() {
    let stripe = StripeStandIn::start();
    let (mut shop, boss, lamp) = shop(&stripe).await;
    let ann = shop.customer("ann").await;
    let before = shop.resident_mebibytes();
    let mut orders = Vec::new();
    for kind in ["endless_after", "huge_after", "headers_after"] {
        let order = started(&ann, lamp).await;
        stripe.fault(&format!("{INTENTS}/"), kind, 100).await;

        let asking = ann.confirm_payment(order, "pm_card_visa");
        let mut asking = std::pin::pin!(asking);
        let mut most = before;
        let answer = loop {
            let wait = std::time::Duration::from_millis(20);
            match tokio::time::timeout(wait, &mut asking).await {
                Ok(answer) => break answer,
                Err(_) => most = most.max(shop.resident_mebibytes()),
            }
        };

        expect_to_come_back(&answer);
        assert!(most < before + 64, "{kind}: {before} to {most} MiB");
        stripe.no_faults().await;
        ann.confirm_payment(order, "pm_card_visa").await.expect(200);
        orders.push(order);
    }
    expect_to_agree(&boss, &stripe, &orders).await;
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn permanent_refusals_of_stripe_become_client_errors_with_the_reason() {
    let stripe = StripeStandIn::start();
    let (mut shop, boss, _) = shop(&stripe).await;
    let ann = shop.customer("ann").await;
    let sweet = boss.add_product("Sweet", "0.10", 100).await;
    let reason = "Amount must be at least the minimum for this currency.";
    let pay = async |order: i64| {
        [
            ann.create_payment(order).await,
            ann.post("/api/v1/payments/create-checkout-session/", json!({"order_id": order})).await,
            ann.post("/api/payments/", json!({"order": order, "amount": "0.10"})).await,
            ann.post(
                "/api/payments/",
                json!({"order_id": order, "payment_method": "pm_card_visa"}),
            )
            .await,
        ]
    };
    let expect_reason = |answers: &[Answer; 4], reason: &str| {
        answers[0].says(400, json!({"error": reason}));
        for answer in &answers[1..] {
            answer.says(400, json!({"detail": reason}));
        }
    };
    expect_reason(&pay(id_of(&ann.buy(sweet, 1).await)).await, reason);

    for (status, error, shown) in [
        (
            400,
            json!({"type": "invalid_request_error", "param": "currency", "message": "Invalid currency: usd."}),
            "Invalid currency: usd.",
        ),
        (
            402,
            json!({"type": "card_error", "code": "card_declined", "message": "Your card is not supported."}),
            "Your card is not supported.",
        ),
        (
            400,
            json!({"type": "invalid_request_error", "message": "No such thing for sk_test_stand_in\nat all"}),
            "No such thing for … at all",
        ),
        (
            400,
            json!({"type": "invalid_request_error"}),
            "The payment gateway does not accept this payment.",
        ),
    ] {
        let order = id_of(&ann.buy(sweet, 1).await);
        let refusal = json!({"on": "POST", "kind": "refusal", "times": 100, "status": status, "error": error});
        stripe.fault_with(refusal).await;
        let calls = stripe.calls_so_far().await;
        expect_reason(&pay(order).await, shown);
        let asked = stripe.calls_since(calls).await;
        let made = asked.iter().filter(|call| call["method"] == "POST").count();
        assert_eq!(made, 4, "none is tried again: {asked:#?}");
        stripe.no_faults().await;
        assert_eq!(ann.order(order).await.expect(200)["status"], "pending");
    }

    // The status shows whose mistake it is.
    for (status, expected) in [(401, 502), (403, 502), (429, 503), (500, 503)] {
        let order = id_of(&ann.buy(sweet, 1).await);
        let error = json!({"type": "invalid_request_error", "message": "sk_test_stand_in is bad"});
        let refusal = json!({"on": "POST", "kind": "refusal", "times": 100, "status": status, "error": error});
        stripe.fault_with(refusal).await;
        let answer = ann.create_payment(order).await;
        assert_eq!(answer.status, expected, "{status}: {answer}");
        assert!(!answer.text.contains("sk_test"), "{answer}");
        stripe.no_faults().await;
    }
    shop.stop().await;
    shop.check();
}
