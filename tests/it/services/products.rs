//! Products and categories of the services document (API1).

use crate::support::services::{self, forbidden, no_token, not_found};
use crate::support::{Person, Shop, id_of, shapes};
use serde_json::{Value, json};

const PRODUCTS: &str = "/api/v1/product/";
const CATEGORIES: &str = "/api/v1/category/";

const REQUIRED: &str = "This field is required.";

/// A category with this name; returns its id.
async fn add_category(boss: &Person, name: &str) -> i64 {
    id_of(&boss.post(CATEGORIES, json!({"name": name})).await.expect(201))
}

#[tokio::test]
async fn all_products() {
    let shop = Shop::open().await;
    let (boss, nobody) = (shop.admin().await, shop.nobody());
    nobody.get(PRODUCTS).await.says(200, json!([]));
    for number in 1..=25 {
        boss.add_product(&format!("Lamp {number}"), "10.00", 1).await;
    }

    let answer = nobody.get(PRODUCTS).await;

    let products = answer.expect(200);
    shapes::expect(&products, &json!([services::product()]));
    assert_eq!(products.as_array().map(Vec::len), Some(25), "the whole list, not a page");
    assert_eq!(answer.header("X-Total-Count"), "25");
    let page = nobody.get(&format!("{PRODUCTS}?page=2&page_size=10")).await.expect(200);
    assert_eq!(page.as_array().map(Vec::as_slice), products.as_array().map(|all| &all[10..20]));
    nobody.get("/api/v1/product").await.says(200, products);
}

#[tokio::test]
async fn specific_product() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let books = add_category(&boss, "Books").await;
    let made = boss.add_product_in(books, "Atlas", "19.99", 3).await;

    let product = shop.nobody().get(&format!("{PRODUCTS}{made}/")).await.expect(200);

    shapes::expect(&product, &services::product());
    let expected = json!({"id": made, "sell_price": "19.99", "name": "Atlas", "image": null,
        "description": "One Atlas", "price": "19.99", "available": true, "created": product["created"],
        "updated": product["updated"], "discount": "0.00", "category": books});
    assert_eq!(product, expected);
    for id in ["0", "-1", "abc", "999", "9223372036854775808"] {
        shop.nobody().get(&format!("{PRODUCTS}{id}/")).await.says(404, not_found());
    }
}

/// A product as the model of the filters sees it.
struct Sample {
    id: i64,
    name: &'static str,
    sell_cents: i64,
    discount: i64,
    available: bool,
    category: i64,
}

#[tokio::test]
async fn product_search_and_filtering() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let (books, lamps) = (add_category(&boss, "Books").await, add_category(&boss, "Lamps").await);
    let mut samples = Vec::new();
    for (name, price, discount, available, category) in [
        ("Red Lamp", "20.00", 0, true, lamps),
        ("Blue Lamp", "20.00", 50, true, lamps),
        ("Big Atlas", "40.00", 25, false, books),
        ("Small Atlas", "10.00", 0, true, books),
        ("Atlas of Lamps", "30.00", 10, true, books),
    ] {
        let body = json!({"name": name, "price": price, "discount": discount, "available": available,
            "category": category, "description": "red lamp"});
        let made = boss.post(PRODUCTS, body).await.expect(201);
        let cents: String =
            made["sell_price"].as_str().expect("money").chars().filter(|c| *c != '.').collect();
        let sell_cents = cents.parse().expect("digits");
        samples.push(Sample { id: id_of(&made), name, sell_cents, discount, available, category });
    }
    let searches = ["", "search=LAMP", "search=atlas"];
    let prices = ["", "price_min=20", "price_max=20.00", "price_min=10.01&price_max=27"];
    let discounts =
        ["", "discount_min=10", "discount_max=10.00", "discount_min=25&discount_max=50"];
    let availabilities = ["", "available=True", "available=false"];
    let mut asked = Vec::new();
    for search in searches {
        for price in prices {
            for discount in discounts {
                for available in availabilities {
                    asked.push([search, price, discount, available].join("&"));
                }
            }
        }
    }

    for query in asked {
        for (path, category) in [
            (PRODUCTS.to_owned(), None),
            (format!("{CATEGORIES}{books}/products/"), Some(books)),
            (format!("{CATEGORIES}{lamps}/products/"), Some(lamps)),
        ] {
            let found = shop.nobody().get(&format!("{path}?{query}")).await.expect(200);
            shapes::expect(&found, &json!([services::product()]));
            let in_place = samples.iter().filter(|it| category.is_none_or(|c| c == it.category));
            let expected: Vec<i64> =
                in_place.filter(|it| admits(&query, it)).map(|it| it.id).collect();
            let found: Vec<i64> = found.as_array().expect("an array").iter().map(id_of).collect();
            assert_eq!(found, expected, "{path}?{query}");
        }
    }
}

/// The document's sentences, one by one.
fn admits(query: &str, sample: &Sample) -> bool {
    query.split('&').filter_map(|pair| pair.split_once('=')).all(|(name, value)| {
        let number = || (value.parse::<f64>().expect("a number") * 100.0).round() as i64;
        match name {
            "search" => sample.name.to_lowercase().contains(&value.to_lowercase()),
            "price_min" => sample.sell_cents >= number(),
            "price_max" => sample.sell_cents <= number(),
            "discount_min" => sample.discount * 100 >= number(),
            "discount_max" => sample.discount * 100 <= number(),
            "available" => sample.available == value.eq_ignore_ascii_case("true"),
            other => panic!("no such filter: {other}"),
        }
    })
}

#[tokio::test]
async fn names_the_filter_with_an_invalid_value() {
    let shop = Shop::open().await;
    let books = add_category(&shop.admin().await, "Books").await;
    let wrong =
        "price_min=a&price_max=1.2.3&discount_min=NaN&discount_max=Infinity&available=maybe";
    for path in [PRODUCTS.to_owned(), format!("{CATEGORIES}{books}/products/")] {
        let fields = ["price_min", "price_max", "discount_min", "discount_max", "available"];
        shop.nobody().get(&format!("{path}?{wrong}")).await.blames(400, &fields);
        let no_money = "price_min=1.001&price_max=1000000000&discount_min=-1&discount_max=101";
        shop.nobody().get(&format!("{path}?{no_money}")).await.says(200, json!([]));
        // Empty fields of a search form do not count.
        let empty = "search=&price_min=&price_max=&discount_min=&discount_max=&available=";
        shop.nobody().get(&format!("{path}?{empty}")).await.says(200, json!([]));
    }
}

#[tokio::test]
async fn all_categories() {
    let shop = Shop::open().await;
    shop.nobody().get(CATEGORIES).await.says(200, json!([]));
    let boss = shop.admin().await;
    let (books, lamps) = (add_category(&boss, "Books").await, boss.add_category("Lamps").await);

    let categories = shop.nobody().get(CATEGORIES).await.expect(200);

    shapes::expect(&categories, &json!([services::category()]));
    let expected = json!([{"id": books, "name": "Books"}, {"id": lamps, "name": "Lamps"}]);
    assert_eq!(categories, expected);
}

#[tokio::test]
async fn specific_category() {
    let shop = Shop::open().await;
    let books = add_category(&shop.admin().await, "Books").await;
    let found = shop.nobody().get(&format!("{CATEGORIES}{books}")).await;
    found.says(200, json!({"id": books, "name": "Books"}));
    shop.nobody().get(&format!("{CATEGORIES}999/")).await.says(404, not_found());
}

#[tokio::test]
async fn products_by_category() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let (books, empty) = (add_category(&boss, "Books").await, add_category(&boss, "Empty").await);
    let atlas = boss.add_product_in(books, "Atlas", "10.00", 1).await;
    boss.add_product("Lamp", "10.00", 1).await;

    let found = shop.nobody().get(&format!("{CATEGORIES}{books}/products/")).await.expect(200);

    shapes::expect(&found, &json!([services::product()]));
    assert_eq!(found.as_array().map(Vec::len), Some(1));
    assert_eq!(id_of(&found[0]), atlas);
    shop.nobody().get(&format!("{CATEGORIES}{empty}/products/")).await.says(200, json!([]));
    shop.nobody().get(&format!("{CATEGORIES}999/products/")).await.says(404, not_found());
}

#[tokio::test]
async fn post_product() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let books = add_category(&boss, "Books").await;
    let body = json!({"name": "Atlas", "description": "Of the world", "price": 19.99, "discount": "12.5",
        "category": books, "image": "https://souk.example/atlas.png", "available": "True", "stock": 7});

    let made = boss.post(PRODUCTS, body).await.expect(201);
    shapes::expect(&made, &services::product());
    // 12.5 % of 19.99 leave 17.49125.
    assert_eq!((&made["price"], &made["sell_price"]), (&json!("19.99"), &json!("17.49")));
    assert_eq!((&made["discount"], &made["category"]), (&json!("12.50"), &json!(books)));
    assert_eq!(boss.stock_of(id_of(&made)).await, 0, "this contract knows no stock");
    shop.nobody().get(&format!("{PRODUCTS}{}/", id_of(&made))).await.says(200, made);
}

#[tokio::test]
async fn put_product() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let body = json!({"name": "Globe", "price": "19.99", "discount": "12.5"});
    let path = format!("{PRODUCTS}{}/", id_of(&boss.post(PRODUCTS, body).await.expect(201)));

    let put = json!({"name": "Atlas", "price": "10.00"});
    let changed = boss.put(&path, put).await.expect(200);
    shapes::expect(&changed, &services::product());
    assert_eq!(changed["sell_price"], "8.75", "what is not named stays: {changed}");
    let put = json!({"name": "Globe", "price": "10.00", "discount": 0, "available": false,
        "category": null, "image": null, "description": ""});
    let changed = boss.put(&path, put).await.expect(200);
    assert_eq!((&changed["category"], &changed["image"]), (&Value::Null, &Value::Null));
    assert_eq!((&changed["available"], &changed["sell_price"]), (&json!(false), &json!("10.00")));
    shop.nobody().get(&path).await.says(200, changed);
}

#[tokio::test]
async fn delete_product() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let path = format!("{PRODUCTS}{}/", boss.add_product("Globe", "10.00", 1).await);

    let deleted = boss.delete(&path).await;

    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    for answer in [
        boss.get(&path).await,
        boss.delete(&path).await,
        boss.put(&path, json!({"name": "x", "price": "1"})).await,
    ] {
        answer.says(404, not_found());
    }
}

#[tokio::test]
async fn post_category() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;

    let made = boss.post(CATEGORIES, json!({"name": "Books"})).await.expect(201);

    shapes::expect(&made, &services::category());
    assert_eq!(made["name"], "Books");
    boss.post(CATEGORIES, json!({"name": " "})).await.blames(400, &["name"]);
}

#[tokio::test]
async fn put_category() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let books = add_category(&boss, "Books").await;
    // The document prints changing and deleting without the slash.
    let path = format!("{CATEGORIES}{books}");
    let changed = json!({"id": books, "name": "Maps"});
    boss.put(&path, json!({"name": "Maps"})).await.says(200, changed.clone());
    boss.put(&format!("{path}/"), json!({"name": "Maps"})).await.says(200, changed);
    boss.put(&path, json!({})).await.says(400, json!({"name": [REQUIRED]}));
}

#[tokio::test]
async fn delete_category() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let books = add_category(&boss, "Books").await;
    let path = format!("{CATEGORIES}{books}");
    let atlas = boss.add_product_in(books, "Atlas", "10.00", 1).await;

    let deleted = boss.delete(&path).await;

    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    boss.delete(&path).await.says(404, not_found());
    let orphan = shop.nobody().get(&format!("{PRODUCTS}{atlas}/")).await.expect(200);
    assert_eq!(orphan["category"], Value::Null);
}

#[tokio::test]
async fn only_an_administrator_writes() {
    let shop = Shop::open_with(&[services::SERVICE_SETTING]).await;
    let boss = shop.admin().await;
    let (product, category) =
        (boss.add_product("Lamp", "1.00", 1).await, add_category(&boss, "Books").await);
    let (ann, nobody, service) = (shop.customer("ann").await, shop.nobody(), shop.service());
    for (method, path) in [
        ("POST", PRODUCTS.to_owned()),
        ("PUT", format!("{PRODUCTS}{product}/")),
        ("DELETE", format!("{PRODUCTS}{product}/")),
        ("POST", CATEGORIES.to_owned()),
        ("PUT", format!("{CATEGORIES}{category}")),
        ("DELETE", format!("{CATEGORIES}{category}")),
    ] {
        let refused = nobody.ask(method, &path).json(&json!({})).send().await;
        refused.says(401, no_token());
        assert!(refused.header("WWW-Authenticate").starts_with("Bearer"), "{refused}");
        ann.ask(method, &path).json(&json!({})).send().await.says(403, forbidden());
        service.ask(method, &path).json(&json!({})).send().await.says(403, forbidden());
        let broken = nobody.bearing("a.b.c").ask(method, &path).json(&json!({})).send().await;
        broken.says(401, services::bad_token());
    }
    nobody.ask("PATCH", PRODUCTS).json(&json!({})).send().await.expect(405);
}

#[tokio::test]
async fn every_wrong_field_of_a_product_is_named() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let missing = json!({"name": [REQUIRED], "price": [REQUIRED]});
    boss.post(PRODUCTS, json!({})).await.says(400, missing);
    let wrong = json!({"name": "", "price": "-1", "discount": "100.01", "available": "maybe",
        "category": 999, "image": "no url", "description": []});
    let fields = ["name", "price", "discount", "available", "category", "image", "description"];
    boss.post(PRODUCTS, wrong).await.blames(400, &fields);
    for discount in [json!("-0.01"), json!("1.234"), json!("ten"), json!(null), json!(1e3)] {
        let body = json!({"name": "Lamp", "price": "1", "discount": discount});
        boss.post(PRODUCTS, body).await.blames(400, &["discount"]);
    }
    shop.nobody().get(PRODUCTS).await.says(200, json!([]));
}
