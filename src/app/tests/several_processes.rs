//! Applications that share a store, as several processes do: each knows only its own running
//! requests.

use super::OpenApp;
use serde_json::{Value, json};
use souk_actors::leases::Leases;

/// Pairs of requests that are sent at once.
const PAIRS: usize = 12;

/// Two applications, and the one that opened their store.
async fn two_processes() -> ([OpenApp; 2], OpenApp) {
    let opener = OpenApp::start().await;
    let process = async |holder: &str| {
        let mut shop = opener.shop.clone();
        shop.leases = Leases::shared(&shop.store, holder.to_owned());
        OpenApp::of(shop, tempfile::tempdir().expect("a temporary directory")).await
    };
    ([process("a").await, process("b").await], opener)
}

/// Sends a keyed POST; returns the status, the body, and whether it is a replay.
async fn keyed(
    app: &OpenApp,
    (path, token, key): (&str, &str, &str),
    body: &Value,
) -> (u16, Value, bool) {
    let asking = app.client.post(format!("{}{path}", app.base)).bearer_auth(token);
    let asking = asking.header("Idempotency-Key", key).json(body);
    let answer = asking.send().await.expect("every request is answered");
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let is_replay = headers.contains_key("idempotent-replayed");
    (status, answer.json().await.unwrap_or_default(), is_replay)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_at_two_processes_has_one_effect_and_one_answer() {
    let (apps, _opener) = two_processes().await;
    let product = apps[0].add_product().await;
    let token = apps[0].register("ann@example.com").await;
    let address = json!({"shipping_address": "1 Market Square"});
    for number in 0..PAIRS {
        let line = json!({"product_id": product, "quantity": 1});
        let (status, body) = apps[0].send("POST", "/api/v1/cart/", &token, &line).await;
        assert_eq!(status, 201, "{body}");
        let key = format!("order {number}");
        let request = ("/api/v1/cart/checkout/", token.as_str(), key.as_str());
        // The cart is empty after the first, so the second fails unless it gets the first one's answer.
        let (one, other) =
            tokio::join!(keyed(&apps[0], request, &address), keyed(&apps[1], request, &address));
        assert_eq!((one.0, other.0), (201, 201), "{one:?} {other:?}");
        assert_eq!(one.1, other.1);
        assert!(one.2 != other.2, "one of them is a replay");
    }
    let known = souk_actors::orders::summary(&*apps[0].shop.store.snapshot()).expect("readable");
    assert_eq!(known.orders, PAIRS as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_with_two_bodies_at_two_processes_has_one_effect() {
    let (apps, _opener) = two_processes().await;
    apps[0].add_product().await;
    let boss = apps[0].log_in("boss@example.com").await;
    for number in 0..PAIRS {
        let product = |name: &str| json!({"name": name, "price": "10.00", "stock_quantity": 1});
        let (lamp, desk) = (product("Lamp"), product("Desk"));
        let key = format!("product {number}");
        let request = ("/api/v1/products/", boss.as_str(), key.as_str());
        let (one, other) =
            tokio::join!(keyed(&apps[0], request, &lamp), keyed(&apps[1], request, &desk));
        let mut statuses = [one.0, other.0];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 422], "{one:?} {other:?}");
    }
}
