//! Operations 3.1 to 3.4 of the platform document: orders.

use crate::support::{Answer, Person, Shop, shapes};
use serde_json::{Value, json};

const ORDERS: &str = "/api/v1/orders";

fn shape() -> Value {
    json!({"order_id": "id", "user_id": "id", "items": [{"product_id": "id", "quantity": "count"}],
        "total_price": "number", "status": "text"})
}

fn not_found() -> Value {
    json!({"detail": "Not found."})
}

fn forbidden() -> Value {
    json!({"detail": "You do not have permission to perform this action."})
}

fn path(order: i64) -> String {
    format!("{ORDERS}/{order}")
}

/// A shop with ten lamps at 10.00, its administrator, and ann.
async fn shop_with_lamps() -> (Shop, Person, Person, i64) {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;
    (shop, boss, ann, lamp)
}

async fn try_order(by: &Person, user: i64, lines: &[(i64, i64)], total: Value) -> Answer {
    let items: Value =
        lines.iter().map(|(id, units)| json!({"product_id": id, "quantity": units})).collect();
    by.post(ORDERS, json!({"user_id": user, "items": items, "total_price": total})).await
}

async fn order(by: &Person, lamp: i64, units: i64) -> i64 {
    let answer = try_order(by, by.id, &[(lamp, units)], json!(10 * units)).await;
    answer.expect(201)["order_id"].as_i64().expect("an id")
}

#[tokio::test]
async fn create_order() {
    let (shop, boss, ann, lamp) = shop_with_lamps().await;
    let chair = boss.add_product("Chair", "20.50", 5).await;

    let answer = try_order(&ann, ann.id, &[(lamp, 2), (chair, 1)], json!(40.50)).await;

    let placed = answer.expect(201);
    shapes::expect(&placed, &shape());
    assert_eq!((&placed["user_id"], &placed["status"]), (&json!(ann.id), &json!("Pending")));
    assert!(answer.text.contains("\"total_price\":40.50"), "{answer}");
    let items = json!([{"product_id": lamp, "quantity": 2}, {"product_id": chair, "quantity": 1}]);
    assert_eq!(placed["items"], items);
    assert_eq!((ann.stock_of(lamp).await, ann.stock_of(chair).await), (8, 4));
    let for_ann = try_order(&boss, ann.id, &[(lamp, 1)], json!("10.00")).await.expect(201);
    assert_eq!(for_ann["user_id"], ann.id, "an administrator orders for anybody");
    drop(shop);
}

#[tokio::test]
async fn an_order_that_is_wrong_takes_nothing() {
    let (mut shop, boss, ann, lamp) = shop_with_lamps().await;
    let eve = shop.customer("eve").await;

    for total in [json!(19.99), json!("20.01"), json!(0)] {
        let wrong = try_order(&ann, ann.id, &[(lamp, 2)], total).await;
        wrong.says(400, json!({"total_price": ["The total is 20.00."]}));
    }
    try_order(&eve, ann.id, &[(lamp, 1)], json!(10)).await.says(403, forbidden());
    try_order(&boss, 999, &[(lamp, 1)], json!(10)).await.blames(400, &["user_id"]);
    try_order(&shop.nobody(), ann.id, &[(lamp, 1)], json!(10)).await.expect(401);
    let short = json!({"items": [{"quantity": ["Insufficient stock for Lamp"]}]});
    try_order(&ann, ann.id, &[(lamp, 11)], json!(110)).await.says(400, short);
    let unknown = json!({"items": [{}, {"product_id": ["Product not found or inactive"]}]});
    try_order(&ann, ann.id, &[(lamp, 1), (999, 1)], json!(10)).await.says(400, unknown);
    ann.post(ORDERS, json!({})).await.blames(400, &["user_id", "items", "total_price"]);
    let wrong = json!({"user_id": "x", "items": [], "total_price": "many"});
    ann.post(ORDERS, wrong).await.blames(400, &["user_id", "items", "total_price"]);

    assert_eq!(ann.stock_of(lamp).await, 10);
    assert_eq!(boss.report().await, (0, 0.0, 0, 0));
    shop.stop().await;
    assert!(!shop.output().contains("ERROR"), "{}", shop.output());
    shop.check();
}

#[tokio::test]
async fn a_wrong_total_does_not_burn_the_idempotency_key() {
    let (_shop, _boss, ann, lamp) = shop_with_lamps().await;
    let ask = |total: i64| {
        let items = json!([{"product_id": lamp, "quantity": 1}]);
        let body = json!({"user_id": ann.id, "items": items, "total_price": total});
        ann.ask("POST", ORDERS).header("Idempotency-Key", "one").json(&body).send()
    };

    ask(9).await.expect(400);
    let placed = ask(10).await.expect(201);
    let replayed = ask(10).await;

    assert!(replayed.is_replay(), "{replayed}");
    replayed.says(201, placed);
    assert_eq!(ann.stock_of(lamp).await, 9);
}

#[tokio::test]
async fn get_order_details() {
    let (shop, boss, ann, lamp) = shop_with_lamps().await;
    let eve = shop.customer("eve").await;
    let order = order(&ann, lamp, 2).await;

    let shown = ann.get(&path(order)).await.expect(200);

    shapes::expect(&shown, &shape());
    assert_eq!((&shown["total_price"], &shown["status"]), (&json!(20.0), &json!("Pending")));
    boss.get(&path(order)).await.says(200, shown);
    eve.get(&path(order)).await.says(404, not_found());
    shop.nobody().get(&path(order)).await.expect(401);
    for id in ["0", "abc", "999"] {
        ann.get(&format!("{ORDERS}/{id}")).await.says(404, not_found());
    }
}

#[tokio::test]
async fn update_order_status() {
    let (mut shop, boss, ann, lamp) = shop_with_lamps().await;
    let order = order(&ann, lamp, 2).await;
    let status = format!("{}/status", path(order));

    ann.put(&status, json!({"status": "Processing"})).await.says(403, forbidden());
    shop.nobody().put(&status, json!({"status": "Processing"})).await.expect(401);
    let moved = boss.put(&status, json!({"status": "Processing"})).await;
    moved.says(200, json!({"order_id": order, "status": "Processing"}));
    for other in ["shipped", "SHIPPED", " Shipped"] {
        boss.put(&status, json!({"status": other}))
            .await
            .says(400, json!({"status": [format!("\"{other}\" is not a valid choice.")]}));
    }
    let shipped = boss.put(&format!("{status}/"), json!({"status": "Shipped"})).await;
    shipped.says(200, json!({"order_id": order, "status": "Shipped"}));
    let back = boss.put(&status, json!({"status": "Pending"})).await;
    back.says(409, json!({"detail": "An order cannot go from Shipped to Pending."}));
    boss.put(&status, json!({"status": "Lost"}))
        .await
        .says(400, json!({"status": ["\"Lost\" is not a valid choice."]}));
    boss.put(&status, json!({})).await.blames(400, &["status"]);
    boss.put(&format!("{ORDERS}/999/status"), json!({"status": "Shipped"}))
        .await
        .says(404, not_found());
    assert_eq!(ann.get(&path(order)).await.expect(200)["status"], "Shipped");
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn cancel_order() {
    let (mut shop, boss, ann, lamp) = shop_with_lamps().await;
    let eve = shop.customer("eve").await;
    let pending = order(&ann, lamp, 2).await;
    let paid = order(&ann, lamp, 1).await;
    ann.pay(paid).await;
    let shipped = order(&ann, lamp, 1).await;
    boss.put(&format!("{}/status", path(shipped)), json!({"status": "Shipped"})).await.expect(200);

    eve.delete(&path(pending)).await.says(404, not_found());
    shop.nobody().delete(&path(pending)).await.expect(401);
    let cancelled = ann.delete(&path(pending)).await;
    assert_eq!((cancelled.status, cancelled.text.as_str()), (204, ""));
    assert_eq!(ann.get(&path(pending)).await.expect(200)["status"], "Cancelled");
    ann.delete(&path(pending)).await.expect(204);
    ann.delete(&path(paid)).await.expect(204);
    ann.delete(&path(shipped)).await.expect(409);
    assert_eq!(ann.stock_of(lamp).await, 9, "what was cancelled is back, once");
    shop.stop().await;
    shop.check();
}
