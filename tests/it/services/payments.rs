//! Payments of the services document (API5), with the sandbox gateway.

use crate::support;
use crate::support::services::{Guest, SERVICE_SETTING, bad_token, forbidden, no_token, not_found};
use crate::support::{Answer, Person, Shop, id_of};
use serde_json::{Value, json};

const CREATE: &str = "/api/v1/payments/create-checkout-session/";

/// A shop, its administrator, and a guest with an order of two lamps at 9.00.
async fn shop_with_an_order() -> (Shop, Person, Guest, i64) {
    let shop = Shop::open_with(&[SERVICE_SETTING]).await;
    let boss = shop.admin().await;
    let lamp = boss.add_discounted("Lamp", "10.00", "10", 10).await;
    let mut guest = shop.guest();
    guest.put_in(lamp, 2).await;
    let order = guest.order("gus@souk.example").await;
    (shop, boss, guest, order)
}

async fn checkout(guest: &Guest, order: i64) -> String {
    let answer = guest.send("POST", CREATE, json!({"order_id": order})).await;
    let body = answer.expect(200);
    assert_eq!(body.as_object().map(serde_json::Map::len), Some(1), "{body}");
    body["checkout_url"].as_str().expect("a URL").to_owned()
}

/// Presses a button of the page, as a browser would, and follows where it leads.
async fn press(shop: &Shop, page: &str, label: &str) -> Answer {
    let shown = shop.nobody().get(page).await;
    assert_eq!((shown.status, shown.header("Content-Type")), (200, "text/html; charset=utf-8"));
    assert!(shown.text.contains("SANDBOX"), "{shown}");
    let form = shown.text.split("<form ").find(|form| form.contains(&format!("<button>{label}")));
    let action = form.and_then(|form| form.split("action=\"").nth(1)?.split('"').next());
    let action = action.unwrap_or_else(|| panic!("no button {label}: {shown}"));
    assert!(shown.text.contains("method=\"post\"") && action.starts_with('/'), "{shown}");
    let encoded = "application/x-www-form-urlencoded";
    let pressed = shop.nobody().ask("POST", action).raw(encoded, "").send().await;
    assert_eq!(pressed.status, 303, "{pressed}");
    let location = pressed.header("Location");
    assert!(location.starts_with(&shop.base()), "a URL of our own: {location}");
    shop.nobody().get(location).await
}

#[tokio::test]
async fn create_payment_link() {
    let (mut shop, boss, guest, order) = shop_with_an_order().await;
    let url = checkout(&guest, order).await;
    assert!(url.starts_with(&format!("{}/sandbox/checkout/", shop.base())), "{url}");
    let page = shop.nobody().get(&url).await;
    assert!(page.text.contains("18.00 USD"), "{page}");
    assert!(!page.text.contains("http"), "no other host, no script: {page}");
    assert!(page.header("Content-Security-Policy").contains("default-src 'none'"));

    press(&shop, &url, "Cancel").await.says(200, json!({"status": "canceled"}));
    assert_eq!(boss.order(order).await.expect(200)["status"], "pending");
    press(&shop, &url, "Pay").await.says(200, json!({"status": "success"}));
    assert_eq!(boss.order(order).await.expect(200)["status"], "completed");
    assert_eq!(boss.report().await, (1, 18.0, 1, 0));

    // The customer cancels afterwards in another window; the payment stays.
    let given_up = shop.nobody().post(&format!("{url}/cancel"), json!({})).await;
    assert_eq!(given_up.status, 303, "{given_up}");
    shop.nobody().get(given_up.header("Location")).await.says(200, json!({"status": "success"}));

    // Once is enough.
    let again = shop.nobody().get(&url).await;
    assert!(again.status == 200 && !again.text.contains("<form"), "{again}");
    let refused = guest.send("POST", CREATE, json!({"order_id": order})).await;
    refused.says(400, json!({"detail": "Only pending orders can be paid."}));
    assert_eq!(boss.report().await, (1, 18.0, 1, 0));
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn a_user_needs_no_key_and_nobody_gets_a_link_for_anothers_order() {
    let (shop, boss, guest, guests) = shop_with_an_order().await;
    let lamp = boss.add_product("Other", "5.00", 5).await;
    let (ann, eve) = (shop.customer("ann").await, shop.customer("eve").await);
    let anns = id_of(&ann.buy(lamp, 1).await);

    let url = ann.post(CREATE, json!({"order_id": anns.to_string()})).await.expect(200);
    let url = url["checkout_url"].as_str().expect("a URL").to_owned();
    let again = ann.post(CREATE, json!({"order_id": anns})).await.expect(200);
    assert_eq!(again["checkout_url"], url.as_str(), "one page, however often it is asked for");
    press(&shop, &url, "Pay").await.says(200, json!({"status": "success"}));
    assert_eq!(ann.order(anns).await.expect(200)["status"], "completed");

    let ask = |order: i64, key: &str| json!({"order_id": order, "cart_key": key});
    for answer in [
        eve.post(CREATE, json!({"order_id": anns})).await,
        eve.post(CREATE, json!({"order_id": guests})).await,
        boss.post(CREATE, json!({"order_id": guests})).await,
        shop.nobody().post(CREATE, ask(anns, &guest.key)).await,
        guest.send("POST", CREATE, json!({"order_id": 999})).await,
    ] {
        answer.says(404, not_found());
    }
    shop.nobody().post(CREATE, json!({"order_id": guests})).await.says(401, no_token());
    shop.nobody()
        .bearing("a.b.c")
        .post(CREATE, ask(guests, &guest.key))
        .await
        .says(401, bad_token());
    shop.service().post(CREATE, json!({"order_id": guests})).await.says(403, forbidden());
    guest.send("POST", CREATE, json!({})).await.blames(400, &["order_id"]);
    shop.nobody().post(CREATE, ask(guests, &guest.key)).await.expect(200);
}

#[tokio::test]
async fn opening_the_success_page_does_not_pay() {
    let (shop, boss, guest, order) = shop_with_an_order().await;
    let url = checkout(&guest, order).await;
    let session = url.rsplit('/').next().expect("a session");
    let success = format!("/api/v1/payments/success/?session_id={session}");

    shop.nobody().get(&success).await.says(200, json!({"status": "canceled"}));
    assert_eq!(boss.report().await, (1, 0.0, 0, 1));
    for path in ["/api/v1/payments/success/?session_id=cs_test_x", "/api/v1/payments/success/"] {
        shop.nobody().get(path).await.says(404, not_found());
    }
    let cancel = format!("/api/v1/payments/cancel/?session_id={session}");
    shop.nobody().get(&cancel).await.says(200, json!({"status": "canceled"}));
    for path in ["/sandbox/checkout/cs_test_x", "/sandbox/checkout/%00"] {
        shop.nobody().get(path).await.says(404, not_found());
        shop.nobody().post(&format!("{path}/pay"), json!({})).await.says(404, not_found());
    }
}

#[tokio::test]
async fn a_payment_for_a_cancelled_order_goes_back() {
    let (mut shop, boss, guest, order) = shop_with_an_order().await;
    let url = checkout(&guest, order).await;
    boss.set_status(order, "cancelled").await.expect(200);
    press(&shop, &url, "Pay").await.says(200, json!({"status": "canceled"}));
    assert_eq!(boss.order(order).await.expect(200)["status"], "cancelled");
    support::eventually("the refund", async || {
        let page = shop.nobody().get(&url).await.text;
        page.contains("refunded").then_some(())
    })
    .await;
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn repeated_button_presses_pay_once() {
    let (mut shop, boss, guest, order) = shop_with_an_order().await;
    let url = checkout(&guest, order).await;
    let session = url.rsplit('/').next().expect("a session");
    let nobody = shop.nobody();
    let success = format!("/api/v1/payments/success/?session_id={session}");
    let pay = format!("{url}/pay");
    let presses = (0..10).map(async |_| {
        nobody.post(&pay, json!({})).await;
        nobody.get(&success).await
    });
    for answer in futures_util::future::join_all(presses).await {
        answer.says(200, json!({"status": "success"}));
    }
    assert_eq!(boss.report().await, (1, 18.0, 1, 0));
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn a_browser_confirms_where_stripe_would() {
    // A declined card must not call the order off here: the customer tries others.
    let shop = Shop::open_with(&[("SOUK_CANCEL_ON_PAYMENT_FAILED", "false")]).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;
    let order = id_of(&ann.buy(lamp, 2).await);
    let payment = ann.create_payment(order).await.expect(200);
    let (intent, secret) = (&payment["payment_intent_id"], &payment["client_secret"]);
    let path = format!("/sandbox/v1/payment_intents/{}/confirm", intent.as_str().expect("text"));
    let confirm = async |body: Value| shop.nobody().post(&path, body).await;
    let with = |method: &str| json!({"client_secret": secret, "payment_method": method});

    for (body, status, code) in [
        (json!({}), 400, "parameter_missing"),
        (json!({"client_secret": secret}), 400, "parameter_missing"),
        (with("pm_no_such_card"), 400, "resource_missing"),
        (
            json!({"client_secret": "wrong", "payment_method": "pm_card_visa"}),
            404,
            "resource_missing",
        ),
    ] {
        let refused = confirm(body).await.expect(status);
        assert_eq!(refused["error"]["code"], code, "{refused}");
    }
    let declined = confirm(with("pm_card_chargeDeclined")).await.expect(402);
    assert_eq!(declined["error"]["type"], "card_error");
    let waiting = confirm(with("pm_card_threeDSecure2Required")).await.expect(200);
    assert_eq!(waiting["status"], "requires_action");

    let form =
        format!("client_secret={}&payment_method=pm_card_visa", secret.as_str().expect("text"));
    let encoded = "application/x-www-form-urlencoded";
    let paid = shop.nobody().ask("POST", &path).raw(encoded, form).send().await;
    let expected = json!({"id": intent, "object": "payment_intent", "status": "succeeded",
        "client_secret": secret, "amount": 2000, "currency": "usd"});
    paid.says(200, expected);
    let confirmed = ann.post(&format!("/api/v1/orders/{order}/confirm-payment/"), json!({})).await;
    assert_eq!(confirmed.expect(200)["order"]["status"], "completed");
}
