//! Product Management Endpoints and Category Management Endpoints.

use serde_json::{Value, json};

use super::{detail, no_token, not_found, said};
use crate::support::{Person, Shop, id_of, shapes};

const PRODUCTS: &str = "/api/v1/products/";
const CATEGORIES: &str = "/api/v1/categories/";

/// A shop with its administrator, a customer and the category of the document.
async fn shop_with_electronics() -> (Shop, Person, Person, Value) {
    let shop = Shop::open().await;
    let (boss, ann) = (shop.admin().await, shop.customer("ann").await);
    let body = json!({"name": "Electronics", "description": "Electronic devices"});
    let category = boss.post(CATEGORIES, body).await.expect(201);
    (shop, boss, ann, category)
}

fn laptop(category: &Value) -> Value {
    json!({"name": "Laptop", "description": "High-performance laptop",
        "category_id": id_of(category), "price": "999.99", "stock_quantity": 50, "image": null})
}

/// The laptop as every answer shows it, with these times.
fn shown_laptop(product: &Value, category: &Value) -> Value {
    json!({"id": product["id"], "name": "Laptop", "slug": "laptop",
        "description": "High-performance laptop", "category": category,
        "category_id": id_of(category), "price": "999.99", "stock_quantity": 50, "image": null,
        "created_at": product["created_at"], "updated_at": product["updated_at"]})
}

#[tokio::test]
async fn list_products() {
    let (shop, boss, ann, category) = shop_with_electronics().await;
    let product = boss.post(PRODUCTS, laptop(&category)).await.expect(201);
    boss.add_product("Chair", "20.00", 3).await;

    let all = ann.get(&format!("{PRODUCTS}?page_size=1")).await.expect(200);

    shapes::expect(&all, &shapes::page_of(shapes::product()));
    assert_eq!((&all["count"], &all["previous"]), (&json!(2), &Value::Null));
    let query = format!("{PRODUCTS}?search=laptop&category={}&page=1", id_of(&category));
    let found = json!({"count": 1, "next": null, "previous": null, "results": [product]});
    ann.get(&query).await.says(200, found);
    shop.nobody().get(PRODUCTS).await.says(401, no_token());
}

#[tokio::test]
async fn create_product() {
    let (_shop, boss, ann, category) = shop_with_electronics().await;

    let product = boss.post(PRODUCTS, laptop(&category)).await.expect(201);

    shapes::expect(&product, &shapes::product());
    assert_eq!(product, shown_laptop(&product, &category));
    let refused = ann.post(PRODUCTS, laptop(&category)).await;
    refused.says(403, detail("Only admins can create products"));
}

#[tokio::test]
async fn get_product_detail() {
    let (shop, boss, ann, category) = shop_with_electronics().await;
    let id = id_of(&boss.post(PRODUCTS, laptop(&category)).await.expect(201));

    let product = ann.get(&format!("{PRODUCTS}{id}/")).await.expect(200);

    shapes::expect(&product, &shapes::product());
    assert_eq!(product, shown_laptop(&product, &category));
    ann.get(&format!("{PRODUCTS}999/")).await.says(404, not_found());
    shop.nobody().get(&format!("{PRODUCTS}{id}/")).await.says(401, no_token());
}

#[tokio::test]
async fn update_product() {
    let (_shop, boss, ann, category) = shop_with_electronics().await;
    let product = boss.post(PRODUCTS, laptop(&category)).await.expect(201);
    let path = format!("{PRODUCTS}{}/", id_of(&product));
    let body = json!({"price": "899.99", "stock_quantity": 45});

    let patched = boss.patch(&path, body.clone()).await.expect(200);

    shapes::expect(&patched, &shapes::product());
    let mut expected = shown_laptop(&patched, &category);
    expected["price"] = json!("899.99");
    expected["stock_quantity"] = json!(45);
    assert_eq!(patched, expected);
    let put = boss.put(&path, laptop(&category)).await.expect(200);
    shapes::expect(&put, &shapes::product());
    assert_eq!(put, shown_laptop(&put, &category));
    ann.patch(&path, body).await.says(403, detail("Only admins can update products"));
    ann.put(&path, laptop(&category)).await.says(403, detail("Only admins can update products"));
}

#[tokio::test]
async fn delete_product() {
    let (_shop, boss, ann, category) = shop_with_electronics().await;
    let product = boss.post(PRODUCTS, laptop(&category)).await.expect(201);
    let path = format!("{PRODUCTS}{}/", id_of(&product));

    ann.delete(&path).await.says(403, detail("Only admins can delete products"));
    boss.delete(&path).await.says(200, said("Product deleted successfully"));
    ann.get(&path).await.says(404, not_found());
}

#[tokio::test]
async fn list_categories() {
    let (shop, boss, ann, category) = shop_with_electronics().await;
    let page = json!({"count": 1, "next": null, "previous": null, "results": [category]});
    ann.get(CATEGORIES).await.says(200, page);
    boss.add_category("Chairs").await;

    let first = ann.get(&format!("{CATEGORIES}?page=1&page_size=1")).await.expect(200);

    shapes::expect(&first, &shapes::page_of(shapes::category()));
    assert!(first["next"].is_string() && first["previous"].is_null(), "{first}");
    shop.nobody().get(CATEGORIES).await.says(401, no_token());
}

#[tokio::test]
async fn create_category() {
    let (_shop, boss, ann, category) = shop_with_electronics().await;
    shapes::expect(&category, &shapes::category());
    let expected = json!({"id": id_of(&category), "name": "Electronics", "slug": "electronics",
        "description": "Electronic devices"});
    assert_eq!(category, expected);
    let body = json!({"name": "Chairs", "description": "To sit on"});

    let refused = ann.post(CATEGORIES, body.clone()).await;

    refused.says(403, detail("Only admins can create categories"));
    boss.post(CATEGORIES, body).await.expect(201);
}

#[tokio::test]
async fn get_category_detail() {
    let (shop, _boss, ann, category) = shop_with_electronics().await;
    let path = format!("{CATEGORIES}{}/", id_of(&category));

    let shown = ann.get(&path).await.expect(200);

    shapes::expect(&shown, &shapes::category());
    assert_eq!(shown, category);
    ann.get(&format!("{CATEGORIES}999/")).await.says(404, not_found());
    shop.nobody().get(&path).await.says(401, no_token());
}

#[tokio::test]
async fn update_category() {
    let (_shop, boss, ann, category) = shop_with_electronics().await;
    let path = format!("{CATEGORIES}{}/", id_of(&category));
    let body = json!({"description": "Updated description for electronic devices"});

    let patched = boss.patch(&path, body.clone()).await.expect(200);

    shapes::expect(&patched, &shapes::category());
    let mut expected = category.clone();
    expected["description"] = body["description"].clone();
    assert_eq!(patched, expected);
    let put = json!({"name": "Electronics", "description": "Electronic devices"});
    boss.put(&path, put.clone()).await.says(200, category);
    ann.patch(&path, body).await.expect(403);
    ann.put(&path, put).await.expect(403);
}

#[tokio::test]
async fn delete_category() {
    let (_shop, boss, ann, category) = shop_with_electronics().await;
    let path = format!("{CATEGORIES}{}/", id_of(&category));

    ann.delete(&path).await.expect(403);
    boss.delete(&path).await.says(200, said("Category deleted successfully"));
    ann.get(&path).await.says(404, not_found());
}
