//! A person who uses the shop through the storefront contract.

use serde_json::{Value, json};

use super::http::{Answer, Ask, Door};
use super::shapes;
use super::shop::Shop;

#[derive(Clone)]
pub(crate) struct Person {
    door: Door,
    pub(crate) id: i64,
    pub(crate) email: String,
    pub(crate) password: String,
    pub(crate) access: String,
    pub(crate) refresh: String,
}

#[track_caller]
pub(crate) fn id_of(value: &Value) -> i64 {
    value["id"].as_i64().unwrap_or_else(|| panic!("no id in {value}"))
}

impl Person {
    /// A person without a token.
    pub(crate) fn unknown(door: Door) -> Self {
        let nothing = String::new;
        Self {
            door,
            id: 0,
            email: nothing(),
            password: nothing(),
            access: nothing(),
            refresh: nothing(),
        }
    }

    /// The person with this token.
    pub(crate) fn bearing(&self, token: &str) -> Self {
        Self { access: token.to_owned(), ..self.clone() }
    }

    /// A registered person who has not logged in.
    pub(crate) fn called(&self, id: i64, email: &str, password: &str) -> Self {
        let (email, password) = (email.to_owned(), password.to_owned());
        Self { id, email, password, ..self.clone() }
    }

    /// The same person, with the same token, at another process.
    pub(crate) fn at(&self, shop: &Shop) -> Self {
        Self { door: shop.door(), ..self.clone() }
    }

    pub(crate) async fn register(&self, email: &str, password: &str) -> Self {
        let body = json!({"email": email, "password": password, "password_confirm": password,
            "user_type": "customer", "first_name": "John", "last_name": "Doe"});
        let answer = self.post("/api/v1/auth/register/", body).await;
        self.known(email, password, &answer.expect(201))
    }

    pub(crate) async fn log_in(&self, email: &str, password: &str) -> Self {
        let answer = self.try_log_in(email, password).await;
        self.known(email, password, &answer.expect(200))
    }

    pub(crate) async fn try_log_in(&self, email: &str, password: &str) -> Answer {
        self.post("/api/v1/auth/login/", json!({"email": email, "password": password})).await
    }

    fn known(&self, email: &str, password: &str, body: &Value) -> Self {
        let text = |name: &str| body["data"][name].as_str().unwrap_or_default().to_owned();
        Self {
            door: self.door.clone(),
            id: id_of(&body["data"]["user"]),
            email: email.to_owned(),
            password: password.to_owned(),
            access: text("access_token"),
            refresh: text("refresh_token"),
        }
    }

    /// A request with this person's token.
    pub(crate) fn ask(&self, method: &str, path: &str) -> Ask {
        let ask = self.door.ask(method, path);
        match self.access.is_empty() {
            true => ask,
            false => ask.bearer(&self.access),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path).send().await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask("POST", path).json(&body).send().await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.ask("PUT", path).json(&body).send().await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.ask("PATCH", path).json(&body).send().await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.ask("DELETE", path).send().await
    }

    // ---- what administrators do

    /// A new category; its id.
    pub(crate) async fn add_category(&self, name: &str) -> i64 {
        let body = json!({"name": name, "description": format!("Everything {name}")});
        id_of(&self.post("/api/v1/categories/", body).await.expect(201))
    }

    /// A new product in its own category; its id.
    pub(crate) async fn add_product(&self, name: &str, price: &str, stock: i64) -> i64 {
        let category = self.add_category(&format!("{name} and the like")).await;
        self.add_product_in(category, name, price, stock).await
    }

    pub(crate) async fn add_product_in(
        &self,
        category: i64,
        name: &str,
        price: &str,
        stock: i64,
    ) -> i64 {
        let body = json!({"name": name, "description": format!("One {name}"), "category_id": category,
            "price": price, "stock_quantity": stock, "image": null});
        id_of(&self.post("/api/v1/products/", body).await.expect(201))
    }

    pub(crate) async fn stock_of(&self, product: i64) -> i64 {
        let body = self.get(&format!("/api/v1/products/{product}/")).await.expect(200);
        body["stock_quantity"].as_i64().expect("stock is a number")
    }

    pub(crate) async fn set_status(&self, order: i64, status: &str) -> Answer {
        self.update_order(order, json!({"status": status})).await
    }

    /// The report: all orders, revenue, paid orders, pending orders.
    pub(crate) async fn report(&self) -> (i64, f64, i64, i64) {
        let body = self.get("/api/v1/reports/summary/").await.expect(200);
        shapes::expect(&body, &shapes::report());
        let count = |name: &str| body[name].as_i64().expect("a count");
        let revenue = body["total_revenue"].as_f64().expect("a number");
        (count("total_orders"), revenue, count("paid_orders"), count("pending_orders"))
    }

    // ---- cart and orders

    pub(crate) async fn cart(&self) -> Value {
        self.get("/api/v1/cart/").await.expect(200)
    }

    pub(crate) async fn put_in_cart(&self, product: i64, quantity: i64) -> Answer {
        self.post("/api/v1/cart/", json!({"product_id": product, "quantity": quantity})).await
    }

    pub(crate) async fn checkout(&self) -> Answer {
        self.post("/api/v1/cart/checkout/", addresses()).await
    }

    pub(crate) fn ask_checkout(&self) -> Ask {
        self.ask("POST", "/api/v1/cart/checkout/").json(&addresses())
    }

    /// Puts one product in the cart and checks out; the order.
    pub(crate) async fn buy(&self, product: i64, quantity: i64) -> Value {
        self.put_in_cart(product, quantity).await.expect(201);
        self.checkout().await.expect(201)
    }

    /// Orders these products and quantities without a cart.
    pub(crate) async fn order_directly(&self, lines: &[(i64, i64)]) -> Answer {
        let items = lines
            .iter()
            .map(|(product, quantity)| json!({"product_id": product, "quantity": quantity}));
        let mut body = addresses();
        body["items"] = items.collect();
        self.post("/api/v1/orders/", body).await
    }

    pub(crate) async fn order(&self, order: i64) -> Answer {
        self.get(&format!("/api/v1/orders/{order}/")).await
    }

    pub(crate) async fn orders(&self) -> Vec<Value> {
        let body = self.get("/api/v1/orders/?page_size=100").await.expect(200);
        body.as_array().expect("the order list is a bare array").clone()
    }

    pub(crate) async fn update_order(&self, order: i64, body: Value) -> Answer {
        self.patch(&format!("/api/v1/orders/{order}/"), body).await
    }

    pub(crate) async fn delete_order(&self, order: i64) -> Answer {
        self.delete(&format!("/api/v1/orders/{order}/")).await
    }

    pub(crate) async fn create_payment(&self, order: i64) -> Answer {
        self.post(&format!("/api/v1/orders/{order}/create-payment/"), json!({})).await
    }

    pub(crate) async fn confirm_payment(&self, order: i64, payment_method: &str) -> Answer {
        let body = json!({"payment_method": payment_method});
        self.post(&format!("/api/v1/orders/{order}/confirm-payment/"), body).await
    }

    /// Pays with the card that always succeeds; the paid order.
    pub(crate) async fn pay(&self, order: i64) -> Value {
        self.create_payment(order).await.expect(200);
        self.confirm_payment(order, "pm_card_visa").await.expect(200)["order"].clone()
    }
}

fn addresses() -> Value {
    json!({"shipping_address": "123 Main St, City, State, ZIP", "billing_address": "1 Bank St, City, State, ZIP"})
}
