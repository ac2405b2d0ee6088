//! Operations 2.1 to 2.4 of the platform document: products.

use crate::support::{Person, Shop, id_of, shapes};
use serde_json::{Value, json};

const PRODUCTS: &str = "/api/v1/products";

fn shape() -> Value {
    json!({"id": "id", "name": "text", "description": "text", "price": "number", "stock": "count"})
}

fn smartphone() -> Value {
    json!({"name": "Smartphone", "description": "Latest model smartphone with advanced features",
        "price": 599.99, "stock": 100})
}

fn not_found() -> Value {
    json!({"detail": "Not found."})
}

fn forbidden() -> Value {
    json!({"detail": "You do not have permission to perform this action."})
}

fn path(id: i64) -> String {
    format!("{PRODUCTS}/{id}")
}

async fn shop_with_a_smartphone() -> (Shop, Person, Person, i64) {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let ann = shop.customer("ann").await;
    let phone = id_of(&boss.post(PRODUCTS, smartphone()).await.expect(201));
    (shop, boss, ann, phone)
}

#[tokio::test]
async fn create_product() {
    let (shop, boss, ann, _) = shop_with_a_smartphone().await;

    let answer = boss.post(PRODUCTS, smartphone()).await;

    let product = answer.expect(201);
    shapes::expect(&product, &shape());
    assert!(answer.text.contains("\"price\":599.99"), "a number, to the cent: {answer}");
    assert_eq!(product["stock"], 100);
    let text = json!({"name": "Case", "price": "20.00", "stock": 1});
    let case = boss.post(PRODUCTS, text).await;
    assert!(case.text.contains("\"price\":20.00"), "{case}");
    assert_eq!(case.expect(201)["description"], "");

    ann.post(PRODUCTS, smartphone()).await.says(403, forbidden());
    shop.nobody().post(PRODUCTS, smartphone()).await.expect(401);
    boss.post(PRODUCTS, json!({})).await.blames(400, &["name", "price"]);
    let wrong = json!({"name": "", "price": 19.999, "stock": -1});
    boss.post(PRODUCTS, wrong).await.blames(400, &["name", "price", "stock"]);
    for price in [json!(-1), json!("NaN"), json!(100_000_000), json!(null), json!([])] {
        let body = json!({"name": "Case", "price": price, "stock": 1});
        boss.post(PRODUCTS, body).await.blames(400, &["price"]);
    }
}

#[tokio::test]
async fn get_product_details() {
    let (shop, boss, _ann, phone) = shop_with_a_smartphone().await;

    let product = shop.nobody().get(&path(phone)).await.expect(200);

    shapes::expect(&product, &shape());
    assert_eq!((&product["name"], &product["price"]), (&json!("Smartphone"), &json!(599.99)));
    for id in ["0", "abc", "-1", "999", "9223372036854775808"] {
        boss.get(&format!("{PRODUCTS}/{id}")).await.says(404, not_found());
    }
}

#[tokio::test]
async fn update_product_information() {
    let (shop, boss, ann, phone) = shop_with_a_smartphone().await;
    let sample = json!({"price": 579.99, "stock": 120});

    let updated = boss.put(&path(phone), sample.clone()).await.expect(200);

    let mut expected = smartphone();
    expected["id"] = phone.into();
    expected["price"] = json!(579.99);
    expected["stock"] = 120.into();
    assert_eq!(updated, expected, "what the body does not name stays");
    shop.nobody().get(&path(phone)).await.says(200, expected);
    ann.put(&path(phone), sample.clone()).await.says(403, forbidden());
    shop.nobody().put(&path(phone), sample.clone()).await.expect(401);
    boss.put(&path(999), sample).await.says(404, not_found());
    boss.put(&path(phone), json!({"price": "x", "stock": 1.5}))
        .await
        .blames(400, &["price", "stock"]);
}

#[tokio::test]
async fn delete_product() {
    let (mut shop, boss, ann, phone) = shop_with_a_smartphone().await;

    ann.delete(&path(phone)).await.says(403, forbidden());
    shop.nobody().delete(&path(phone)).await.expect(401);
    let deleted = boss.delete(&path(phone)).await;

    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    shop.nobody().get(&path(phone)).await.says(404, not_found());
    boss.delete(&path(phone)).await.says(404, not_found());
    shop.stop().await;
    shop.check();
}
