//! Products and categories for shoppers in Souk's own API.

use super::conventions::{faults, pairs, walk};
use crate::support::{Person, Shop, shapes};
use serde_json::{Value, json};

const PRODUCTS: &str = "/souk/v1/store/products";

async fn titles(by: &Person, filter: &str) -> Vec<String> {
    let items = walk(by, &format!("{PRODUCTS}?{filter}"), 2).await;
    items.iter().map(|item| item["title"].as_str().expect("a title").to_owned()).collect()
}

/// A shop with four products in two categories, one of them sold out, and a hidden one.
async fn stocked() -> (Shop, Person, [i64; 2]) {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let (light, seats) = (boss.add_category("Light").await, boss.add_category("Seats").await);
    boss.add_product_in(light, "brass lamp", "30.00", 5).await;
    boss.add_product_in(light, "Candle", "2.50", 0).await;
    boss.add_product_in(seats, "Armchair", "120.00", 1).await;
    boss.add_product_in(seats, "Stool", "30.00", 7).await;
    let hidden = json!({"name": "Secret", "price": "1.00", "category": seats, "available": false});
    boss.post("/api/v1/product/", hidden).await.expect(201);
    (shop, boss, [light, seats])
}

#[tokio::test]
async fn products_are_listed_filtered_and_sorted() {
    let (shop, _, [light, seats]) = stocked().await;
    let anybody = shop.nobody();

    for (filter, expected) in [
        ("".to_owned(), vec!["Stool", "Armchair", "Candle", "brass lamp"]),
        ("sort=created_at".to_owned(), vec!["brass lamp", "Candle", "Armchair", "Stool"]),
        ("sort=title".to_owned(), vec!["Armchair", "brass lamp", "Candle", "Stool"]),
        ("sort=-title".to_owned(), vec!["Stool", "Candle", "brass lamp", "Armchair"]),
        ("sort=price".to_owned(), vec!["Candle", "brass lamp", "Stool", "Armchair"]),
        ("sort=-price".to_owned(), vec!["Armchair", "Stool", "brass lamp", "Candle"]),
        (format!("category={light}&sort=price"), vec!["Candle", "brass lamp"]),
        ("price=3000&sort=title".to_owned(), vec!["brass lamp", "Stool"]),
        ("price[gte]=3000&price[lte]=11999&sort=-title".to_owned(), vec!["Stool", "brass lamp"]),
        ("available=true&sort=title".to_owned(), vec!["Armchair", "brass lamp", "Stool"]),
        ("available=false".to_owned(), vec!["Candle"]),
        ("q=LAMP".to_owned(), vec!["brass lamp"]),
        ("q=one+stool".to_owned(), vec!["Stool"]),
        (format!("category={seats}&q=lamp"), vec![]),
    ] {
        assert_eq!(titles(&anybody, &filter).await, expected, "{filter}");
    }
}

#[tokio::test]
async fn a_cursor_in_a_sorted_list_stays_valid_while_prices_change() {
    let (shop, boss, _) = stocked().await;
    let anybody = shop.nobody();
    let first = format!("{PRODUCTS}?sort=price&limit=2");
    let page = anybody.get(&first).await.expect(200);
    let shown = &page["data"][1];
    assert_eq!(shown["title"], "brass lamp");
    let cursor = page["next"].as_str().expect("a cursor");

    let cheaper = json!({"price": "1.00"});
    boss.patch(&format!("/api/v1/products/{}/", shown["id"]), cheaper).await.expect(200);

    let rest = anybody.get(&format!("{first}&after={cursor}")).await.expect(200);
    let titles: Vec<_> = rest["data"].as_array().expect("a list").iter().collect();
    assert_eq!((&titles[0]["title"], &titles[1]["title"]), (&json!("Stool"), &json!("Armchair")));
    assert_eq!(rest["next"], Value::Null);
    let again = anybody.get(&first).await.expect(200);
    assert_eq!(again["data"][0]["title"], "brass lamp", "its new price counts");
}

#[tokio::test]
async fn a_product_is_found_by_id_and_by_handle() {
    let (shop, boss, [light, _]) = stocked().await;
    let anybody = shop.nobody();
    let answer = anybody.get(&format!("{PRODUCTS}/brass-lamp")).await;
    let body = answer.expect(200);

    shapes::expect(
        &body,
        &json!({"id": "id", "version": "id", "handle": "text", "title": "text",
            "description": "text", "currency": "text", "price": "count",
            "compare_at_price": "text?", "available": "bool", "stock": "count",
            "category_id": "id", "image_url": "url?", "created_at": "time", "updated_at": "time"}),
    );
    assert_eq!((&body["price"], &body["category_id"]), (&json!(3000), &json!(light)));
    let path = format!("{PRODUCTS}/{}", body["id"]);
    assert_eq!(anybody.get(&path).await.expect(200), body);
    let tag = answer.header("ETag");
    let conditional = || anybody.ask("GET", &path).header("If-None-Match", tag);
    let unchanged = conditional().send().await;
    assert_eq!((unchanged.status, unchanged.text.as_str()), (304, ""));
    assert_eq!(unchanged.header("ETag"), tag);

    let id = body["id"].as_i64().expect("an id");
    shop.customer("ann").await.buy(id, 1).await;
    let sold = conditional().send().await;
    assert_eq!(sold.expect(200)["stock"], 4, "a sale is another version");

    let expanded = anybody.get(&format!("{path}?expand=category,variants")).await.expect(200);
    assert_eq!(expanded["category"]["handle"], "light");
    assert_eq!(expanded["variants"][0]["number"], 0);
    assert_eq!(expanded["variants"][0]["stock"], 4);
    for absent in ["secret", "0", "999999", "brass%20lamp"] {
        anybody.get(&format!("{PRODUCTS}/{absent}")).await.expect(404);
        boss.get(&format!("{PRODUCTS}/{absent}")).await.expect(404);
    }
    let wrong = anybody.get(&format!("{path}?expand=category,price&limit=3")).await;
    assert_eq!(
        faults(&wrong),
        pairs(&[("expand", "not_a_choice"), ("limit", "unknown_parameter")])
    );
}

#[tokio::test]
async fn a_discount_shows_the_price_before_it() {
    let (shop, boss, _) = stocked().await;
    let category = boss.add_category("Sale").await;
    let sale = json!({"name": "Poster", "category": category, "price": "10.00", "discount": "25.00",
        "available": true});
    boss.post("/api/v1/product/", sale).await.expect(201);

    let body = shop.nobody().get(&format!("{PRODUCTS}/poster")).await.expect(200);

    assert_eq!((&body["price"], &body["compare_at_price"]), (&json!(750), &json!(1000)));
}

#[tokio::test]
async fn categories_have_handles_and_versions() {
    let (shop, boss, [light, seats]) = stocked().await;
    let anybody = shop.nobody();
    let path = "/souk/v1/store/categories";
    let listed = walk(&anybody, path, 1).await;
    let ids: Vec<_> = listed.iter().map(|category| category["id"].as_i64()).collect();
    assert_eq!(ids, [Some(light), Some(seats)]);

    let answer = anybody.get(&format!("{path}/light")).await;
    assert_eq!(answer.expect(200), listed[0]);
    assert_eq!(answer.header("ETag"), "\"v1\"");
    let change = json!({"description": "All that shines"});
    boss.patch(&format!("/api/v1/categories/{light}/"), change).await.expect(200);
    let answer =
        anybody.ask("GET", &format!("{path}/{light}")).header("If-None-Match", "\"v1\"").send();
    let answer = answer.await;
    assert_eq!(answer.expect(200)["description"], "All that shines");
    assert_eq!(answer.header("ETag"), "\"v2\"");
    anybody.get(&format!("{path}/darkness")).await.expect(404);
}
