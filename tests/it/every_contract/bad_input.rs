//! Bad input is refused clearly, stores nothing and causes no panic.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::{fs, thread};

use crate::support::{Answer, Shop, id_of, run_souk, run_souk_with};
use serde_json::{Value, json};

const TEN_MEGABYTES: usize = 10 * 1024 * 1024;

#[tokio::test]
async fn malformed_json_is_400() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let huge_price = r#"{"name": "x", "price": 1e400}"#;
    let bodies: [&[u8]; 6] =
        [b"{", b"{\"name\": }", b"name=x", b"\xff\xfe{}", b"{} {}", nested.as_bytes()];
    for body in bodies {
        for path in ["/api/v1/products/", "/api/v1/cart/", "/api/v1/orders/", "/api/v1/auth/login/"]
        {
            let answer = boss.ask("POST", path).raw("application/json", body).send().await;
            let detail = answer.expect(400)["detail"].clone();
            assert!(
                detail.as_str().is_some_and(|text| text.starts_with("JSON parse error - ")),
                "{answer}"
            );
        }
    }
    // Some parsers reject a number that fits no float as JSON, others as a price.
    boss.ask("POST", "/api/v1/products/")
        .raw("application/json", huge_price)
        .send()
        .await
        .expect(400);
    for body in [json!([1, 2]), json!("text"), json!(5), json!(null)] {
        let answer = boss.post("/api/v1/products/", body).await;
        answer.blames(400, &["non_field_errors"]);
    }
    expect_nothing_stored(shop).await;
}

#[tokio::test]
async fn a_product_that_is_not_for_sale_is_named_beside_what_else_is_wrong() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 5).await;
    let off = json!({"name": "Lamp", "price": "10.00", "available": false});
    boss.put(&format!("/api/v1/product/{lamp}/"), off).await.expect(200);
    let chair = boss.add_product("Chair", "5.00", 5).await;

    for path in ["/api/cart/add/", "/api/v1/cart/add_item/", "/api/v1/cart/"] {
        for product in [999, lamp] {
            for quantity in [json!(0), json!("many"), json!(null)] {
                let body = json!({"product_id": product, "quantity": quantity});
                boss.post(path, body).await.blames(400, &["product_id", "quantity"]);
            }
            boss.post(path, json!({"product_id": product}))
                .await
                .blames(400, &["product_id", "quantity"]);
        }
        boss.post(path, json!({"product_id": chair, "quantity": 0}))
            .await
            .blames(400, &["quantity"]);
        boss.post(path, json!({"product_id": "x", "quantity": 0}))
            .await
            .blames(400, &["product_id", "quantity"]);
    }

    let items = json!([{"product_id": chair, "quantity": 1}, {"product_id": 999, "quantity": 0},
        {"product_id": lamp, "quantity": 1}, {"product_id": "x"}, 7]);
    let too_few = "Ensure this value is greater than or equal to 1.";
    let hidden = json!(["Product not found or inactive"]);
    let expected = json!([{}, {"quantity": [too_few], "product_id": hidden}, {"product_id": hidden},
        {"product_id": ["A valid integer is required."], "quantity": ["This field is required."]},
        {"non_field_errors": ["Invalid data. Expected a dictionary, but got int."]}]);
    for path in ["/api/v1/orders/", "/api/v1/orders"] {
        let answer = boss.post(path, json!({"items": items})).await;
        assert_eq!(answer.expect(400)["items"], expected, "{answer}");
        // Valid items are also checked when another field is wrong.
        let answer = boss.post(path, json!({"items": [{"product_id": lamp, "quantity": 1}]})).await;
        assert_eq!(answer.expect(400)["items"], json!([{"product_id": hidden}]), "{answer}");
        boss.post(path, json!({"items": 7})).await.expect(400);
    }
}

#[tokio::test]
async fn float_noise_in_prices_is_ignored() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let noisy = json!(0.1 * 3.0);
    assert_eq!(noisy.to_string(), "0.30000000000000004");
    for (path, amount) in [
        ("/api/products/", json!({"name": "Pin", "amount": 1})),
        ("/api/v1/product/", json!({"name": "Pin"})),
        ("/api/v1/products/", json!({"name": "Pin", "category_id": null})),
        ("/api/v1/products", json!({"name": "Pin", "stock": 5})),
    ] {
        let mut body = amount;
        body["price"] = noisy.clone();
        let made = boss.post(path, body.clone()).await.expect(201);
        let price = made["price"].as_str().map_or_else(|| made["price"].clone(), Value::from);
        assert!(price == "0.30" || price == 0.3, "{path}: {made}");
        body["price"] = json!(noisy.to_string());
        boss.post(path, body.clone()).await.blames(400, &["price"]);
        body["price"] = json!(0.3001);
        boss.post(path, body).await.blames(400, &["price"]);
    }
    // A cart of three at 0.10, added up in floats by a browser.
    let pin = boss.add_product("Pin", "0.10", 5).await;
    let ann = shop.customer("ann").await;
    let order = json!({"user_id": ann.id, "total_price": noisy,
        "items": [{"product_id": pin, "quantity": 3}]});
    ann.post("/api/v1/orders", order).await.expect(201);
}

#[tokio::test]
async fn another_content_type_is_415() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    for content_type in ["text/plain", "application/xml", "application/x-www-form-urlencoded"] {
        for path in ["/api/v1/products/", "/api/v1/auth/login/"] {
            let answer = boss.ask("POST", path).raw(content_type, "{}").send().await;
            assert!(answer.expect(415)["detail"].is_string(), "{answer}");
        }
    }
    let ask = boss.ask("POST", "/api/v1/products/");
    let refused = ask.raw_untyped("{}").send().await;
    refused.says(415, json!({"detail": "Unsupported media type \"\" in request."}));
    let ann = shop.customer("ann").await;
    ann.ask("POST", "/api/v1/auth/logout").send().await.expect(200);
    let body = r#"{"name": "Books"}"#;
    let answer = boss
        .ask("POST", "/api/v1/categories/")
        .raw("application/json; charset=utf-8", body)
        .send()
        .await;
    answer.expect(201);
}

#[tokio::test]
async fn a_body_over_the_limit_is_413() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let body = json!({"name": "x".repeat(TEN_MEGABYTES), "description": ""}).to_string();

    for path in ["/api/v1/products/", "/api/v1/categories/", "/api/v1/auth/register/"] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n",
            boss.access
        );
        let sized = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
        assert_eq!(status_of(&shop, sized), 413, "{path}, its length said at once");
        let chunked = format!(
            "{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
            body.len()
        );
        assert_eq!(status_of(&shop, chunked), 413, "{path}, its length not said");
    }
    expect_nothing_stored(shop).await;
}

#[tokio::test]
async fn an_unknown_path_is_404_and_a_wrong_method_405() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let not_found = json!({"detail": "Not found."});
    for path in [
        "/api/v1/nothing/",
        "/api/v1/",
        "/api/v2/products/",
        "/nothing",
        "/api/v1/products/1/2/",
        "/%00/",
    ] {
        boss.get(path).await.says(404, not_found.clone());
        shop.nobody().post(path, json!({})).await.says(404, not_found.clone());
    }
    let wrong = [
        ("PUT", "/api/v1/products/", "GET, POST"),
        ("POST", "/api/v1/products/1/", "GET, PUT, PATCH, DELETE"),
        ("DELETE", "/api/v1/categories/", "GET, POST"),
        ("PATCH", "/api/v1/cart/", "GET, POST, DELETE"),
        ("GET", "/api/v1/cart/items/1/", "PUT, PATCH, DELETE"),
        ("GET", "/api/v1/cart/checkout/", "POST"),
        ("PUT", "/api/v1/orders/", "GET, POST"),
        ("POST", "/api/v1/orders/1/", "GET, PUT, PATCH, DELETE"),
        ("GET", "/api/v1/orders/1/create-payment/", "POST"),
        ("DELETE", "/api/v1/auth/profile/", "GET, PUT, PATCH"),
        ("GET", "/api/v1/auth/login/", "POST"),
        ("POST", "/api/v1/reports/summary/", "GET"),
    ];
    for (method, path, allowed) in wrong {
        let answer = boss.ask(method, path).json(&json!({})).send().await;
        answer.says(405, json!({"detail": format!("Method \"{method}\" not allowed.")}));
        let allow: Vec<&str> = answer.header("Allow").split(',').map(str::trim).collect();
        for method in allowed.split(", ") {
            assert!(allow.contains(&method), "Allow of {path} names {method}: {allow:?}");
        }
        assert!(!allow.contains(&method), "Allow of {path} does not name {method}: {allow:?}");
    }
}

#[tokio::test]
async fn malformed_ids_are_404() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let not_found = json!({"detail": "Not found."});
    for id in [
        "0",
        "-1",
        "9223372036854775808",
        "99999999999999999999999",
        "abc",
        "1.5",
        "%20",
        "1%00",
        "+1",
        "٣",
    ] {
        for kind in ["products", "categories", "orders"] {
            let path = format!("/api/v1/{kind}/{id}/");
            boss.get(&path).await.says(404, not_found.clone());
            boss.patch(&path, json!({"name": "x", "status": "processing"}))
                .await
                .says(404, not_found.clone());
            boss.delete(&path).await.says(404, not_found.clone());
        }
        boss.patch(&format!("/api/v1/cart/items/{id}/"), json!({"quantity": 1}))
            .await
            .says(404, not_found.clone());
    }
    let unknown = "Select a valid choice. That choice is not one of the available choices.";
    for id in ["0", "-1", "9223372036854775808", "abc", "999"] {
        let answer = boss.get(&format!("/api/v1/products/?category={id}")).await;
        answer.says(400, json!({"category": [unknown]}));
    }
}

#[tokio::test]
async fn numbers_in_an_address_are_read_as_python_reads_them() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let books = boss.add_category("Books").await;
    let lamp = boss.add_product("Lamp", "1.00", 5).await;
    let known = boss.get(&format!("/api/v1/products/{lamp}/")).await.expect(200);
    for zeros in ["0", "000000000000000000000"] {
        boss.get(&format!("/api/v1/products/{zeros}{lamp}/")).await.says(200, known.clone());
    }
    // Cancelled under one spelling, and found cancelled under the other.
    let ann = shop.customer("ann").await;
    let order = json!({"user_id": ann.id, "total_price": 1.0,
        "items": [{"product_id": lamp, "quantity": 1}]});
    let order = ann.post("/api/v1/orders", order).await.expect(201)["order_id"].clone();
    ann.delete(&format!("/api/v1/orders/00{order}")).await.expect(204);
    let shown = ann.get(&format!("/api/v1/orders/{order}")).await.expect(200);
    assert_eq!((&shown["order_id"], &shown["status"]), (&order, &json!("Cancelled")));

    assert_eq!(books, 1);
    for (query, count) in [
        ("", 1),
        ("?page=%D9%A1&page_size=%D9%A1", 1),
        ("?page=%2B1&page_size=1_0", 1),
        ("?category=%D9%A1", 0),
        ("?category=%201", 0),
        ("?category=", 1),
    ] {
        let page = boss.get(&format!("/api/v1/products/{query}")).await.expect(200);
        assert_eq!(page["count"], count, "{query}");
    }
}

#[tokio::test]
async fn a_search_with_a_null_character_is_400() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let books = boss.add_category("Books").await;
    let refusal = json!(["Null characters are not allowed."]);
    for path in
        ["/api/v1/products/", "/api/v1/product/", &format!("/api/v1/category/{books}/products/")]
    {
        boss.get(&format!("{path}?search=la%00mp")).await.says(400, refusal.clone());
        boss.get(&format!("{path}?search=la%01mp")).await.expect(200);
    }
}

#[tokio::test]
async fn a_bearer_without_a_token_is_401_where_tokens_count() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "1.00", 5).await;
    let refusal = json!({"detail": "Authentication credentials were not provided."});
    for path in [
        "/api/products/",
        "/api/v1/product/",
        "/api/v1/products/",
        "/api/v1/cart/get_cart/",
        &format!("/api/v1/products/{lamp}"),
    ] {
        for header in ["Bearer", "bearer", "Bearer  "] {
            let answer =
                shop.nobody().ask("GET", path).header("Authorization", header).send().await;
            answer.says(401, refusal.clone());
        }
    }
    let signs_in = shop.nobody().ask("POST", "/api/v1/auth/login/").json(&json!({}));
    let refused = signs_in.header("Authorization", "Bearer").send().await;
    refused.blames(400, &["email", "password"]);
    let other_scheme = shop.nobody().ask("GET", "/api/v1/product/");
    other_scheme.header("Authorization", "Basic eDp5").send().await.expect(200);
}

#[tokio::test]
async fn an_image_has_an_address_that_django_takes() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    for (path, mut body) in [
        ("/api/v1/products/", json!({"name": "Pin", "price": "1.00"})),
        ("/api/v1/product/", json!({"name": "Pin", "price": "1.00"})),
    ] {
        for good in ["https://souk.example/a.jpg", "ftp://souk.example/a", "http://localhost/a"] {
            body["image"] = json!(good);
            assert_eq!(boss.post(path, body.clone()).await.expect(201)["image"], good);
        }
        for bad in ["https://souk/a.jpg", "javascript://souk.example/a", "/a.jpg"] {
            body["image"] = json!(bad);
            let refusal = json!({"image": ["Enter a valid URL."]});
            boss.post(path, body.clone()).await.says(400, refusal);
        }
    }
}

#[tokio::test]
async fn odd_values_are_refused_or_kept_but_never_break_anything() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let category = boss.add_category("Odd things").await;
    let names = [
        "\u{0}",
        "a\u{0}b",
        "\u{202e}gnp.exe",
        "<script>alert(1)</script>",
        "'; DROP TABLE users; --",
        "💡",
        "   ",
    ];
    for name in names {
        let body = json!({"name": name, "description": name, "category_id": category, "price": "1.00",
            "stock_quantity": 1, "image": null});
        let answer = boss.post("/api/v1/products/", body).await;
        if answer.status != 400 {
            let product = answer.expect(201);
            assert_eq!(product["name"], name.trim(), "kept as it was sent");
            boss.get(&format!("/api/v1/products/{}/", id_of(&product))).await.says(200, product);
        }
    }
    boss.get(&format!("/api/v1/products/?search={}", "x".repeat(5_000))).await;
    let answer = shop.nobody().ask("GET", "/api/v1/cart/").bearer(&"x".repeat(5_000)).send().await;
    assert!((400..500).contains(&answer.status), "{answer}");
    boss.get("/healthz").await;
}

#[test]
fn an_unknown_setting_is_refused_by_name() {
    let directory =
        tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary directory");
    let file = directory.path().join("souk.toml");
    let data = directory.path().join("data");
    let (file_text, data) = (file.to_str().expect("a path"), data.to_str().expect("a path"));
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data", data, "--config", file_text];

    fs::write(&file, "colour = \"blue\"\n").expect("the file can be written");
    run_souk(&serve).expect_refusal().naming("colour");
    fs::write(&file, "order_ttl_seconds = \"soon\"\n").expect("the file can be written");
    run_souk(&serve).expect_refusal().naming("order_ttl_seconds");
    fs::write(&file, "this is no TOML").expect("the file can be written");
    run_souk(&serve).expect_refusal().naming("souk.toml");
    fs::remove_file(&file).expect("the file can be removed");
    run_souk(&serve).expect_refusal().naming("souk.toml");
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data", data];
    run_souk_with(&[("SOUK_COLOUR", "blue")], &serve).expect_refusal().naming("colour");
    run_souk_with(&[("SOUK_LISTEN", "nowhere")], &["serve", "--data", data])
        .expect_refusal()
        .naming("listen");
}

#[tokio::test]
async fn a_damaged_or_foreign_data_file_is_refused_and_left_alone() {
    let mut shop = Shop::open().await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 10).await;
    shop.customer("ann").await.buy(lamp, 1).await;
    shop.stop().await;
    let file = store_file(&shop.data());
    let good = fs::read(&file).expect("the store can be read");

    let damages: [(&str, Vec<u8>); 5] = [
        ("a text", b"Dear Sir or Madam,\n".repeat(1_000)),
        ("nothing", b"?".to_vec()),
        ("half of it", good[..good.len() / 2].to_vec()),
        ("no beginning", [&[0; 4_096], &good[4_096..]].concat()),
        ("another program's file", [b"SQLite format 3\0".as_slice(), &good[16..]].concat()),
    ];
    for (what, bytes) in damages {
        fs::write(&file, &bytes).expect("the store can be overwritten");
        let name = file.file_name().and_then(|name| name.to_str()).expect("a file name");
        shop.run(&["serve", "--listen", "127.0.0.1:0"], "").expect_refusal().naming(name);
        shop.run(&["check"], "").expect_refusal().naming(name);
        shop.create_admin("other", "other@souk.example", "a-good-password-1")
            .expect_refusal()
            .naming(name);
        assert!(
            fs::read(&file).expect("the store can be read") == bytes,
            "{what}: the file is as it was"
        );
    }

    fs::write(&file, good).expect("the store can be restored");
    shop.check();
}

/// The largest file of the data directory.
fn store_file(data: &Path) -> PathBuf {
    let entries = fs::read_dir(data).expect("the data directory").filter_map(Result::ok);
    let files = entries.filter(|entry| entry.path().is_file());
    let largest =
        files.max_by_key(|entry| entry.metadata().map(|metadata| metadata.len()).unwrap_or(0));
    largest.expect("a shop has a store").path()
}

/// Sends all bytes even if an answer arrives meanwhile, as a client in the middle of a large body does.
fn status_of(shop: &Shop, request: String) -> u16 {
    let base = shop.base();
    let address = base.strip_prefix("http://").expect("an http URL");
    let mut stream = TcpStream::connect(address).expect("the shop can be reached");
    let mut writing = stream.try_clone().expect("a second handle");
    let writer = thread::spawn(move || {
        // The shop may close the connection of a body that it will not read.
        let _ = writing.write_all(request.as_bytes());
    });
    let mut answer = Vec::new();
    let mut buffer = [0; 1_024];
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        answer.extend_from_slice(&buffer[..read]);
        if answer.len() > 12 {
            break;
        }
    }
    drop(stream.shutdown(std::net::Shutdown::Both));
    writer.join().expect("the writer does not panic");
    let text = String::from_utf8_lossy(&answer);
    text.get(9..12)
        .and_then(|status| status.parse().ok())
        .unwrap_or_else(|| panic!("no status in {text:?}"))
}

async fn expect_nothing_stored(mut shop: Shop) {
    let boss = shop.admin().await;
    let count = |answer: Answer| -> Value { answer.expect(200)["count"].clone() };
    assert_eq!(count(boss.get("/api/v1/products/").await), 0);
    assert_eq!(count(boss.get("/api/v1/categories/").await), 0);
    assert_eq!(boss.report().await, (0, 0.0, 0, 0));
    shop.stop().await;
    shop.check();
}
