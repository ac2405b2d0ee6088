//! Operations 12 to 16 of the storefront document: categories.

use crate::support::{Answer, Shop, id_of, shapes};
use serde_json::{Value, json};

const CATEGORIES: &str = "/api/v1/categories/";

#[tokio::test]
async fn an_administrator_makes_changes_and_removes_categories() {
    let shop = Shop::open().await;
    let (boss, ann) = (shop.admin().await, shop.customer("ann").await);

    let body = json!({"name": "Home & Garden", "description": "Plants and pots"});
    let made = boss.post(CATEGORIES, body).await.expect(201);
    shapes::expect(&made, &shapes::category());
    assert_eq!((&made["name"], &made["slug"]), (&json!("Home & Garden"), &json!("home-garden")));
    let path = format!("{CATEGORIES}{}/", id_of(&made));
    ann.get(&path).await.says(200, made.clone());

    let mut expected = made.clone();
    expected["description"] = json!("Updated description");
    boss.patch(&path, json!({"description": "Updated description"})).await.says(200, expected);
    let put =
        boss.put(&path, json!({"name": "Garden", "description": "Only plants"})).await.expect(200);
    shapes::expect(&put, &shapes::category());
    assert_eq!((&put["name"], &put["description"]), (&json!("Garden"), &json!("Only plants")));
    boss.get(&path).await.says(200, put);
    boss.put(&path, json!({"description": "Nameless"}))
        .await
        .says(400, json!({"name": ["This field is required."]}));

    boss.delete(&path).await.says(200, json!({"message": "Category deleted successfully"}));
    for answer in [
        ann.get(&path).await,
        boss.patch(&path, json!({"name": "x"})).await,
        boss.delete(&path).await,
    ] {
        answer.says(404, not_found());
    }
}

#[tokio::test]
async fn a_customer_may_only_look() {
    let shop = Shop::open().await;
    let ann = shop.customer("ann").await;
    let path = format!("{CATEGORIES}{}/", shop.admin().await.add_category("Books").await);

    let refused = ann.post(CATEGORIES, json!({"name": "Mine"})).await;
    refused.says(403, json!({"detail": "Only admins can create categories"}));
    // Permission comes before the fields: an empty body is refused the same way.
    ann.post(CATEGORIES, json!({}))
        .await
        .says(403, json!({"detail": "Only admins can create categories"}));
    expect_forbidden(
        &ann.patch(&path, json!({"name": "Mine"})).await,
        "Only admins can update categories",
    );
    expect_forbidden(
        &ann.put(&path, json!({"name": "Mine"})).await,
        "Only admins can update categories",
    );
    expect_forbidden(&ann.delete(&path).await, "Only admins can delete categories");
    assert_eq!(ann.get(&path).await.expect(200)["name"], "Books");
}

#[tokio::test]
async fn the_list_comes_in_pages() {
    let shop = Shop::open().await;
    let (boss, ann) = (shop.admin().await, shop.customer("ann").await);
    ann.get(CATEGORIES)
        .await
        .says(200, json!({"count": 0, "next": null, "previous": null, "results": []}));
    for number in 1..=25 {
        boss.add_category(&format!("Category {number}")).await;
    }

    let first = ann.get(CATEGORIES).await.expect(200);
    shapes::expect(&first, &shapes::page_of(shapes::category()));
    assert_eq!((&first["count"], results(&first).len()), (&json!(25), 20));
    let second = ann.get(first["next"].as_str().expect("there is more")).await.expect(200);
    assert_eq!((&second["next"], results(&second).len()), (&Value::Null, 5));
    ann.get(second["previous"].as_str().expect("there was some")).await.says(200, first.clone());

    let mut names: Vec<String> = results(&first)
        .iter()
        .chain(results(&second))
        .map(|category| category["name"].to_string())
        .collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 25, "every category is on one page");

    for page in ["3", "0", "-1", "abc"] {
        let answer = ann.get(&format!("{CATEGORIES}?page={page}")).await;
        answer.says(404, json!({"detail": "Invalid page."}));
    }
    assert_eq!(results(&ann.get(&format!("{CATEGORIES}?page_size=7")).await.expect(200)).len(), 7);
}

#[tokio::test]
async fn wrong_fields_are_named() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;

    boss.post(CATEGORIES, json!({})).await.blames(400, &["name"]);
    boss.post(CATEGORIES, json!({"name": ""}))
        .await
        .says(400, json!({"name": ["This field may not be blank."]}));
    boss.post(CATEGORIES, json!({"name": null}))
        .await
        .says(400, json!({"name": ["This field may not be null."]}));
    boss.post(CATEGORIES, json!({"name": {"a": 1}})).await.blames(400, &["name"]);
    boss.post(CATEGORIES, json!({"name": "x".repeat(10_000)})).await.blames(400, &["name"]);
    assert_eq!(boss.get(CATEGORIES).await.expect(200)["count"], 0, "nothing was stored");
    // A description is not needed.
    boss.post(CATEGORIES, json!({"name": "Books"})).await.expect(201);
}

#[tokio::test]
async fn a_category_with_products_never_takes_them_along() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let category = boss.add_category("Books").await;
    let book = boss.add_product_in(category, "Atlas", "10.00", 3).await;

    let answer = boss.delete(&format!("{CATEGORIES}{category}/")).await;

    // Whether the shop refuses or removes only the category: the product's stock is unchanged.
    assert!([200, 400, 409].contains(&answer.status), "{answer}");
    assert_eq!(boss.stock_of(book).await, 3);
    boss.get("/api/v1/products/").await.expect(200);
}

fn results(page: &Value) -> &Vec<Value> {
    page["results"].as_array().expect("results are a list")
}

fn not_found() -> Value {
    json!({"detail": "Not found."})
}

/// The document prints no body here: accepts a sentence in the style of the others, or the general one.
#[track_caller]
fn expect_forbidden(answer: &Answer, sentence: &str) {
    let body = answer.expect(403);
    let general = json!({"detail": "You do not have permission to perform this action."});
    assert!(body == json!({"detail": sentence}) || body == general, "{answer}");
}
