//! Bodies, fields, filters and ids are answered as Django REST Framework would answer them for the same documents.
//! Each row is a request and that framework's answer, or the document's if it gives one.

use crate::support;
use crate::support::{Person, Shop, id_of};
use serde_json::{Value, json};

const MONEY_DIGITS: &str = "Ensure that there are no more than 10 digits in total.";
const MONEY_PLACES: &str = "Ensure that there are no more than 2 decimal places.";
const MONEY_WHOLE: &str = "Ensure that there are no more than 8 digits before the decimal point.";
const NOT_A_NUMBER: &str = "A valid number is required.";
pub(super) const NOT_NULL: &str = "This field may not be null.";

/// Sends a body unchanged: a JSON library would not write some of these.
pub(super) async fn send(person: &Person, method: &str, path: &str, body: &str) -> support::Answer {
    person.ask(method, path).raw("application/json", body).send().await
}

/// Sends each body to each path and expects this error, for one field or for the whole body.
pub(super) async fn hold(person: &Person, method: &str, paths: &[&str], rows: &[(&str, Value)]) {
    for (body, expected) in rows {
        for path in paths {
            let answer = send(person, method, path, body).await;
            assert_eq!((answer.status, &answer.json()), (400, expected), "{path} {body}");
        }
    }
}

#[tokio::test]
async fn a_confirmation_is_compared_with_numbers_too() {
    let shop = Shop::open().await;
    let nobody = shop.nobody();
    for (path, field, who) in [
        (
            "/api/v1/users/register/",
            "confirm_password",
            r#""username": "ann", "email": "ann@b.co""#,
        ),
        ("/api/v1/auth/register/", "password_confirm", r#""email": "ann@b.co""#),
    ] {
        let with = |password: &str, confirmed: &str| {
            format!(r#"{{{who}, "password": {password}, "{field}": {confirmed}}}"#)
        };
        let differ = json!({field: ["Passwords do not match"]});
        for (password, confirmed, expected) in [
            (r#""password123""#, "7", differ.clone()),
            ("1234567890", r#""x""#, differ.clone()),
            ("1234567890", "12345678901", differ.clone()),
            (r#""12345678.50""#, "12345678.50", differ),
            (r#""password123""#, "true", json!({field: ["Not a valid string."]})),
            (r#""password123""#, "[]", json!({field: ["Not a valid string."]})),
            (r#""password123""#, "null", json!({field: [NOT_NULL]})),
        ] {
            hold(&nobody, "POST", &[path], &[(&with(password, confirmed), expected)]).await;
        }
        let made = send(&nobody, "POST", path, &with("1234567890", r#""1234567890""#)).await;
        made.expect(201);
        let taken = json!({"email": ["This email is already in use."]});
        let other = with("1234567890", "1234567890").replace("\"ann\"", "\"other\"");
        hold(&nobody, "POST", &[path], &[(&other, taken)]).await;
        // Frees the address for the next contract.
        let login = json!({"email": "ann@b.co", "password": "1234567890"});
        let token = nobody.post("/api/v1/auth/login", login).await.expect(200)["token"].clone();
        let ann = nobody.bearing(token.as_str().expect("a token"));
        let me = ann.get("/api/v1/users/me/").await.expect(200)["id"].clone();
        ann.delete(&format!("/api/v1/users/{me}")).await.expect(204);
    }

    let bob = shop.customer("bob").await;
    for (path, field, said, blamed) in [
        (
            "/api/v1/users/me/change-password/",
            "confirm_password",
            "Passwords do not match",
            "confirm_password",
        ),
        (
            "/api/v1/auth/change-password/",
            "new_password_confirm",
            "New passwords do not match",
            "new_password",
        ),
    ] {
        for (new, confirmed) in
            [(r#""a-new-password""#, "7"), ("1234567890", r#""x""#), ("12345678", "8")]
        {
            let body = format!(
                r#"{{"old_password": "{}", "new_password": {new}, "{field}": {confirmed}}}"#,
                bob.password
            );
            hold(&bob, "POST", &[path], &[(&body, json!({blamed: [said]}))]).await;
        }
    }
    let same = format!(
        r#"{{"old_password": "{}", "new_password": 1234567890, "confirm_password": "1234567890"}}"#,
        bob.password
    );
    send(&bob, "POST", "/api/v1/users/me/change-password/", &same).await.expect(200);
    bob.log_in(&bob.email, "1234567890").await;
}

#[tokio::test]
async fn price_filters_accept_any_number() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    for (name, price, discount) in
        [("cheap", "33.33", "0"), ("dear", "33.34", "10.00"), ("dearest", "99999999.99", "100")]
    {
        let body = json!({"name": name, "price": price, "discount": discount});
        boss.post("/api/v1/product/", body).await.expect(201);
    }
    let names = async |query: &str| -> Vec<String> {
        let found = shop.nobody().get(&format!("/api/v1/product/?{query}")).await.expect(200);
        let found = found.as_array().expect("a list").iter();
        found.map(|it| it["name"].as_str().expect("a name").to_owned()).collect()
    };
    let all = vec!["cheap", "dear", "dearest"];
    for (query, expected) in [
        ("price_max=1000000000", all.clone()),
        ("price_max=1e400", all.clone()),
        ("price_min=-1", all.clone()),
        ("price_min=-1e400", all.clone()),
        ("price_min=1e400", vec![]),
        ("price_max=-1", vec![]),
        // Paid amounts: 33.33, 30.01 and nothing.
        ("price_min=30.014", vec!["cheap"]),
        ("price_min=30.01", vec!["cheap", "dear"]),
        ("price_max=33.329", vec!["dear", "dearest"]),
        ("price_max=33.333", all.clone()),
        ("discount_max=150", all.clone()),
        ("discount_min=-5.5", all.clone()),
        ("discount_min=100.001", vec![]),
        ("discount_min=9.999&discount_max=10.001", vec!["dear"]),
        // If a parameter occurs twice, the last one counts.
        ("price_max=0&price_max=33.33&search=dear&search=cheap", vec!["cheap"]),
        ("search=cheap&search=", all.clone()),
    ] {
        assert_eq!(names(query).await, expected, "{query}");
    }
    for value in ["abc", "NaN", "Infinity", "-", "1.2.3"] {
        for field in ["price_min", "price_max", "discount_min", "discount_max"] {
            let answer = shop.nobody().get(&format!("/api/v1/product/?{field}={value}")).await;
            answer.says(400, json!({field: [NOT_A_NUMBER]}));
        }
    }
    let page =
        boss.get("/api/v1/products/?page=9&page_size=1&page_size=2&page=2").await.expect(200);
    assert_eq!(page["results"].as_array().map(Vec::len), Some(1), "{page}");
    let minimal = boss.get("/api/products/?page_size=1&page_size=3").await.expect(200);
    assert_eq!(minimal["products"].as_array().map(Vec::len), Some(3), "{minimal}");
}

#[tokio::test]
async fn decimals_are_judged_by_their_digits() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let bodies = [
        ("/api/products/", r#""name": "Pin", "amount": 1"#),
        ("/api/v1/product/", r#""name": "Pin""#),
        ("/api/v1/products/", r#""name": "Pin""#),
        ("/api/v1/products", r#""name": "Pin""#),
    ];
    for (path, rest) in bodies {
        for (price, said) in [
            (r#""19.990""#, MONEY_PLACES),
            ("19.991", MONEY_PLACES),
            (r#""0.000""#, MONEY_PLACES),
            ("-0.001", MONEY_PLACES),
            ("100000000", MONEY_WHOLE),
            ("-100000000", MONEY_WHOLE),
            ("1e8", MONEY_WHOLE),
            (r#""100000000.0""#, MONEY_WHOLE),
            ("12345678901", MONEY_DIGITS),
            (r#""123456789.01""#, MONEY_DIGITS),
            (r#""1e-400""#, MONEY_DIGITS),
            ("0.3333333333333333", MONEY_DIGITS),
            ("1e400", NOT_A_NUMBER),
            (r#""NaN""#, NOT_A_NUMBER),
            (r#""Infinity""#, NOT_A_NUMBER),
            (r#""""#, NOT_A_NUMBER),
            ("true", NOT_A_NUMBER),
            ("[1]", NOT_A_NUMBER),
            ("-1", "Ensure this value is greater than or equal to 0."),
        ] {
            let body = format!(r#"{{{rest}, "price": {price}}}"#);
            hold(&boss, "POST", &[path], &[(&body, json!({"price": [said]}))]).await;
        }
        for (price, kept) in
            [("19.990", 19.99), ("1e-400", 0.0), (r#""1e1""#, 10.0), ("19.99000001", 19.99)]
        {
            let body = format!(r#"{{{rest}, "price": {price}}}"#);
            let made = send(&boss, "POST", path, &body).await.expect(201);
            let text = made["price"].as_str().map(|text| text.parse().expect("a number"));
            assert_eq!(text.or(made["price"].as_f64()), Some(kept), "{path} {price}: {made}");
        }
    }
    for (discount, said) in [
        ("1000", "Ensure that there are no more than 3 digits before the decimal point."),
        (r#""12.345""#, MONEY_PLACES),
        ("123456", "Ensure that there are no more than 5 digits in total."),
        ("100.5", "Ensure this value is less than or equal to 100."),
        (r#""NaN""#, NOT_A_NUMBER),
    ] {
        let body = format!(r#"{{"name": "Pin", "price": 1, "discount": {discount}}}"#);
        let expected = json!({"discount": [said]});
        hold(&boss, "POST", &["/api/v1/product/"], &[(&body, expected)]).await;
    }
}

#[tokio::test]
async fn image_urls_must_be_urls_or_empty() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    for path in ["/api/v1/products/", "/api/v1/product/"] {
        let with =
            |image: &str| format!(r#"{{"name": "Lamp", "price": "1.00", "image": {image}}}"#);
        let good = with(r#""https://shop.example/lamp.jpg""#);
        let made = send(&boss, "POST", path, &good).await.expect(201);
        let one = format!("{path}{}/", id_of(&made));
        for image in ["true", "7", "[]", "{}", r#""lamp.jpg""#] {
            let expected = json!({"image": ["Enter a valid URL."]});
            hold(&boss, "POST", &[path], &[(&with(image), expected.clone())]).await;
            hold(&boss, "PUT", &[&one], &[(&with(image), expected)]).await;
        }
        for image in [r#""""#, r#""  ""#, "null"] {
            let made = send(&boss, "POST", path, &with(image)).await.expect(201);
            assert_eq!(made["image"], json!(null), "{path} {image}");
            send(&boss, "PUT", &one, &good).await.expect(200);
            let cleared = send(&boss, "PUT", &one, &with(image)).await.expect(200);
            assert_eq!(cleared["image"], json!(null), "{path} {image}");
        }
    }
}

#[tokio::test]
async fn the_same_error_has_the_same_sentence_everywhere() {
    let shop = Shop::open().await;
    shop.customer("ann").await;
    let bob = shop.customer("bob").await;
    let taken = json!({"email": ["This email is already in use."]});
    let body = json!({"email": "ann@souk.example"});
    bob.put("/api/v1/users/me/update/", body.clone()).await.says(400, taken.clone());
    bob.patch("/api/v1/auth/profile/", body).await.says(400, taken.clone());
    let new = json!({"username": "new", "email": "ann@souk.example", "password": "password123",
        "confirm_password": "password123", "password_confirm": "password123"});
    for path in ["/api/v1/users/register/", "/api/v1/auth/register/"] {
        shop.nobody().post(path, new.clone()).await.says(400, taken.clone());
    }
}

#[tokio::test]
async fn null_bodies_and_items_count_as_no_data() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let paths = [
        "/api/products/",
        "/api/orders/",
        "/api/cart/add/",
        "/api/v1/users",
        "/api/v1/products",
        "/api/v1/product/",
        "/api/v1/cart/add_item/",
        "/api/v1/auth/login/",
        "/api/v1/cart/",
    ];
    let of_type = |found: &str| {
        let said = format!("Invalid data. Expected a dictionary, but got {found}.");
        json!({"non_field_errors": [said]})
    };
    let rows = [
        ("null", json!({"non_field_errors": ["No data provided"]})),
        ("[null]", of_type("list")),
        ("1.0", of_type("float")),
        (r#""\ud800""#, of_type("str")),
    ];
    hold(&boss, "POST", &paths, &rows).await;

    let lamp = boss.add_product("Lamp", "10.00", 5).await;
    let good = format!(r#"{{"product_id": {lamp}, "quantity": 1}}"#);
    for path in ["/api/v1/orders/", "/api/v1/orders"] {
        let with = |items: &str| {
            let (user, address) = (boss.id, "1 Market Square");
            format!(
                r#"{{"user_id": {user}, "total_price": 10, "shipping_address": "{address}", "items": {items}}}"#
            )
        };
        let rows = [
            (with("[null]"), json!({"items": [[NOT_NULL]]})),
            (with(&format!("[{good}, null]")), json!({"items": [{}, [NOT_NULL]]})),
            (with("null"), json!({"items": [NOT_NULL]})),
            (
                with(r#"[null, {"product_id": 999, "quantity": 0}]"#),
                json!({"items": [[NOT_NULL], {
                    "quantity": ["Ensure this value is greater than or equal to 1."],
                    "product_id": ["Product not found or inactive"]}]}),
            ),
        ];
        for (body, expected) in rows {
            hold(&boss, "POST", &[path], &[(&body, expected)]).await;
        }
    }
    let null_product = json!({"products": {"0": [NOT_NULL]}});
    hold(&boss, "POST", &["/api/orders/"], &[(r#"{"products": [null]}"#, null_product)]).await;
}

#[tokio::test]
async fn rejects_unpaired_surrogates() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let surrogate = "Surrogate characters are not allowed: U+D800.";
    let long = "x".repeat(300);
    let too_long = "Ensure this field has no more than 255 characters.";
    let paths = ["/api/products/", "/api/v1/product/", "/api/v1/products/", "/api/v1/products"];
    let with = |name: &str| format!(r#"{{"name": {name}, "price": 1, "amount": 1, "\udc00": 1}}"#);
    hold(
        &boss,
        "POST",
        &paths,
        &[
            (&with(r#""\ud800""#), json!({"name": [surrogate]})),
            (&with(r#""a\ud800\ud83d\ude00\udfff""#), json!({"name": [surrogate]})),
            (&with(&format!(r#""\ud800{long}""#)), json!({"name": [too_long, surrogate]})),
            (&with("true"), json!({"name": ["Not a valid string."]})),
        ],
    )
    .await;
    for path in paths {
        let made = send(&boss, "POST", path, &with(r#""\ud83d\ude00 1.10""#)).await.expect(201);
        assert_eq!(made["name"], "😀 1.10");
        let made = send(&boss, "POST", path, &with("1.10")).await.expect(201);
        assert_eq!(made["name"], "1.1", "a number is named as Python writes it");
    }

    let body = r#"{"username": "a b\ud800", "email": "\ud800@b.co", "password": "\ud800password",
        "confirm_password": "\ud800password"}"#;
    let username = "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.";
    let expected = json!({"username": [username, surrogate], "password": [surrogate],
        "email": [surrogate, "Enter a valid email address."]});
    let paths = ["/api/users/signup/", "/api/users/", "/api/v1/users"];
    hold(&shop.nobody(), "POST", &paths, &[(body, expected.clone())]).await;
    let mut confirmed = expected;
    confirmed["confirm_password"] = json!([surrogate]);
    hold(&shop.nobody(), "POST", &["/api/v1/users/register/"], &[(body, confirmed)]).await;
}
