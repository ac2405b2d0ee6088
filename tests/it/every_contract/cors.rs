//! Pages of other origins: allowed by a setting, for every answer, success or error.

use crate::support::services::{ADD_ITEM, GET_CART};
use crate::support::{Answer, Ask, Shop, run_souk_with};
use serde_json::json;

const PAGE: &str = "https://shop.example";
const OTHER_PAGE: &str = "https://evil.example";
const SETTING: &str = "SOUK_CORS_ORIGINS";

fn preflight(shop: &Shop, path: &str, origin: &str, method: &str) -> Ask {
    shop.nobody()
        .ask("OPTIONS", path)
        .header("Origin", origin)
        .header("Access-Control-Request-Method", method)
        .header("Access-Control-Request-Headers", "authorization,content-type")
}

#[track_caller]
fn expect_allowed(answer: &Answer, origin: &str, credentials: &str) {
    assert_eq!(answer.header("Access-Control-Allow-Origin"), origin, "{answer}");
    assert_eq!(answer.header("Access-Control-Allow-Credentials"), credentials, "{answer}");
    assert!(answer.header("Vary").starts_with("Origin"), "{answer}");
}

#[track_caller]
fn expect_nothing_about_origins(answer: &Answer) {
    let about = answer.headers.keys().find(|name| name.as_str().starts_with("access-control"));
    assert_eq!(about, None, "{answer}");
}

#[track_caller]
fn expect_names(list: &str, names: &[&str]) {
    let listed: Vec<&str> = list.split(", ").collect();
    for name in names {
        assert!(listed.contains(name), "{name} is not in {list}");
    }
}

#[tokio::test]
async fn a_named_page_may_ask_everything_and_read_every_answer() {
    let origins = format!("{PAGE}, http://localhost:3000");
    let shop = Shop::open_with(&[(SETTING, &origins)]).await;
    let ann = shop.customer("ann").await;
    let boss = shop.admin().await;

    let answer = preflight(&shop, "/api/v1/cart/", PAGE, "DELETE").send().await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""), "{answer}");
    expect_allowed(&answer, PAGE, "true");
    let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
    expect_names(answer.header("Access-Control-Allow-Methods"), &methods);
    let headers =
        ["Authorization", "Content-Type", "Idempotency-Key", "X-Cart-Key", "Last-Event-ID"];
    expect_names(answer.header("Access-Control-Allow-Headers"), &headers);
    assert!(answer.header("Access-Control-Max-Age").parse::<u32>().is_ok_and(|s| s > 0));
    let local = preflight(&shop, "/api/token/", "http://localhost:3000", "POST").send().await;
    expect_allowed(&local, "http://localhost:3000", "true");

    let huge = "x".repeat(2 * 1024 * 1024);
    let nobody = shop.nobody();
    for (status, ask) in [
        (200, ann.ask("GET", "/api/v1/cart/")),
        (200, ann.ask("HEAD", "/api/v1/cart/")),
        (201, boss.ask("POST", "/api/v1/categories/").json(&json!({"name": "Lamps"}))),
        (301, ann.ask("GET", "/api/v1/products")),
        (400, nobody.ask("POST", "/api/login/").json(&json!({}))),
        (401, nobody.ask("GET", "/api/v1/cart/")),
        (403, ann.ask("POST", "/api/v1/categories/").json(&json!({"name": "Mine"}))),
        (404, nobody.ask("GET", "/api/nowhere/")),
        (405, nobody.ask("PUT", "/api/login/")),
        (413, nobody.ask("POST", "/api/login/").raw("application/json", huge)),
        (415, nobody.ask("POST", "/api/login/").raw("text/plain", "hello")),
        (200, nobody.ask("OPTIONS", "/api/v1/cart/")),
        (200, nobody.ask("GET", "/healthz")),
    ] {
        let answer = ask.header("Origin", PAGE).send().await;
        assert_eq!(answer.status, status, "{answer}");
        expect_allowed(&answer, PAGE, "true");
        let exposed = answer.header("Access-Control-Expose-Headers");
        let names = ["X-Cart-Key", "X-Total-Count", "Link", "Idempotent-Replayed", "Retry-After"];
        expect_names(exposed, &names);
        expect_names(exposed, &["Location", "Allow", "WWW-Authenticate", "X-Searched-Since"]);
    }
}

#[tokio::test]
async fn a_page_that_is_not_named_learns_nothing() {
    let shop = Shop::open_with(&[(SETTING, PAGE)]).await;
    let ann = shop.customer("ann").await;
    for origin in [OTHER_PAGE, "null", "https://shop.example.evil.example", "http://shop.example"] {
        let answer = ann.ask("GET", "/api/v1/cart/").header("Origin", origin).send().await;
        assert_eq!(answer.status, 200, "{answer}");
        expect_nothing_about_origins(&answer);
        assert_eq!(answer.header("Vary"), "Origin");
        let answer = preflight(&shop, "/api/v1/cart/", origin, "GET").send().await;
        expect_nothing_about_origins(&answer);
        assert_eq!(answer.header("Allow"), "GET, POST, DELETE, HEAD, OPTIONS");
    }
    let answer = ann.get("/api/v1/cart/").await;
    expect_nothing_about_origins(&answer);
    assert_eq!(answer.header("Vary"), "Origin", "what is cached knows that origins differ");
}

#[tokio::test]
async fn a_guest_of_a_named_page_is_known_by_the_cookie() {
    let shop = Shop::open_with(&[(SETTING, PAGE)]).await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 5).await;
    let body = json!({"product_id": lamp, "quantity": 2});

    let added = shop.nobody().ask("POST", ADD_ITEM).header("Origin", PAGE).json(&body).send().await;

    added.expect(200);
    let cookie = added.header("Set-Cookie").split(';').next().expect("a cookie").to_owned();
    let ask = shop.nobody().ask("GET", GET_CART).header("Origin", PAGE).header("Cookie", &cookie);
    let cart = ask.send().await;
    expect_allowed(&cart, PAGE, "true");
    assert_eq!(cart.expect(200)["cart_details"][0]["quantity"], 2);
}

#[tokio::test]
async fn everybody_may_ask_but_never_with_cookies() {
    let shop = Shop::open_with(&[(SETTING, "*")]).await;
    let answer = preflight(&shop, "/api/v1/cart/", OTHER_PAGE, "GET").send().await;
    assert_eq!(answer.status, 204, "{answer}");
    expect_allowed(&answer, "*", "");
    for path in ["/api/products/", "/api/v1/cart/", "/api/nowhere/"] {
        let answer = shop.nobody().ask("GET", path).header("Origin", OTHER_PAGE).send().await;
        expect_allowed(&answer, "*", "");
    }
}

#[tokio::test]
async fn replayed_answers_carry_the_cors_headers_of_the_present_origin() {
    let origins = format!("{PAGE},{OTHER_PAGE}");
    let shop = Shop::open_with(&[(SETTING, &origins)]).await;
    let boss = shop.admin().await;
    let ask = |origin: &str| {
        let ask = boss.ask("POST", "/api/v1/categories/").json(&json!({"name": "Lamps"}));
        ask.header("Idempotency-Key", "once").header("Origin", origin).send()
    };
    expect_allowed(&ask(PAGE).await, PAGE, "true");
    let again = ask(OTHER_PAGE).await;
    assert!(again.is_replay(), "{again}");
    expect_allowed(&again, OTHER_PAGE, "true");
}

#[tokio::test]
async fn without_the_setting_no_answer_has_cors_headers() {
    let shop = Shop::open().await;
    let answer = preflight(&shop, "/api/v1/cart/", PAGE, "GET").send().await;
    assert_eq!(answer.status, 200, "{answer}");
    expect_nothing_about_origins(&answer);
    let answer = shop.nobody().ask("GET", "/api/products/").header("Origin", PAGE).send().await;
    expect_nothing_about_origins(&answer);
    assert_eq!(answer.header("Vary"), "");
}

#[test]
fn rejects_a_malformed_list_of_origins() {
    for setting in ["shop.example", "https://shop.example/", "*,https://shop.example", "null"] {
        let serve = ["serve", "--listen", "127.0.0.1:0", "--data", "data"];
        let refused = run_souk_with(&[(SETTING, setting)], &serve);
        refused.expect_refusal().naming("cors_origins");
    }
}
