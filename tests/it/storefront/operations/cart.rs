//! Cart Management Endpoints and Reports Endpoints.

use serde_json::{Value, json};

use super::{error, no_token, not_found, said, shop_with_laptop};
use crate::support::{id_of, shapes};

const CART: &str = "/api/v1/cart/";
const CHECKOUT: &str = "/api/v1/cart/checkout/";

fn item(id: i64) -> String {
    format!("{CART}items/{id}/")
}

#[tokio::test]
async fn get_cart() {
    let (shop, _boss, ann, _, laptop) = shop_with_laptop().await;
    let line = ann.put_in_cart(laptop, 2).await.expect(201);

    let cart = ann.get(CART).await.expect(200);

    shapes::expect(&cart, &shapes::cart());
    assert_eq!((&cart["items"], &cart["total_amount"]), (&json!([line]), &json!("1999.98")));
    shop.nobody().get(CART).await.says(401, no_token());
}

#[tokio::test]
async fn add_item_to_cart() {
    let (shop, _boss, ann, _, laptop) = shop_with_laptop().await;
    let body = json!({"product_id": laptop, "quantity": 2});

    let line = ann.post(CART, body.clone()).await.expect(201);

    shapes::expect(&line, &shapes::item());
    assert_eq!((&line["quantity"], &line["subtotal"]), (&json!(2), &json!("1999.98")));
    let again = ann.post(CART, body.clone()).await.expect(201);
    assert_eq!((&again["id"], &again["quantity"]), (&line["id"], &json!(4)));
    let unknown = json!({"product_id": ["Product not found or inactive"]});
    ann.post(CART, json!({"product_id": 999, "quantity": 1})).await.says(400, unknown);
    let short = json!({"non_field_errors": ["Insufficient stock"]});
    ann.post(CART, json!({"product_id": laptop, "quantity": 47})).await.says(400, short);
    shop.nobody().post(CART, body).await.says(401, no_token());
}

#[tokio::test]
async fn clear_cart() {
    let (_shop, _boss, ann, _, laptop) = shop_with_laptop().await;
    ann.put_in_cart(laptop, 2).await.expect(201);

    ann.delete(CART).await.says(200, said("Cart cleared successfully"));

    assert_eq!(ann.cart().await["items"], json!([]));
}

#[tokio::test]
async fn update_cart_item() {
    let (_shop, _boss, ann, eve, laptop) = shop_with_laptop().await;
    let line = id_of(&ann.put_in_cart(laptop, 2).await.expect(201));
    let three = json!({"quantity": 3});

    let put = ann.put(&item(line), three.clone()).await.expect(200);

    shapes::expect(&put, &shapes::item());
    assert_eq!((&put["quantity"], &put["subtotal"]), (&json!(3), &json!("2999.97")));
    ann.patch(&item(line), three.clone()).await.says(200, put);
    let required = json!({"quantity": ["This field is required."]});
    let too_few = json!({"quantity": ["Quantity must be at least 1."]});
    ann.put(&item(line), json!({})).await.says(400, required.clone());
    ann.patch(&item(line), json!({})).await.says(400, required);
    ann.patch(&item(line), json!({"quantity": 0})).await.says(400, too_few);
    ann.put(&item(line), json!({"quantity": 51})).await.says(400, error("Insufficient stock"));
    for foreign in [eve.put(&item(line), three.clone()).await, ann.put(&item(999), three).await] {
        foreign.says(404, not_found());
    }
}

#[tokio::test]
async fn remove_cart_item() {
    let (_shop, _boss, ann, eve, laptop) = shop_with_laptop().await;
    let line = id_of(&ann.put_in_cart(laptop, 2).await.expect(201));

    eve.delete(&item(line)).await.says(404, not_found());
    ann.delete(&item(line)).await.says(200, said("Cart item removed successfully"));
    ann.delete(&item(line)).await.says(404, not_found());
}

#[tokio::test]
async fn cart_checkout() {
    let (shop, _boss, ann, eve, laptop) = shop_with_laptop().await;
    let body = json!({"shipping_address": "123 Main St, City, State, ZIP",
        "billing_address": "123 Main St, City, State, ZIP", "clear_cart": true});
    ann.put_in_cart(laptop, 2).await.expect(201);

    let order = ann.post(CHECKOUT, body.clone()).await.expect(201);

    shapes::expect(&order, &shapes::order());
    assert_eq!((&order["total_amount"], &order["status"]), (&json!("1999.98"), &json!("pending")));
    assert_eq!(order["items"][0]["product"]["stock_quantity"], 48);
    for unset in ["stripe_payment_intent_id", "client_secret", "crm_sync_status"] {
        assert_eq!(order[unset], Value::Null, "{unset}");
    }
    ann.post(CHECKOUT, body.clone()).await.says(400, error("Cart is empty"));
    ann.put_in_cart(laptop, 30).await.expect(201);
    eve.put_in_cart(laptop, 40).await.expect(201);
    eve.post(CHECKOUT, body.clone()).await.expect(201);
    let short = ann.post(CHECKOUT, body.clone()).await;
    short.says(400, error("Insufficient stock for Laptop"));
    shop.nobody().post(CHECKOUT, body).await.says(401, no_token());
}

#[tokio::test]
async fn reports_summary() {
    let (shop, boss, ann, eve, laptop) = shop_with_laptop().await;
    ann.pay(id_of(&ann.buy(laptop, 2).await)).await;
    eve.buy(laptop, 1).await;

    let report = boss.get("/api/v1/reports/summary/").await.expect(200);

    shapes::expect(&report, &shapes::report());
    let expected = json!({"total_orders": 2, "total_revenue": 1999.98, "paid_orders": 1,
        "pending_orders": 1});
    assert_eq!(report, expected);
    let refused = ann.get("/api/v1/reports/summary/").await;
    refused.says(403, error("Only admins can access reports"));
    shop.nobody().get("/api/v1/reports/summary/").await.says(401, no_token());
}
