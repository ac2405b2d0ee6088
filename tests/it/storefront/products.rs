//! Operations 7 to 11 of the storefront document: products.

use std::collections::BTreeSet;

use crate::support::{Person, Shop, id_of, shapes};
use serde_json::{Value, json};

const PRODUCTS: &str = "/api/v1/products/";

#[tokio::test]
async fn an_administrator_makes_changes_and_removes_products() {
    let shop = Shop::open().await;
    let (boss, ann) = (shop.admin().await, shop.customer("ann").await);
    let (books, maps) = (boss.add_category("Books").await, boss.add_category("Maps").await);
    let image = "http://example.com/media/products/atlas.jpg";
    let body = json!({"name": "World Atlas", "description": "Every country", "category_id": books,
        "price": 19.9, "stock_quantity": 5, "image": image});

    let made = boss.post(PRODUCTS, body).await.expect(201);
    shapes::expect(&made, &shapes::product());
    assert_eq!(
        (&made["slug"], &made["price"], &made["image"]),
        (&json!("world-atlas"), &json!("19.90"), &json!(image))
    );
    let path = format!("{PRODUCTS}{}/", id_of(&made));
    ann.get(&path).await.says(200, made.clone());

    let patched =
        boss.patch(&path, json!({"price": "899.99", "stock_quantity": 45})).await.expect(200);
    let mut expected = made.clone();
    expected["price"] = json!("899.99");
    expected["stock_quantity"] = json!(45);
    expected["updated_at"] = patched["updated_at"].clone();
    assert_eq!(patched, expected);
    assert!(patched["updated_at"].as_str() >= made["updated_at"].as_str(), "{patched}");

    let body = json!({"name": "Road Atlas", "description": "Every road", "category_id": maps,
        "price": "5", "stock_quantity": 0, "image": null});
    let put = boss.put(&path, body).await.expect(200);
    shapes::expect(&put, &shapes::product());
    assert_eq!(
        (&put["name"], &put["price"], &put["image"]),
        (&json!("Road Atlas"), &json!("5.00"), &Value::Null)
    );
    assert_eq!((&put["category_id"], &put["category"]["name"]), (&json!(maps), &json!("Maps")));
    ann.get(&path).await.says(200, put);

    boss.delete(&path).await.says(200, json!({"message": "Product deleted successfully"}));
    for answer in [
        ann.get(&path).await,
        boss.patch(&path, json!({"price": "1"})).await,
        boss.delete(&path).await,
    ] {
        answer.says(404, json!({"detail": "Not found."}));
    }
    assert_eq!(ann.get(PRODUCTS).await.expect(200)["count"], 0);
}

#[tokio::test]
async fn a_customer_may_only_look() {
    let shop = Shop::open().await;
    let ann = shop.customer("ann").await;
    let path = format!("{PRODUCTS}{}/", shop.admin().await.add_product("Lamp", "10.00", 3).await);

    let says = |what: &str| json!({"detail": format!("Only admins can {what} products")});
    ann.post(PRODUCTS, json!({"name": "Mine"})).await.says(403, says("create"));
    ann.patch(&path, json!({"price": "0.01"})).await.says(403, says("update"));
    ann.put(&path, json!({})).await.says(403, says("update"));
    ann.delete(&path).await.says(403, says("delete"));
    assert_eq!(ann.get(&path).await.expect(200)["price"], "10.00");
}

#[tokio::test]
async fn the_list_can_be_searched_filtered_and_paged() {
    let shop = Shop::open().await;
    let (boss, ann) = (shop.admin().await, shop.customer("ann").await);
    let (lamps, chairs) = (boss.add_category("Lamps").await, boss.add_category("Chairs").await);
    for number in 1..=21 {
        boss.add_product_in(lamps, &format!("Lamp {number}"), "10.00", 1).await;
    }
    for name in ["Oak Chair", "Pine Chair"] {
        boss.add_product_in(chairs, name, "20.00", 1).await;
    }
    let body = json!({"name": "Stool", "description": "Almost a CHAIR", "category_id": chairs, "price": "9.00",
        "stock_quantity": 1, "image": null});
    boss.post(PRODUCTS, body).await.expect(201);

    let count = async |query: &str| {
        ann.get(&format!("{PRODUCTS}?{query}")).await.expect(200)["count"].clone()
    };
    assert_eq!(count("search=chair").await, 3, "in name and description, whatever the case");
    assert_eq!(count("search=LAMP").await, 21);
    assert_eq!(count("search=nothing+like+it").await, 0);
    assert_eq!(
        count("search=%25").await,
        0,
        "a sign that means something to a database is only a sign"
    );
    assert_eq!(count(&format!("category={chairs}")).await, 3);
    assert_eq!(count(&format!("category={lamps}&search=chair")).await, 0);
    assert_eq!(count("colour=blue").await, 24, "an unknown parameter is ignored");

    let pages =
        all_pages(&ann, &format!("{PRODUCTS}?category={lamps}&search=lamp&page_size=8")).await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [8, 8, 5]);
    let ids: BTreeSet<i64> = pages.iter().flatten().map(id_of).collect();
    assert_eq!(ids.len(), 21, "every product is on one page");
    assert!(
        pages.iter().flatten().all(|product| product["category_id"] == lamps),
        "following a page keeps the filter"
    );

    let whole = all_pages(&ann, PRODUCTS).await;
    assert_eq!(
        whole.iter().map(Vec::len).collect::<Vec<_>>(),
        [20, 4],
        "a page has twenty unless asked otherwise"
    );
    for page in ["3", "0", "-1", "abc", "99999999999999999999"] {
        let answer = ann.get(&format!("{PRODUCTS}?page={page}")).await;
        answer.says(404, json!({"detail": "Invalid page."}));
    }
    for size in ["0", "-5", "abc"] {
        let page = ann.get(&format!("{PRODUCTS}?page_size={size}")).await.expect(200);
        assert_eq!(
            page["results"].as_array().map(Vec::len),
            Some(20),
            "page_size={size} means nothing"
        );
    }
}

#[tokio::test]
async fn no_page_has_more_than_a_hundred() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let category = boss.add_category("Many").await;
    for number in 1..=101 {
        boss.add_product_in(category, &format!("Thing {number}"), "1.00", 1).await;
    }

    let pages = all_pages(&boss, &format!("{PRODUCTS}?page_size=1000")).await;

    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [100, 1]);
}

#[tokio::test]
async fn wrong_fields_are_named_all_at_once() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let category = boss.add_category("Books").await;
    let good = json!({"name": "Atlas", "description": "", "category_id": category, "price": "10.00",
        "stock_quantity": 1, "image": null});
    let bad = async |field: &str, value: Value| {
        let mut body = good.clone();
        body[field] = value;
        boss.post(PRODUCTS, body).await
    };

    let missing = boss.post(PRODUCTS, json!({})).await.expect(400);
    for field in ["name", "price"] {
        assert_eq!(missing[field], json!(["This field is required."]), "{missing}");
    }
    let body = json!({"name": "", "price": "ten", "stock_quantity": "many", "category_id": 999});
    boss.post(PRODUCTS, body)
        .await
        .blames(400, &["name", "price", "stock_quantity", "category_id"]);

    let number = json!({"price": ["A valid number is required."]});
    for price in [json!("ten"), json!("NaN"), json!("Infinity"), json!(""), json!([1])] {
        bad("price", price).await.says(400, number.clone());
    }
    let decimals = json!({"price": ["Ensure that there are no more than 2 decimal places."]});
    bad("price", json!("19.999")).await.says(400, decimals.clone());
    bad("price", json!(19.999)).await.says(400, decimals);
    bad("price", json!(null)).await.says(400, json!({"price": ["This field may not be null."]}));
    for price in [
        json!("-0.01"),
        json!(-1),
        json!("100000000.00"),
        json!("1e400"),
        json!(1e300),
        json!(true),
    ] {
        bad("price", price).await.blames(400, &["price"]);
    }
    let integer = json!({"stock_quantity": ["A valid integer is required."]});
    for stock in [json!("many"), json!(1.5), json!([]), json!("")] {
        bad("stock_quantity", stock).await.says(400, integer.clone());
    }
    for stock in [json!(-1), json!(1_i64 << 31), json!(u64::MAX)] {
        bad("stock_quantity", stock).await.blames(400, &["stock_quantity"]);
    }
    for category in [json!(0), json!(-1), json!(1_u64 << 63), json!("abc"), json!(999)] {
        bad("category_id", category).await.blames(400, &["category_id"]);
    }
    bad("name", json!("x".repeat(10_000))).await.blames(400, &["name"]);
    bad("image", json!(7)).await.blames(400, &["image"]);
    assert_eq!(boss.get(PRODUCTS).await.expect(200)["count"], 0, "nothing was stored");

    let dearest = bad("price", json!("99999999.99")).await.expect(201);
    assert_eq!(dearest["price"], "99999999.99");
    let path = format!("{PRODUCTS}{}/", id_of(&dearest));
    boss.patch(&path, json!({"price": "19.999", "stock_quantity": -1}))
        .await
        .blames(400, &["price", "stock_quantity"]);
    boss.get(&path).await.says(200, dearest);
}

/// The results of this page and of all that follow it.
async fn all_pages(person: &Person, path: &str) -> Vec<Vec<Value>> {
    let mut pages = Vec::new();
    let mut next = Some(path.to_owned());
    while let Some(path) = next {
        let page = person.get(&path).await.expect(200);
        shapes::expect(&page, &shapes::page_of(shapes::product()));
        assert_eq!(
            page["previous"].is_null(),
            pages.is_empty(),
            "only the first page has none before it"
        );
        pages.push(page["results"].as_array().expect("results are a list").clone());
        next = page["next"].as_str().map(str::to_owned);
    }
    pages
}

#[tokio::test]
async fn every_slug_is_one_products_own() {
    let mut shop = Shop::open().await;
    let boss = shop.admin().await;
    let mut slugs = Vec::new();
    for name in ["Lamp", "Lamp 3", "Lamp", "Lamp", "Lamp 4"] {
        let body = json!({"name": name, "price": "1.00"});
        let made = boss.post(PRODUCTS, body).await.expect(201);
        slugs.push(made["slug"].as_str().expect("a slug").to_owned());
    }
    slugs.sort();
    slugs.dedup();
    assert_eq!(slugs.len(), 5, "{slugs:?}");
    shop.stop().await;
    shop.check();
}
