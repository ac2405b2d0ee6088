//! The storefront document, operation by operation: its requests, its answers field by field and type by type, and its
//! refusals word for word. Behaviour beyond the document is tested in the other files of this contract.

mod accounts;
mod cart;
mod catalog;
mod orders;

use crate::support::{Person, Shop};
use serde_json::{Value, json};

fn said(message: &str) -> Value {
    json!({"message": message})
}

fn error(message: &str) -> Value {
    json!({"error": message})
}

fn detail(message: &str) -> Value {
    json!({"detail": message})
}

fn no_token() -> Value {
    detail("Authentication credentials were not provided.")
}

fn not_found() -> Value {
    detail("Not found.")
}

/// A shop with a laptop, its administrator and two customers.
async fn shop_with_laptop() -> (Shop, Person, Person, Person, i64) {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let (ann, eve) = (shop.customer("ann").await, shop.customer("eve").await);
    let laptop = boss.add_product("Laptop", "999.99", 50).await;
    (shop, boss, ann, eve, laptop)
}
