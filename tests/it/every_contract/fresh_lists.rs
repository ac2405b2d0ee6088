//! Lists come from memory and bodies of products are written once; neither may show yesterday's shop.

use crate::support::{Person, Shop, id_of};
use serde_json::{Value, json};

const PRODUCTS: &str = "/api/v1/products/";

/// The products that each contract lists to this person, under the contract's path.
async fn lists(person: &Person) -> Vec<(&'static str, Vec<Value>)> {
    let mut lists = Vec::new();
    for (path, field) in [
        (PRODUCTS, Some("results")),
        ("/api/products/", Some("products")),
        ("/api/v1/product/", None),
    ] {
        let answer = person.get(path).await.expect(200);
        let list = field.map_or(&answer, |field| &answer[field]);
        lists.push((path, list.as_array().expect("a list").clone()));
    }
    lists
}

async fn names(person: &Person, path: &str) -> Vec<String> {
    let page = person.get(path).await.expect(200);
    let list = page.get("results").unwrap_or(&page).as_array().expect("a list").clone();
    list.iter().map(|product| product["name"].as_str().expect("a name").to_owned()).collect()
}

#[tokio::test]
async fn a_list_has_a_change_as_soon_as_it_is_answered() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let category = boss.add_category("Light").await;
    boss.add_product_in(category, "First lamp", "10.00", 5).await;
    for (path, list) in lists(&boss).await {
        assert_eq!(list.len(), 1, "{path}");
    }
    let by_word = format!("{PRODUCTS}?search=lamp");
    let by_category = format!("{PRODUCTS}?category={category}");
    for number in 2..20 {
        let lamp = boss.add_product_in(category, &format!("Lamp {number}"), "10.00", 5).await;
        for (path, list) in lists(&boss).await {
            assert!(list.iter().any(|product| id_of(product) == lamp), "{path} after {number}");
        }
        for path in [&by_word, &by_category] {
            assert_eq!(names(&boss, path).await.len(), number, "{path}");
        }
        let path = format!("{PRODUCTS}{lamp}/");
        let other = json!({"name": format!("Chair {number}"), "description": "To sit on"});
        boss.patch(&path, other).await.expect(200);
        assert_eq!(names(&boss, &by_word).await.len(), number - 1, "{number}");
        boss.patch(&path, json!({"name": format!("Lamp {number}")})).await.expect(200);
    }
    let dear = "/api/v1/product/?price_min=50";
    assert_eq!(names(&boss, dear).await, Vec::<String>::new());
    boss.patch(&format!("{PRODUCTS}3/"), json!({"price": "50.00"})).await.expect(200);
    assert_eq!(names(&boss, dear).await, ["Lamp 3"]);
    boss.delete(&format!("{PRODUCTS}3/")).await.expect(200);
    assert_eq!(names(&boss, dear).await, Vec::<String>::new());
    assert_eq!(names(&boss, &by_word).await.len(), 18);
    let pages = "/api/v1/category/";
    let before = boss.get(pages).await.expect(200).as_array().expect("a list").len();
    boss.add_category("Dark").await;
    assert_eq!(boss.get(pages).await.expect(200).as_array().expect("a list").len(), before + 1);
}

#[tokio::test]
async fn a_written_product_shows_what_has_changed_about_it() {
    let mut shop = Shop::open().await;
    let boss = shop.admin().await;
    let category = boss.add_category("Light").await;
    let lamp = boss.add_product_in(category, "Lamp", "10.00", 5).await;
    let ann = shop.customer("ann").await;
    let (path, platform) = (format!("{PRODUCTS}{lamp}/"), format!("/api/v1/products/{lamp}"));
    for left in (0..5).rev() {
        ann.buy(lamp, 1).await;
        assert_eq!(ann.get(&path).await.expect(200)["stock_quantity"], left);
        assert_eq!(ann.get(&platform).await.expect(200)["stock"], left);
        let listed = ann.get(PRODUCTS).await.expect(200)["results"][0]["stock_quantity"].clone();
        assert_eq!(listed, left);
    }
    let of_category = format!("/api/v1/categories/{category}/");
    boss.patch(&of_category, json!({"name": "Bright"})).await.expect(200);
    assert_eq!(ann.get(&path).await.expect(200)["category"]["name"], "Bright");
    let (kept, detail) = (lists(&ann).await, ann.get(&path).await.expect(200));
    assert_eq!(kept[0].1[0], detail, "a list and a detail show the same");
    // Nothing is kept over a restart, so these are newly written.
    shop.restart().await;
    assert_eq!(lists(&ann).await, kept);
    assert_eq!(ann.get(&path).await.expect(200), detail);
    boss.delete(&of_category).await;
    assert_eq!(ann.get(&path).await.expect(200)["category"], Value::Null);
    assert_eq!(ann.get(PRODUCTS).await.expect(200)["results"][0]["category"], Value::Null);
}
