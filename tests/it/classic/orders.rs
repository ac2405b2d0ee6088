//! Operations 8 to 11 of the classic document: orders.

use crate::support::{Broker, Person, Shop, id_of, shapes};
use serde_json::{Value, json};

const ORDERS: &str = "/api/orders/";

fn shape() -> Value {
    json!({"id": "id", "products": ["id"], "status": "text", "total_price": "money"})
}

fn not_found() -> Value {
    json!({"detail": "Not found."})
}

fn not_pending() -> Value {
    json!({"detail": "Only pending orders can be changed."})
}

fn path(order: i64, what: &str) -> String {
    format!("{ORDERS}{order}/{what}/")
}

/// A shop with ten lamps at 10.00 and five chairs at 20.50, its administrator, and ann.
async fn shop_with_furniture(settings: &[(&str, &str)]) -> (Shop, Person, Person, i64, i64) {
    let shop = Shop::open_with(settings).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let chair = boss.add_product("Chair", "20.50", 5).await;
    let ann = shop.customer("ann").await;
    (shop, boss, ann, lamp, chair)
}

async fn order(by: &Person, products: &[i64]) -> i64 {
    id_of(&by.post(ORDERS, json!({"products": products})).await.expect(201))
}

#[tokio::test]
async fn create_order() {
    let (mut shop, _boss, ann, lamp, chair) = shop_with_furniture(&[]).await;

    let placed = ann.post(ORDERS, json!({"products": [lamp, chair, lamp]})).await.expect(201);

    shapes::expect(&placed, &shape());
    assert_eq!(placed["products"], json!([lamp, lamp, chair]), "one entry for each unit");
    assert_eq!((&placed["status"], &placed["total_price"]), (&json!("pending"), &json!("40.50")));
    assert_eq!((ann.stock_of(lamp).await, ann.stock_of(chair).await), (8, 4));

    let unknown = json!({"products": ["Product not found or inactive: 999"]});
    ann.post(ORDERS, json!({"products": [lamp, 999]})).await.says(400, unknown);
    let short = json!({"products": ["Insufficient stock for Chair"]});
    ann.post(ORDERS, json!({"products": [lamp, chair, chair, chair, chair, chair]}))
        .await
        .says(400, short);
    for products in [json!([]), json!(null), json!(1), json!([0]), json!(["x"]), json!([null])] {
        ann.post(ORDERS, json!({"products": products})).await.blames(400, &["products"]);
    }
    shop.nobody().post(ORDERS, json!({"products": [lamp]})).await.expect(401);
    assert_eq!((ann.stock_of(lamp).await, ann.stock_of(chair).await), (8, 4));
    shop.stop().await;
    assert!(!shop.output().contains("ERROR"), "{}", shop.output());
    shop.check();
}

#[tokio::test]
async fn add_product_to_order() {
    let broker = Broker::start();
    let settings = [("SOUK_NATS_URL", broker.url())];
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (mut shop, boss, ann, lamp, chair) = shop_with_furniture(&settings).await;
    let eve = shop.customer("eve").await;
    let order = order(&ann, &[lamp]).await;
    let add = path(order, "add_product");

    let with_chair = ann.post(&add, json!({"product_id": chair})).await.expect(200);

    shapes::expect(&with_chair, &shape());
    let expected = json!({"id": order, "products": [lamp, chair], "status": "pending", "total_price": "30.50"});
    assert_eq!(with_chair, expected);
    let two_lamps = ann.post(&add, json!({"product_id": lamp})).await.expect(200);
    assert_eq!(two_lamps["products"], json!([lamp, lamp, chair]));
    boss.patch(&format!("/api/v1/products/{lamp}/"), json!({"price": "12.00"})).await.expect(200);
    let dearer = ann.post(&add, json!({"product_id": lamp})).await.expect(200);
    assert_eq!(dearer["total_price"], "52.50", "what was ordered keeps its price");
    assert_eq!((ann.stock_of(lamp).await, ann.stock_of(chair).await), (7, 4));

    eve.post(&add, json!({"product_id": lamp})).await.says(404, not_found());
    shop.nobody().post(&add, json!({"product_id": lamp})).await.expect(401);
    ann.post(&path(999, "add_product"), json!({"product_id": lamp})).await.says(404, not_found());
    ann.post(&add, json!({})).await.blames(400, &["product_id"]);
    let unknown = json!({"product_id": ["Product not found or inactive: 999"]});
    ann.post(&add, json!({"product_id": 999})).await.says(400, unknown);
    for _ in 0..4 {
        ann.post(&add, json!({"product_id": chair})).await.expect(200);
    }
    let short = json!({"product_id": ["Insufficient stock for Chair"]});
    ann.post(&add, json!({"product_id": chair})).await.says(400, short);
    let history = [
        "placed",
        "line_added",
        "line_added",
        "line_added",
        "line_added",
        "line_added",
        "line_added",
        "line_added",
        "cancelled",
    ];
    ann.post(&path(order, "cancel"), json!({})).await.expect(200);
    ann.post(&add, json!({"product_id": lamp})).await.says(400, not_pending());
    broker.expect_history(order, &history).await;
    assert_eq!((ann.stock_of(lamp).await, ann.stock_of(chair).await), (10, 5));
    shop.stop().await;
    assert!(!shop.output().contains("ERROR"), "{}", shop.output());
    shop.check();
}

#[tokio::test]
async fn remove_product_from_order() {
    let broker = Broker::start();
    let settings = [("SOUK_NATS_URL", broker.url())];
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (mut shop, boss, ann, lamp, chair) = shop_with_furniture(&settings).await;
    let eve = shop.customer("eve").await;
    let order = order(&ann, &[lamp, lamp, chair]).await;
    let remove = path(order, "remove_product");

    let left = ann.post(&remove, json!({"product_id": lamp})).await.expect(200);

    shapes::expect(&left, &shape());
    assert_eq!((&left["products"], &left["total_price"]), (&json!([lamp, chair]), &json!("30.50")));
    assert_eq!(ann.stock_of(lamp).await, 9);
    eve.post(&remove, json!({"product_id": lamp})).await.says(404, not_found());
    shop.nobody().post(&remove, json!({"product_id": lamp})).await.expect(401);
    ann.post(&remove, json!({})).await.blames(400, &["product_id"]);
    let lamp_only = ann.post(&remove, json!({"product_id": chair})).await.expect(200);
    assert_eq!(lamp_only["products"], json!([lamp]));
    let not_in_it = json!({"product_id": ["This product is not in the order."]});
    ann.post(&remove, json!({"product_id": chair})).await.says(400, not_in_it.clone());
    ann.post(&remove, json!({"product_id": 999})).await.says(400, not_in_it);
    ann.post(&remove, json!({"product_id": lamp}))
        .await
        .says(400, json!({"detail": "An order must keep at least one product."}));
    boss.set_status(order, "processing").await.expect(200);
    ann.post(&remove, json!({"product_id": lamp})).await.says(400, not_pending());
    broker.expect_history(order, &["placed", "line_removed", "line_removed", "processing"]).await;
    assert_eq!((ann.stock_of(lamp).await, ann.stock_of(chair).await), (9, 5));
    shop.stop().await;
    assert!(!shop.output().contains("ERROR"), "{}", shop.output());
    shop.check();
}

#[tokio::test]
async fn cancel_order() {
    let (mut shop, boss, ann, lamp, _) = shop_with_furniture(&[]).await;
    let eve = shop.customer("eve").await;
    let pending = order(&ann, &[lamp, lamp]).await;
    let shipped = order(&ann, &[lamp]).await;
    boss.set_status(shipped, "shipped").await.expect(200);

    eve.ask("POST", &path(pending, "cancel")).send().await.says(404, not_found());
    shop.nobody().ask("POST", &path(pending, "cancel")).send().await.expect(401);
    let cancelled = ann.ask("POST", &path(pending, "cancel")).send().await.expect(200);

    shapes::expect(&cancelled, &shape());
    assert_eq!(cancelled["status"], "cancelled");
    ann.ask("POST", &path(pending, "cancel")).send().await.says(200, cancelled);
    ann.ask("POST", &path(shipped, "cancel"))
        .send()
        .await
        .says(409, json!({"detail": "An order cannot go from shipped to cancelled."}));
    assert_eq!(ann.stock_of(lamp).await, 9, "what was cancelled is back, once");
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn units_added_and_removed_at_once_never_break_the_books() {
    let (mut shop, _boss, ann, lamp, chair) = shop_with_furniture(&[]).await;
    let order = order(&ann, &[lamp, chair]).await;
    let (add, remove) = (path(order, "add_product"), path(order, "remove_product"));

    let changes = (0..60).map(|number| {
        let change = if number % 2 == 0 { &add } else { &remove };
        let product = if number % 3 == 0 { lamp } else { chair };
        ann.post(change, json!({"product_id": product}))
    });
    let answers = futures_util::future::join_all(changes).await;

    for answer in &answers {
        assert!([200, 400].contains(&answer.status), "{answer}");
    }
    let held: i64 = ann.order(order).await.expect(200)["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|item| item["quantity"].as_i64().expect("a quantity"))
        .sum();
    assert_eq!(ann.stock_of(lamp).await + ann.stock_of(chair).await + held, 15);
    shop.stop().await;
    assert!(!shop.output().contains("ERROR"), "{}", shop.output());
    shop.check();
}
