//! Operations 17 to 21 of the storefront document: orders.

use std::collections::BTreeSet;

use crate::support::{Person, Shop, id_of, shapes};
use serde_json::{Value, json};

const ORDERS: &str = "/api/v1/orders/";

fn foreign() -> Value {
    json!({"detail": "You do not have permission to access this order."})
}

fn not_found() -> Value {
    json!({"detail": "Not found."})
}

/// A shop with ten lamps at 10.00, its administrator, and ann.
async fn shop_with_lamps() -> (Shop, Person, Person, i64) {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;
    (shop, boss, ann, lamp)
}

#[tokio::test]
async fn an_order_can_be_placed_without_a_cart() {
    let (shop, boss, ann, lamp) = shop_with_lamps().await;
    let chair = boss.add_product("Chair", "20.50", 5).await;
    let body = json!({"shipping_address": "1 New St", "items": [
        {"product_id": lamp, "quantity": 2}, {"product_id": chair, "quantity": 1}]});

    let order = ann.post(ORDERS, body).await.expect(201);

    shapes::expect(&order, &shapes::order());
    assert_eq!((&order["total_amount"], &order["status"]), (&json!("40.50"), &json!("pending")));
    assert_eq!(
        order["billing_address"], "1 New St",
        "who names no billing address pays where the goods go"
    );
    assert_eq!(order["items"][1]["subtotal"], "20.50");
    assert_eq!((ann.stock_of(lamp).await, ann.stock_of(chair).await), (8, 4));
    ann.order(id_of(&order)).await.says(200, order.clone());
    boss.order(id_of(&order)).await.says(200, order);
    drop(shop);
}

#[tokio::test]
async fn a_short_or_unknown_line_is_named_and_nothing_is_taken() {
    let (_shop, boss, ann, lamp) = shop_with_lamps().await;
    let chair = boss.add_product("Chair", "20.00", 1).await;

    let unknown = json!({"items": [{"product_id": ["Product not found or inactive"]}]});
    ann.order_directly(&[(999, 1)]).await.says(400, unknown);
    let unknown = json!({"items": [{}, {"product_id": ["Product not found or inactive"]}]});
    ann.order_directly(&[(lamp, 1), (999, 1)]).await.says(400, unknown);

    let short = ann.order_directly(&[(lamp, 1), (chair, 2)]).await.expect(400);
    assert_eq!(short["non_field_errors"], json!(["Insufficient stock"]), "{short}");
    assert_eq!(short["items"][0], json!({}), "the line that is not short: {short}");
    assert!(
        short["items"][1].as_object().is_some_and(|line| !line.is_empty()),
        "the short line: {short}"
    );
    let both = ann.order_directly(&[(999, 1), (chair, 2)]).await.expect(400);
    assert_eq!(
        both["items"][0],
        json!({"product_id": ["Product not found or inactive"]}),
        "{both}"
    );
    assert_eq!(both["non_field_errors"], json!(["Insufficient stock"]), "{both}");
    // Two lines with one product need stock for both.
    let twice = ann.order_directly(&[(lamp, 6), (lamp, 5)]).await.expect(400);
    assert_eq!(twice["non_field_errors"], json!(["Insufficient stock"]), "{twice}");

    assert_eq!((ann.stock_of(lamp).await, ann.stock_of(chair).await), (10, 1));
    assert_eq!(ann.orders().await, Vec::<Value>::new());
}

#[tokio::test]
async fn wrong_fields_of_an_order_are_named_all_at_once() {
    let (_shop, _boss, ann, lamp) = shop_with_lamps().await;
    let required = json!(["This field is required."]);
    ann.post(ORDERS, json!({}))
        .await
        .says(400, json!({"shipping_address": required, "items": required}));
    for items in [json!([]), json!(null), json!("lamp"), json!({"0": 1})] {
        ann.post(ORDERS, json!({"shipping_address": "1 New St", "items": items}))
            .await
            .blames(400, &["items"]);
    }
    let body = json!({"shipping_address": "", "items": [{"product_id": lamp, "quantity": 1}, {"quantity": 0}]});
    let wrong = ann.post(ORDERS, body).await.expect(400);
    assert_eq!(wrong["shipping_address"], json!(["This field may not be blank."]), "{wrong}");
    assert_eq!(wrong["items"][0], json!({}), "{wrong}");
    assert_eq!(wrong["items"][1]["product_id"], required, "{wrong}");
    assert!(wrong["items"][1]["quantity"].is_array(), "{wrong}");

    for quantity in
        [json!(0), json!(-1), json!(1.5), json!("x"), json!(1_u64 << 31), json!(u64::MAX)]
    {
        let items = json!([{"product_id": lamp, "quantity": quantity}]);
        let refused = ann
            .post(ORDERS, json!({"shipping_address": "1 New St", "items": items}))
            .await
            .expect(400);
        assert!(refused["items"].is_array(), "{quantity}: {refused}");
    }
    for product in [json!(0), json!(-1), json!(1_u64 << 63), json!("abc"), json!(null)] {
        let items = json!([{"product_id": product, "quantity": 1}]);
        let refused = ann
            .post(ORDERS, json!({"shipping_address": "1 New St", "items": items}))
            .await
            .expect(400);
        assert!(refused["items"][0]["product_id"].is_array(), "{product}: {refused}");
    }
    assert_eq!(ann.stock_of(lamp).await, 10);
    assert_eq!(ann.orders().await, Vec::<Value>::new());
}

#[tokio::test]
async fn everybody_sees_their_own_orders_newest_first_and_admins_see_all() {
    let (shop, boss, ann, lamp) = shop_with_lamps().await;
    let ben = shop.customer("ben").await;
    ann.get(ORDERS).await.says(200, json!([]));
    let mut placed = Vec::new();
    for _ in 0..5 {
        placed.insert(0, id_of(&ann.buy(lamp, 1).await));
    }
    let bens = id_of(&ben.buy(lamp, 1).await);

    let listed = ann.get(ORDERS).await;
    assert_eq!(ids(&listed.expect(200)), placed, "a bare array, newest first");
    shapes::expect(&listed.json(), &json!([shapes::order()]));
    assert_eq!(listed.header("X-Total-Count"), "5");
    assert_eq!(ids(&ben.get(ORDERS).await.expect(200)), [bens]);
    assert_eq!(boss.get(ORDERS).await.header("X-Total-Count"), "6");
    let numbers: BTreeSet<String> =
        boss.orders().await.iter().map(|order| order["order_number"].to_string()).collect();
    assert_eq!(numbers.len(), 6, "order numbers are unique");

    let middle = ann.get(&format!("{ORDERS}?page=2&page_size=2")).await;
    assert_eq!(ids(&middle.expect(200)), placed[2..4]);
    assert_eq!(middle.header("X-Total-Count"), "5");
    let next = link(middle.header("Link"), "next").expect("there is more");
    assert_eq!(ids(&ann.get(&next).await.expect(200)), placed[4..]);
    let previous = link(middle.header("Link"), "prev").expect("there was some");
    assert_eq!(ids(&ann.get(&previous).await.expect(200)), placed[..2]);
    let last = ann.get(&format!("{ORDERS}?page=3&page_size=2")).await;
    assert_eq!(link(last.header("Link"), "next"), None);
}

#[tokio::test]
async fn somebody_elses_order_is_out_of_reach() {
    let (shop, _boss, ann, lamp) = shop_with_lamps().await;
    let order = id_of(&ann.buy(lamp, 1).await);
    let eve = shop.customer("eve").await;

    eve.order(order).await.says(403, foreign());
    eve.update_order(order, json!({"shipping_address": "Eve's"})).await.says(403, foreign());
    eve.put(&format!("{ORDERS}{order}/"), json!({"shipping_address": "Eve's"}))
        .await
        .says(403, foreign());
    eve.delete_order(order).await.says(403, foreign());
    assert_eq!(ann.order(order).await.expect(200)["status"], "pending");
    for id in ["0", "-1", "9223372036854775808", "abc", "999"] {
        let path = format!("{ORDERS}{id}/");
        eve.get(&path).await.says(404, not_found());
        eve.patch(&path, json!({"shipping_address": "Eve's"})).await.says(404, not_found());
        eve.delete(&path).await.says(404, not_found());
    }
}

#[tokio::test]
async fn a_customer_changes_addresses_and_starts_the_processing_of_a_pending_order() {
    let (_shop, _boss, ann, lamp) = shop_with_lamps().await;
    let order = ann.buy(lamp, 2).await;
    let id = id_of(&order);

    // No caller may write amounts, lines or the owner.
    let body =
        json!({"shipping_address": "2 New St", "total_amount": "0.01", "customer": 1, "items": []});
    let changed = ann.update_order(id, body).await.expect(200);
    let mut expected = order.clone();
    expected["shipping_address"] = json!("2 New St");
    expected["updated_at"] = changed["updated_at"].clone();
    assert_eq!(changed, expected);

    let blank = json!({"shipping_address": ["This field may not be blank."]});
    ann.update_order(id, json!({"shipping_address": ""})).await.says(400, blank);
    let choice = json!({"status": ["\"x\" is not a valid choice."]});
    ann.update_order(id, json!({"status": "x"})).await.says(400, choice);
    ann.update_order(id, json!({"status": 5, "billing_address": null}))
        .await
        .blames(400, &["status", "billing_address"]);
    for status in ["completed", "shipped", "delivered", "cancelled"] {
        assert!(ann.set_status(id, status).await.expect(403)["detail"].is_string(), "{status}");
    }
    assert_eq!(ann.set_status(id, "pending").await.expect(200)["status"], "pending");

    let body = json!({"status": "processing", "shipping_address": "456 New St", "billing_address": "3 Bank St"});
    let moved = ann.put(&format!("{ORDERS}{id}/"), body).await.expect(200);
    shapes::expect(&moved, &shapes::order());
    assert_eq!(
        (&moved["status"], &moved["billing_address"]),
        (&json!("processing"), &json!("3 Bank St"))
    );
    let only = json!({"error": "Only pending orders can be updated"});
    ann.update_order(id, json!({"shipping_address": "5 New St"})).await.says(400, only.clone());
    ann.set_status(id, "pending").await.says(400, only);
    ann.delete_order(id).await.says(400, json!({"error": "Only pending orders can be deleted"}));
    ann.order(id).await.says(200, moved);
}

#[tokio::test]
async fn an_administrator_moves_an_order_along_and_never_back() {
    let (_shop, boss, ann, lamp) = shop_with_lamps().await;
    let order = id_of(&ann.buy(lamp, 2).await);

    for status in ["processing", "completed", "shipped"] {
        assert_eq!(boss.set_status(order, status).await.expect(200)["status"], status);
    }
    for status in ["pending", "processing", "completed", "cancelled"] {
        assert!(
            boss.set_status(order, status).await.expect(409)["error"].is_string(),
            "shipped to {status}"
        );
    }
    boss.set_status(order, "delivered").await.expect(200);
    boss.set_status(order, "shipped").await.expect(409);
    boss.set_status(order, "Shipped!")
        .await
        .says(400, json!({"status": ["\"Shipped!\" is not a valid choice."]}));
    let changed =
        boss.update_order(order, json!({"billing_address": "9 Bank St"})).await.expect(200);
    assert_eq!(
        (&changed["status"], &changed["billing_address"]),
        (&json!("delivered"), &json!("9 Bank St"))
    );

    // Forward steps may be skipped.
    let quick = id_of(&ann.buy(lamp, 1).await);
    boss.set_status(quick, "processing").await.expect(200);
    boss.set_status(quick, "shipped").await.expect(200);
    assert_eq!(boss.stock_of(lamp).await, 7);
}

#[tokio::test]
async fn cancelling_gives_the_stock_back_once() {
    let (mut shop, boss, ann, lamp) = shop_with_lamps().await;
    let (pending, completed) = (id_of(&ann.buy(lamp, 2).await), id_of(&ann.buy(lamp, 3).await));
    boss.set_status(completed, "completed").await.expect(200);

    assert_eq!(boss.set_status(pending, "cancelled").await.expect(200)["status"], "cancelled");
    assert_eq!(boss.stock_of(lamp).await, 7);
    boss.set_status(completed, "cancelled").await.expect(200);
    assert_eq!(boss.stock_of(lamp).await, 10);

    for status in ["pending", "processing", "completed", "shipped"] {
        boss.set_status(pending, status).await.expect(409);
    }
    boss.delete_order(pending).await.expect(200);
    assert_eq!(boss.stock_of(lamp).await, 10, "what was given back is not given back again");
    ann.delete_order(completed)
        .await
        .says(400, json!({"error": "Only pending orders can be deleted"}));
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn deleting_gives_the_stock_back_and_leaves_nothing() {
    let (mut shop, boss, ann, lamp) = shop_with_lamps().await;
    let (hers, kept) = (id_of(&ann.buy(lamp, 2).await), id_of(&ann.buy(lamp, 3).await));
    boss.set_status(kept, "processing").await.expect(200);

    ann.delete_order(hers).await.says(200, json!({"message": "Order deleted successfully"}));
    ann.order(hers).await.says(404, not_found());
    ann.delete_order(hers).await.says(404, not_found());
    boss.update_order(hers, json!({"status": "processing"})).await.says(404, not_found());
    assert_eq!(ann.stock_of(lamp).await, 7);

    boss.delete_order(kept).await.says(200, json!({"message": "Order deleted successfully"}));
    assert_eq!(ann.stock_of(lamp).await, 10);
    ann.get(ORDERS).await.says(200, json!([]));
    let next = id_of(&ann.buy(lamp, 1).await);
    assert!(next > kept, "ids are not used again");
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn an_order_keeps_its_names_and_prices() {
    let (_shop, boss, ann, lamp) = shop_with_lamps().await;
    let order = id_of(&ann.buy(lamp, 2).await);
    let path = format!("/api/v1/products/{lamp}/");

    boss.patch(&path, json!({"name": "Chandelier", "price": "99.00"})).await.expect(200);
    let expect_as_bought = async || {
        let order = ann.order(order).await.expect(200);
        shapes::expect(&order, &shapes::order());
        let line = &order["items"][0];
        assert_eq!(
            (&line["product"]["name"], &line["price"]),
            (&json!("Lamp"), &json!("10.00")),
            "{line}"
        );
        assert_eq!((&line["subtotal"], &order["total_amount"]), (&json!("20.00"), &json!("20.00")));
    };
    expect_as_bought().await;
    boss.delete(&path).await.expect(200);
    expect_as_bought().await;
    // The order can still be cancelled; its product no longer exists to restock.
    boss.set_status(order, "cancelled").await.expect(200);
    expect_as_bought().await;
}

fn ids(orders: &Value) -> Vec<i64> {
    orders.as_array().expect("a bare array").iter().map(id_of).collect()
}

/// The address of one relation in a `Link` header.
fn link(header: &str, relation: &str) -> Option<String> {
    let wanted = format!("rel=\"{relation}\"");
    let part = header.split(',').find(|part| part.contains(&wanted))?;
    Some(part.split_once('<')?.1.split_once('>')?.0.to_owned())
}
