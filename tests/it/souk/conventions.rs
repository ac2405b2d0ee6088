//! The conventions of Souk's own API: problems, cursors, unknown parameters, versions.

use crate::support::{Answer, Shop};
use serde_json::{Value, json};

/// The wrong values of a problem: where each is, and its code, sorted.
#[track_caller]
pub(super) fn faults(answer: &Answer) -> Vec<(String, String)> {
    let body = answer.expect(400);
    assert_eq!(answer.header("Content-Type"), "application/problem+json", "{answer}");
    assert_eq!(body["code"], "invalid_request", "{answer}");
    let errors = body["errors"].as_array().unwrap_or_else(|| panic!("no errors: {answer}"));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let place = |error: &Value| {
        let places = ["pointer", "parameter", "header"].iter().map(|name| text(&error[*name]));
        places.collect::<String>()
    };
    let mut found: Vec<_> =
        errors.iter().map(|error| (place(error), text(&error["code"]))).collect();
    found.sort();
    found
}

pub(super) fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(place, code)| ((*place).to_owned(), (*code).to_owned())).collect()
}

/// The items of a list, page after page.
pub(super) async fn walk(by: &crate::support::Person, path: &str, limit: usize) -> Vec<Value> {
    let sign = if path.contains('?') { '&' } else { '?' };
    let first = format!("{path}{sign}limit={limit}");
    let (mut items, mut next) = (Vec::new(), first.clone());
    loop {
        let body = by.get(&next).await.expect(200);
        let data = body["data"].as_array().expect("a list");
        assert!(data.len() <= limit, "{body}");
        items.extend(data.iter().cloned());
        match body["next"].as_str() {
            Some(cursor) => next = format!("{first}&after={cursor}"),
            None => return items,
        }
    }
}

#[tokio::test]
async fn every_wrong_parameter_is_named_with_the_nearest_known_one() {
    let shop = Shop::open().await;
    let path = "/souk/v1/store/products?limit=0&sort=prize&pric=5&available=maybe&nonsense=1";
    let answer = shop.nobody().get(path).await;

    assert_eq!(
        faults(&answer),
        pairs(&[
            ("available", "not_a_choice"),
            ("limit", "out_of_range"),
            ("nonsense", "unknown_parameter"),
            ("pric", "unknown_parameter"),
            ("sort", "not_a_choice"),
        ])
    );
    let errors = answer.json()["errors"].clone();
    let of = |name: &str| {
        let errors = errors.as_array().expect("a list");
        errors.iter().find(|error| error["parameter"] == name).cloned().expect("an error")
    };
    assert_eq!(of("pric")["nearest"], "price");
    assert_eq!((&of("limit")["minimum"], &of("limit")["maximum"]), (&json!(1), &json!(100)));
    assert_eq!(of("available")["choices"], json!(["true", "false"]));
    assert!(of("nonsense").get("nearest").is_none(), "{answer}");
}

#[tokio::test]
async fn a_cursor_that_was_changed_or_belongs_to_another_list_is_refused() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let category = boss.add_category("Lamps").await;
    for number in 1..=3 {
        boss.add_product_in(category, &format!("Lamp {number}"), "1.00", 1).await;
    }
    let anybody = shop.nobody();
    let page = anybody.get("/souk/v1/store/products?limit=1&sort=price").await.expect(200);
    let cursor = page["next"].as_str().expect("a cursor").to_owned();
    let other = format!("B{}", &cursor[1..]);
    let refused = pairs(&[("after", "invalid_cursor")]);

    let path = "/souk/v1/store/products?limit=1&sort=price&after=";
    assert_eq!(faults(&anybody.get(&format!("{path}{other}")).await), refused);
    assert_eq!(faults(&anybody.get(&format!("{path}{cursor}A")).await), refused);
    let elsewhere = ["store/products?", "store/products?sort=title&", "store/categories?"];
    for list in elsewhere {
        let answer = anybody.get(&format!("/souk/v1/{list}after={cursor}")).await;
        assert_eq!(faults(&answer), refused, "{list}");
    }
    let more = anybody.get(&format!("{path}{cursor}&expand=variants")).await.expect(200);
    assert_eq!(more["data"][0]["title"], "Lamp 2");
}

#[tokio::test]
async fn refusals_are_problems() {
    let shop = Shop::open().await;
    let (ann, nobody) = (shop.customer("ann").await, shop.nobody());

    let answer = nobody.get("/souk/v1/admin/orders").await;
    let body = answer.expect(401);
    assert!(answer.header("WWW-Authenticate").starts_with("Bearer"), "{answer}");
    assert_eq!((&body["code"], &body["status"]), (&json!("not_authenticated"), &json!(401)));
    assert_eq!(ann.get("/souk/v1/admin/orders").await.expect(403)["code"], "forbidden");
    let bad = nobody.bearing("a.b.c").get("/souk/v1/store/products").await;
    assert_eq!(bad.expect(401)["code"], "token_not_valid");
    let absent = nobody.get("/souk/v1/store/products/no-such-thing").await;
    assert_eq!(absent.expect(404)["code"], "not_found");
    assert_eq!(absent.header("Content-Type"), "application/problem+json");
    let key = "x".repeat(256);
    let path = "/souk/v1/store/me/addresses";
    let answer =
        ann.ask("POST", path).header("Idempotency-Key", &key).json(&json!({})).send().await;
    assert_eq!(faults(&answer), pairs(&[("Idempotency-Key", "invalid")]));
    let answer = ann.ask("POST", path).raw("text/plain", "x").send().await;
    assert_eq!(answer.expect(415)["status"], 415);
    let answer = ann.ask("POST", path).raw("application/json", "{").send().await;
    assert_eq!(answer.expect(400)["code"], "invalid_request");
}
