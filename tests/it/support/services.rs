//! Shared parts of the tests of the services contract: its shapes, and a guest.

use serde_json::{Value, json};

use super::http::{Answer, Ask};
use super::person::{Person, id_of};
use super::shop::Shop;

/// The setting that allows a service to call, and its token.
pub(crate) const SERVICE_SETTING: (&str, &str) =
    ("SOUK_SERVICE_TOKENS", "payments:a-long-service-token,mail:another-service-token");
pub(crate) const SERVICE_TOKEN: &str = "a-long-service-token";

pub(crate) const GET_CART: &str = "/api/v1/cart/get_cart/";
pub(crate) const ADD_ITEM: &str = "/api/v1/cart/add_item/";

/// The answer to a guest without a token where one is needed.
pub(crate) fn no_token() -> Value {
    json!({"detail": "Authentication credentials were not provided."})
}

pub(crate) fn bad_token() -> Value {
    json!({"detail": "Given token not valid for any token type", "code": "token_not_valid"})
}

pub(crate) fn forbidden() -> Value {
    json!({"detail": "You do not have permission to perform this action."})
}

pub(crate) fn not_found() -> Value {
    json!({"detail": "Not found."})
}

pub(crate) fn category() -> Value {
    json!({"id": "id", "name": "text"})
}

pub(crate) fn product() -> Value {
    json!({"id": "id", "sell_price": "money", "name": "text", "image": "url?", "description": "text",
        "price": "money", "available": "bool", "created": "time", "updated": "time", "discount": "money",
        "category": "id?"})
}

pub(crate) fn cart_line() -> Value {
    json!({"product_id": "text", "name": "text", "price": "money", "discount": "money", "quantity": "count",
        "image": "text?", "price_after_discount": "money", "price_per_item": "money"})
}

pub(crate) fn cart() -> Value {
    json!({"cart_details": [cart_line()], "total_price": "money", "cart_key": "text"})
}

pub(crate) fn me() -> Value {
    json!({"id": "id", "username": "text", "email": "text", "first_name": "text", "last_name": "text",
        "phone_number": "text?", "city": "text?", "address": "text?", "postcode": "text?"})
}

pub(crate) fn order() -> Value {
    json!({"order_id": "id", "total_price": "money", "status": "text", "is_paid": "bool",
        "shipping_address": "text", "first_name": "text", "last_name": "text", "phone": "text", "email": "text"})
}

/// The fields of an order besides the cart.
pub(crate) fn address_of(email: &str) -> Value {
    json!({"shipping_address": "1 Market Square", "city": "Fez", "postcode": "30000", "first_name": "Gus",
        "last_name": "Guest", "phone_number": "+212 5 00 00 00", "email": email, "notes": "Ring twice"})
}

impl Shop {
    /// The service with this token.
    pub(crate) fn service(&self) -> Person {
        self.nobody().bearing(SERVICE_TOKEN)
    }

    /// A guest who has no cart yet.
    pub(crate) fn guest(&self) -> Guest {
        Guest { person: self.nobody(), key: String::new() }
    }
}

impl Person {
    /// A product created through the services contract and stocked through the storefront; its id.
    pub(crate) async fn add_discounted(
        &self,
        name: &str,
        price: &str,
        discount: &str,
        stock: i64,
    ) -> i64 {
        let body = json!({"name": name, "price": price, "discount": discount});
        let id = id_of(&self.post("/api/v1/product/", body).await.expect(201));
        let body = json!({"stock_quantity": stock});
        self.patch(&format!("/api/v1/products/{id}/"), body).await.expect(200);
        id
    }

    /// A new user, registered through the services contract.
    pub(crate) async fn register_as(&self, username: &str, key: &str) -> Answer {
        let body = json!({"username": username, "email": format!("{username}@souk.example"),
            "password": "password123", "confirm_password": "password123", "cart_key": key});
        self.post("/api/v1/users/register/", body).await
    }
}

/// A guest, identified by a cart key.
#[derive(Clone)]
pub(crate) struct Guest {
    pub(crate) person: Person,
    pub(crate) key: String,
}

impl Guest {
    pub(crate) fn ask(&self, method: &str, path: &str) -> Ask {
        let ask = self.person.ask(method, path);
        match self.key.is_empty() {
            true => ask,
            false => ask.header("X-Cart-Key", &self.key),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path).send().await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: Value) -> Answer {
        self.ask(method, path).json(&body).send().await
    }

    /// Puts a product in the cart, and keeps the key that the shop returns.
    pub(crate) async fn put_in(&mut self, product: i64, quantity: i64) {
        let body = json!({"product_id": product.to_string(), "quantity": quantity});
        let answer = self.send("POST", ADD_ITEM, body).await;
        answer.expect(200);
        self.key = answer.header("X-Cart-Key").to_owned();
    }

    /// The content of the cart: product and quantity.
    pub(crate) async fn lines(&self) -> Vec<(i64, i64)> {
        lines_of(&self.get(GET_CART).await.expect(200))
    }

    /// Orders the content of the cart; the order's id.
    pub(crate) async fn order(&self, email: &str) -> i64 {
        let answer = self.send("POST", "/api/v1/order/create_order/", address_of(email)).await;
        answer.expect(201)["order_id"].as_i64().expect("an id")
    }
}

/// Product and quantity of every line of a cart.
pub(crate) fn lines_of(cart: &Value) -> Vec<(i64, i64)> {
    let line = |line: &Value| {
        let product = line["product_id"].as_str().and_then(|id| id.parse().ok());
        (product.expect("an id as text"), line["quantity"].as_i64().expect("a count"))
    };
    cart["cart_details"].as_array().expect("lines").iter().map(line).collect()
}
