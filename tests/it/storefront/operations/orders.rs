//! Order Management Endpoints and Payment Endpoints.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{detail, error, no_token, said, shop_with_laptop};
use crate::support::{id_of, shapes};

const ORDERS: &str = "/api/v1/orders/";
const WEBHOOK: &str = "/api/v1/webhooks/stripe/";
const FOREIGN: &str = "You do not have permission to access this order.";

fn path(order: i64, what: &str) -> String {
    format!("{ORDERS}{order}/{what}")
}

#[tokio::test]
async fn list_orders() {
    let (shop, boss, ann, eve, laptop) = shop_with_laptop().await;
    let order = id_of(&ann.buy(laptop, 2).await);
    ann.create_payment(order).await.expect(200);

    let listed = ann.get(ORDERS).await.expect(200);

    shapes::expect(&listed, &json!([shapes::order()]));
    assert_eq!(listed, json!([ann.order(order).await.expect(200)]));
    eve.get(ORDERS).await.says(200, json!([]));
    boss.get(ORDERS).await.says(200, listed);
    shop.nobody().get(ORDERS).await.says(401, no_token());
}

#[tokio::test]
async fn create_order() {
    let (shop, boss, ann, _, laptop) = shop_with_laptop().await;
    let mouse = boss.add_product("Mouse", "20.00", 5).await;
    let body = |lines: Value| {
        json!({"shipping_address": "123 Main St, City, State, ZIP",
            "billing_address": "123 Main St, City, State, ZIP", "items": lines})
    };
    let lines =
        json!([{"product_id": laptop, "quantity": 2}, {"product_id": mouse, "quantity": 1}]);

    let placed = ann.post(ORDERS, body(lines.clone())).await.expect(201);

    shapes::expect(&placed, &shapes::order());
    assert_eq!(
        (&placed["customer"], &placed["customer_email"]),
        (&json!(ann.id), &json!(ann.email))
    );
    assert_eq!(
        (&placed["total_amount"], &placed["status"]),
        (&json!("2019.98"), &json!("pending"))
    );
    let line = &placed["items"][0];
    assert_eq!((&line["price"], &line["subtotal"]), (&json!("999.99"), &json!("1999.98")));
    assert_eq!(line["product"]["stock_quantity"], 48);
    for unset in ["stripe_payment_intent_id", "client_secret", "crm_sync_status"] {
        assert_eq!(placed[unset], Value::Null, "{unset}");
    }
    let unknown = json!({"items": [{"product_id": ["Product not found or inactive"]}]});
    ann.post(ORDERS, body(json!([{"product_id": 999, "quantity": 1}]))).await.says(400, unknown);
    let short = ann.post(ORDERS, body(json!([{"product_id": laptop, "quantity": 49}]))).await;
    assert_eq!(short.expect(400)["non_field_errors"], json!(["Insufficient stock"]));
    shop.nobody().post(ORDERS, body(lines)).await.says(401, no_token());
}

#[tokio::test]
async fn get_order_detail() {
    let (shop, boss, ann, eve, laptop) = shop_with_laptop().await;
    let placed = ann.buy(laptop, 2).await;
    let order = id_of(&placed);
    let payment = ann.create_payment(order).await.expect(200);

    let shown = ann.order(order).await.expect(200);

    shapes::expect(&shown, &shapes::order());
    let mut expected = placed;
    expected["stripe_payment_intent_id"] = payment["payment_intent_id"].clone();
    expected["client_secret"] = payment["client_secret"].clone();
    expected["updated_at"] = shown["updated_at"].clone();
    assert_eq!(shown, expected);
    boss.order(order).await.says(200, shown);
    eve.order(order).await.says(403, detail(FOREIGN));
    shop.nobody().order(order).await.says(401, no_token());
}

#[tokio::test]
async fn update_order() {
    let (_shop, boss, ann, eve, laptop) = shop_with_laptop().await;
    let placed = ann.buy(laptop, 1).await;
    let order = id_of(&placed);
    let body = json!({"status": "processing", "shipping_address": "456 New St, City, State, ZIP"});

    eve.patch(&path(order, ""), body.clone()).await.says(403, detail(FOREIGN));
    let moved = ann.patch(&path(order, ""), body.clone()).await.expect(200);

    shapes::expect(&moved, &shapes::order());
    let mut expected = placed;
    expected["status"] = body["status"].clone();
    expected["shipping_address"] = body["shipping_address"].clone();
    expected["updated_at"] = moved["updated_at"].clone();
    assert_eq!(moved, expected);
    let late = error("Only pending orders can be updated");
    ann.patch(&path(order, ""), body).await.says(400, late.clone());
    let whole = json!({"status": "shipped", "shipping_address": "1 Last St",
        "billing_address": "2 Last St"});
    ann.put(&path(order, ""), whole.clone()).await.says(400, late);
    let put = boss.put(&path(order, ""), whole).await.expect(200);
    shapes::expect(&put, &shapes::order());
    assert_eq!((&put["status"], &put["billing_address"]), (&json!("shipped"), &json!("2 Last St")));
}

#[tokio::test]
async fn delete_order() {
    let (_shop, boss, ann, eve, laptop) = shop_with_laptop().await;
    let (pending, paid) = (id_of(&ann.buy(laptop, 1).await), id_of(&ann.buy(laptop, 1).await));
    ann.pay(paid).await;

    eve.delete_order(pending).await.says(403, detail(FOREIGN));
    ann.delete_order(paid).await.says(400, error("Only pending orders can be deleted"));
    ann.delete_order(pending).await.says(200, said("Order deleted successfully"));
    boss.delete_order(paid).await.says(200, said("Order deleted successfully"));
}

#[tokio::test]
async fn create_payment_intent() {
    let (_shop, boss, ann, eve, laptop) = shop_with_laptop().await;
    let order = id_of(&ann.buy(laptop, 1).await);
    let create = path(order, "create-payment/");

    let payment = ann.post(&create, json!({})).await.expect(200);

    shapes::expect(&payment, &shapes::payment());
    boss.post(&create, json!({})).await.says(200, payment);
    eve.post(&create, json!({})).await.says(403, detail(FOREIGN));
    ann.pay(order).await;
    let late = error("Only pending orders can initiate payment");
    ann.post(&create, json!({})).await.says(400, late);
}

#[tokio::test]
async fn confirm_payment() {
    let (_shop, _boss, ann, eve, laptop) = shop_with_laptop().await;
    let order = id_of(&ann.buy(laptop, 1).await);
    let confirm = path(order, "confirm-payment/");
    let missing = error("Payment intent not found for this order");
    ann.post(&confirm, json!({})).await.says(400, missing);
    let payment = ann.create_payment(order).await.expect(200);
    let mut unpaid = error("Payment requires a payment method");
    unpaid["client_secret"] = payment["client_secret"].clone();
    ann.post(&confirm, json!({})).await.says(400, unpaid);
    eve.post(&confirm, json!({})).await.says(403, detail(FOREIGN));

    let confirmed = ann.confirm_payment(order, "pm_card_visa").await.expect(200);

    shapes::expect(&confirmed, &shapes::confirmed());
    assert_eq!(confirmed["message"], "Payment confirmed successfully");
    assert_eq!(confirmed["order"]["status"], "completed");
    ann.order(order).await.says(200, confirmed["order"].clone());
}

#[tokio::test]
async fn stripe_webhook() {
    let (shop, _boss, ann, _, laptop) = shop_with_laptop().await;
    let order = id_of(&ann.buy(laptop, 1).await);
    let payment = ann.create_payment(order).await.expect(200);
    let deliver = async |body: &str, secret: &str| {
        let seconds = jiff::Timestamp::now().as_second();
        let mut code = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key");
        code.update(format!("{seconds}.{body}").as_bytes());
        let code = code.finalize().into_bytes();
        let hex: String = code.iter().map(|octet| format!("{octet:02x}")).collect();
        let asking = shop.nobody().ask("POST", WEBHOOK).raw("application/json", body);
        asking.header("Stripe-Signature", &format!("t={seconds},v1={hex}")).send().await
    };
    let event = json!({"id": "evt_1", "object": "event", "type": "payment_intent.canceled",
        "data": {"object": {"id": payment["payment_intent_id"], "object": "payment_intent"}}});

    let refused = deliver(&event.to_string(), "whsec_of_somebody_else").await;
    refused.says(400, error("Invalid signature"));
    deliver("no event", "whsec_sandbox").await.says(400, error("Invalid payload"));
    let told = deliver(&event.to_string(), "whsec_sandbox").await;
    told.says(200, json!({"status": "success"}));
    assert_eq!(ann.order(order).await.expect(200)["status"], "cancelled");
}
