//! Tokens, profiles, carts and all other private answers must not be cached.

use crate::support::services::GET_CART;
use crate::support::{Answer, Shop};
use serde_json::json;

fn is_stored_by_nobody(answer: &Answer) -> bool {
    answer.header("Cache-Control") == "no-store"
}

#[tokio::test]
async fn what_is_somebodys_is_stored_by_no_cache() {
    let shop = Shop::open().await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 5).await;
    let ann = shop.customer("ann").await;
    let nobody = shop.nobody();
    let name = json!({"username": ann.email, "password": ann.password});
    let email = json!({"email": ann.email, "password": ann.password});
    for (path, body) in [
        ("/api/token/", &name),
        ("/api/login/", &name),
        ("/api/v1/users/login/", &name),
        ("/api/v1/auth/login/", &email),
        ("/api/v1/auth/login", &email),
    ] {
        let ask = || nobody.ask("POST", path).header("Idempotency-Key", path).json(body).send();
        for answer in [ask().await, ask().await] {
            answer.expect(200);
            assert!(is_stored_by_nobody(&answer), "{path}: {answer}");
        }
    }
    let refreshed = nobody.post("/api/v1/users/token/refresh/", json!({"refresh": ann.refresh}));
    assert!(is_stored_by_nobody(&refreshed.await));
    let own = format!("/api/v1/users/{}", ann.id);
    for path in [
        "/api/v1/users/me/",
        "/api/v1/auth/profile/",
        "/api/cart/",
        "/api/v1/cart/",
        "/api/v1/orders/",
        &own,
    ] {
        let answer = ann.get(path).await;
        answer.expect(200);
        assert!(is_stored_by_nobody(&answer), "{path}: {answer}");
    }
    // A guest's cart, with every way to present its key.
    let first = nobody.get(GET_CART).await;
    let key = first.header("X-Cart-Key").to_owned();
    let in_query = nobody.get(&format!("{GET_CART}?cart_key={key}")).await;
    let in_header = nobody.ask("GET", GET_CART).header("X-Cart-Key", &key).send().await;
    let cookie = format!("cart_key={key}");
    let in_cookie = nobody.ask("GET", GET_CART).header("Cookie", &cookie).send().await;
    for answer in [first, in_query, in_header, in_cookie] {
        answer.expect(200);
        assert!(is_stored_by_nobody(&answer), "{answer}");
    }
    // Public answers may be cached.
    for path in ["/api/products/", "/api/v1/product/", "/api/v1/category/"] {
        assert!(!is_stored_by_nobody(&nobody.get(path).await), "{path}");
    }
    assert!(!is_stored_by_nobody(&nobody.get(&format!("/api/products/{lamp}/")).await));
}
