//! With throttles on, many customers of a front end behind a trusted proxy are never refused.

use crate::support::{Answer, Shop};
use serde_json::json;

const CUSTOMERS: usize = 64;

/// One customer's whole visit; returns every failed answer.
async fn visit(shop: &Shop, number: usize, product: i64) -> Vec<Answer> {
    let client = format!("192.0.2.{}", number + 1);
    let nobody = shop.nobody();
    let email = format!("customer{number}@example.com");
    let mut refused = Vec::new();
    let mut keep = |answer: Answer| {
        let body = answer.json();
        if !(200..300).contains(&answer.status) {
            refused.push(answer);
        }
        body
    };
    let register = json!({"email": email, "password": "a good password", "password_confirm": "a good password",
        "first_name": "Ann", "last_name": "Archer"});
    let ask =
        |method: &str, path: &str| nobody.ask(method, path).header("X-Forwarded-For", &client);
    keep(ask("POST", "/api/v1/auth/register/").json(&register).send().await);
    let log_in = json!({"email": email, "password": "a good password"});
    let session = keep(ask("POST", "/api/v1/auth/login/").json(&log_in).send().await);
    let token = session["data"]["access_token"].as_str().unwrap_or_default().to_owned();
    for path in ["/api/v1/products/?search=bowl", "/api/v1/product/?page_size=50", "/api/products/"]
    {
        keep(ask("GET", path).bearer(&token).send().await);
    }
    let line = json!({"product_id": product, "quantity": 1});
    keep(ask("POST", "/api/v1/cart/").bearer(&token).json(&line).send().await);
    let checkout = json!({"shipping_address": "1 Market Square, 30000 Fez"});
    keep(ask("POST", "/api/v1/cart/checkout/").bearer(&token).json(&checkout).send().await);
    keep(ask("GET", "/api/v1/orders/").bearer(&token).send().await);
    refused
}

#[tokio::test]
async fn sixty_four_customers_behind_a_trusted_proxy_are_never_refused() {
    let shop = Shop::open_with(&[("SOUK_RATE_LIMIT", "on")]).await;
    let admin = shop.admin().await;
    let product = admin.add_product("Bowl", "10.00", 1_000).await;
    for number in 0..50 {
        admin.add_product(&format!("Bowl {number}"), "10.00", 5).await;
    }
    let visits = (0..CUSTOMERS).map(|number| visit(&shop, number, product));
    let refused: Vec<Answer> =
        futures_util::future::join_all(visits).await.into_iter().flatten().collect();
    assert!(refused.is_empty(), "{} refused, such as {}", refused.len(), refused[0]);
}
