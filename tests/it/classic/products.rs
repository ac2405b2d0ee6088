//! Operations 5 to 7 of the classic document: products, which administrators write.

use crate::support::{Person, Shop, id_of, shapes};
use serde_json::{Value, json};

const PRODUCTS: &str = "/api/products/";

fn shape() -> Value {
    json!({"id": "id", "name": "text", "price": "money", "amount": "count"})
}

fn product1() -> Value {
    json!({"name": "Product1", "price": "19.99", "amount": 10})
}

fn forbidden() -> Value {
    json!({"detail": "You do not have permission to perform this action."})
}

async fn shop_with_a_product() -> (Shop, Person, Person, i64) {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let ann = shop.customer("ann").await;
    let product = id_of(&boss.post(PRODUCTS, product1()).await.expect(201));
    (shop, boss, ann, product)
}

#[tokio::test]
async fn add_product_admin_only() {
    let (shop, boss, ann, _) = shop_with_a_product().await;

    let product = boss.post(PRODUCTS, product1()).await.expect(201);

    shapes::expect(&product, &shape());
    assert_eq!((&product["price"], &product["amount"]), (&json!("19.99"), &json!(10)));
    ann.post(PRODUCTS, product1()).await.says(403, forbidden());
    shop.nobody().post(PRODUCTS, product1()).await.expect(401);
    let required = json!(["This field is required."]);
    boss.post(PRODUCTS, json!({}))
        .await
        .says(400, json!({"name": required, "price": required, "amount": required}));
    let wrong = json!({"name": " ", "price": "19.999", "amount": -1});
    boss.post(PRODUCTS, wrong).await.blames(400, &["name", "price", "amount"]);
    let number = boss.post(PRODUCTS, json!({"name": "Cup", "price": 5, "amount": "3"})).await;
    assert_eq!(number.expect(201)["price"], "5.00");
}

#[tokio::test]
async fn update_product_admin_only() {
    let (shop, boss, ann, product) = shop_with_a_product().await;
    let path = format!("{PRODUCTS}{product}/");
    let sample = json!({"name": "Updated Product1", "price": "29.99", "amount": 20});

    let updated = boss.put(&path, sample.clone()).await.expect(200);

    shapes::expect(&updated, &shape());
    let expected =
        json!({"id": product, "name": "Updated Product1", "price": "29.99", "amount": 20});
    assert_eq!(updated, expected);
    ann.put(&path, sample.clone()).await.says(403, forbidden());
    shop.nobody().put(&path, sample.clone()).await.expect(401);
    boss.put(&path, json!({"price": "1.00"})).await.blames(400, &["name", "amount"]);
    for id in ["0", "abc", "999"] {
        let path = format!("{PRODUCTS}{id}/");
        boss.put(&path, sample.clone()).await.says(404, json!({"detail": "Not found."}));
    }
}

#[tokio::test]
async fn increase_product_amount_admin_only() {
    let (mut shop, boss, ann, product) = shop_with_a_product().await;
    let path = format!("{PRODUCTS}{product}/increase_amount/");

    let increased = boss.post(&path, json!({"amount": 5})).await.expect(200);

    shapes::expect(&increased, &shape());
    assert_eq!(increased["amount"], 15);
    ann.post(&path, json!({"amount": 5})).await.says(403, forbidden());
    shop.nobody().post(&path, json!({"amount": 5})).await.expect(401);
    for amount in [json!(0), json!(-5), json!(1.5), json!("x"), json!(null)] {
        boss.post(&path, json!({"amount": amount})).await.blames(400, &["amount"]);
    }
    boss.post(&path, json!({"amount": 2_147_483_647})).await.blames(400, &["amount"]);
    boss.post(&path, json!({})).await.blames(400, &["amount"]);
    let nothing = format!("{PRODUCTS}999/increase_amount/");
    boss.post(&nothing, json!({"amount": 5})).await.expect(404);
    assert_eq!(boss.stock_of(product).await, 15);
    shop.stop().await;
    shop.check();
}
