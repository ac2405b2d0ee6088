//! A request for every operation, with a target and a valid body, so that only the caller decides the answer.

use serde_json::{Value, json};

use super::table::{Caller, Row};
use super::world::World;
use crate::support::{Ask, Person};

/// An id that nothing has.
const NOTHING: i64 = 999_999_999;

/// One cell's request.
pub(crate) struct Question<'a> {
    world: &'a World,
    row: &'a Row,
    caller: Caller,
    /// The caller, if it is not the default one.
    instead: Option<Person>,
    /// The target: an id, a session of the gateway, an intent.
    about: Option<Value>,
}

impl<'a> Question<'a> {
    /// Makes the target.
    pub(crate) async fn prepare(world: &'a World, row: &'a Row, caller: Caller) -> Self {
        let mut question = Self { world, row, caller, instead: None, about: None };
        question.about = subject(world, row, caller).await;
        let path = row.path.as_str();
        if path.ends_with("/logout") || path.ends_with("/logout/") {
            if let Some(person) = world.person(caller) {
                question.instead = Some(world.anew(person).await);
            }
        } else if question.row.operation() == "DELETE /api/v1/users/{user_id}" {
            let spare = world.spare().await;
            question.about = Some(json!(spare.id));
            question.instead = (caller == Caller::Owner).then_some(spare);
        } else if fills_a_cart(row) {
            world.fill_cart(caller).await;
        }
        question
    }

    pub(crate) async fn ask(&self) -> Ask {
        self.ask_about(self.about.as_ref().unwrap_or(&Value::Null)).await
    }

    /// The same path with another method, without a body.
    pub(crate) fn ask_with(&self, method: &str) -> Ask {
        let path = path(self.world, self.row, self.about.as_ref().unwrap_or(&Value::Null));
        self.world.ask(self.caller, method, &path)
    }

    /// The same request for a target that does not exist, if it has an id.
    pub(crate) async fn ask_about_nothing(&self) -> Option<Ask> {
        self.about.as_ref().filter(|about| about.is_i64())?;
        Some(self.ask_about(&json!(NOTHING)).await)
    }

    async fn ask_about(&self, about: &Value) -> Ask {
        let path = path(self.world, self.row, about);
        let ask = match &self.instead {
            Some(person) => person.ask(&self.row.method, &path),
            None => self.world.ask(self.caller, &self.row.method, &path),
        };
        match body(self.world, self.row, self.caller, about).await {
            Value::Null => ask,
            body => ask.json(&body),
        }
    }
}

/// Operations on the caller's own cart, which has an item.
fn fills_a_cart(row: &Row) -> bool {
    let own =
        ["remove_item/", "clear_cart/", "update_quantity/", "create_order/", "cart/checkout/"];
    own.iter().any(|end| row.path.ends_with(end))
}

/// The kind of target.
async fn subject(world: &World, row: &Row, caller: Caller) -> Option<Value> {
    let operation = row.operation();
    let path = row.path.as_str();
    Some(match (row.contract.as_str(), operation.as_str()) {
        ("classic", "POST /api/payments/") | ("minimal", "POST /api/payments/") => {
            json!(world.order().await)
        }
        ("minimal", "POST /api/orders/") => {
            world.line().await;
            world.owner.get("/api/cart/").await.expect(200)["id"].clone()
        }
        ("services", "POST /api/v1/order/update_order/") => json!(world.order().await),
        ("services", "POST /api/v1/payments/create-checkout-session/") => {
            json!(world.order_for(caller).await)
        }
        ("services", "POST /api/v1/order/{pk}/get_order_by_id/") => {
            json!(world.order_for(caller).await)
        }
        ("souk", "GET /souk/v1/store/orders/{id}") => json!(world.order_for(caller).await),
        ("services", "GET /api/v1/payments/success/") => json!(world.checkout().await),
        ("sandbox", "POST /sandbox/v1/payment_intents/{intent}/confirm") => world.intent().await,
        ("sandbox", _) => json!(world.checkout().await),
        _ if path.contains("/webhook-endpoints/{") => json!(world.webhook_endpoint().await),
        _ if path.contains("/customers/{") => json!(world.owner.id),
        _ if path.contains("/addresses/{") => json!(world.address_in_book().await),
        _ if path.contains("/users/{") => json!(world.owner.id),
        _ if path.contains("/items/{") => json!(world.line().await),
        _ if path.contains("/payments/{") => json!(world.payment().await),
        ("refunds", _) => {
            let order = world.order().await;
            world.owner.create_payment(order).await.expect(200);
            let card = json!({"payment_method": "pm_card_visa"});
            let path = format!("/api/v1/orders/{order}/confirm-payment/");
            world.owner.post(&path, card).await.expect(200);
            json!(order)
        }
        _ if path.ends_with("/confirm-payment/") => {
            let order = world.order().await;
            world.owner.create_payment(order).await.expect(200);
            json!(order)
        }
        _ if path.contains("/orders/{") => json!(world.order().await),
        _ if path.contains("/product/{") || path.contains("/products/{") => {
            json!(world.product().await)
        }
        _ if path.contains("/category/{") || path.contains("/categories/{") => {
            json!(world.category().await)
        }
        _ => return None,
    })
}

/// The path with the target in place of its parameter.
fn path(world: &World, row: &Row, about: &Value) -> String {
    if row.path == "/api/v1/cart/get_user_cart/" {
        return format!("{}?cart_key={}", row.path, world.key());
    }
    if row.path == "/api/v1/payments/success/" {
        return format!("{}?session_id={}", row.path, about.as_str().unwrap_or_default());
    }
    if row.path == "/api/v1/events" {
        // Without this the answer would be an endless stream.
        return format!("{}?follow=false", row.path);
    }
    let Some((before, rest)) = row.path.split_once('{') else { return row.path.clone() };
    let (name, after) = rest.split_once('}').expect("a parameter in braces");
    let value = match (name, about) {
        ("document", _) => "storefront.json".to_owned(),
        ("file", _) => "swagger-ui.css".to_owned(),
        ("schema", _) => "souk.order.placed.v1.json".to_owned(),
        ("intent", about) => about["payment_intent_id"].as_str().expect("an intent").to_owned(),
        (_, Value::String(text)) => text.clone(),
        (_, about) => about.to_string(),
    };
    format!("{before}{value}{}", after.replace("{delivery}", "1"))
}

/// A valid body for the operation; null for none.
async fn body(world: &World, row: &Row, caller: Caller, about: &Value) -> Value {
    let lamp = world.lamp;
    match row.operation().as_str() {
        "POST /api/orders/" if row.contract == "classic" => json!({"products": [lamp]}),
        "POST /api/orders/" => json!({"cart_id": about}),
        "POST /api/payments/" if row.contract == "classic" => {
            json!({"order": about, "amount": "20.00"})
        }
        "POST /api/payments/" => json!({"order_id": about, "payment_method": "pm_card_visa"}),
        "PUT /api/v1/orders/{order_id}/status" => json!({"status": "Processing"}),
        "POST /api/v1/orders/{id}/confirm-payment/" => json!({"payment_method": "pm_card_visa"}),
        "PUT /api/v1/orders/{id}/" | "PATCH /api/v1/orders/{id}/" => {
            json!({"shipping_address": "1 New St", "billing_address": "1 New St"})
        }
        "POST /api/v1/orders/" => json!({"shipping_address": "1 Main St",
            "items": [{"product_id": lamp, "quantity": 1}]}),
        "POST /api/v1/orders" => json!({"user_id": world.owner.id, "total_price": 10.00,
            "items": [{"product_id": lamp, "quantity": 1}]}),
        "POST /api/v1/cart/checkout/" => json!({"shipping_address": "1 Main St"}),
        "POST /api/v1/order/create_order/" => world.address(),
        "POST /api/v1/order/update_order/" => json!({"order_id": about, "status": "processing"}),
        "POST /api/v1/payments/create-checkout-session/" => json!({"order_id": about}),
        "POST /sandbox/v1/payment_intents/{intent}/confirm" => {
            json!({"client_secret": about["client_secret"], "payment_method": "pm_card_visa"})
        }
        "POST /souk/v1/store/me/addresses" => world.book_entry(),
        "PATCH /souk/v1/store/me/addresses/{id}" => json!({"city": "Aarhus"}),
        "POST /api/v1/webhook-endpoints/" => world.webhook_draft(),
        "PATCH /api/v1/webhook-endpoints/{id}/" => json!({"description": "Another"}),
        "DELETE /api/v1/cart/clear_user_cart/" => json!({"cart_key": world.key()}),
        _ if row.path.ends_with("_product/") => json!({"product_id": lamp}),
        _ if row.path.ends_with("increase_amount/") => json!({"amount": 1}),
        _ if row.path.contains("/cart/") => json!({"product_id": lamp, "quantity": 1}),
        _ if row.path.contains("/product") && row.method != "GET" && row.method != "DELETE" => {
            json!({"name": world.name(), "price": "1.00", "amount": 1})
        }
        _ if row.path.contains("/categor") && row.method != "GET" && row.method != "DELETE" => {
            json!({"name": world.name()})
        }
        _ => of_an_account(world, row, caller).await,
    }
}

/// Bodies about people and their sessions. A change of the caller's own data repeats the present values, so that the
/// next request finds them unchanged.
async fn of_an_account(world: &World, row: &Row, caller: Caller) -> Value {
    let own = world.person(caller).unwrap_or(&world.owner);
    match row.operation().as_str() {
        "POST /api/users/signup/"
        | "POST /api/users/"
        | "POST /api/v1/users"
        | "POST /api/v1/users/register/"
        | "POST /api/v1/auth/register/" => world.registration(),
        "POST /api/token/" | "POST /api/login/" | "POST /api/v1/users/login/" => {
            json!({"username": world.owner.email, "password": world.owner.password})
        }
        "POST /api/v1/auth/login/" | "POST /api/v1/auth/login" => {
            json!({"email": world.owner.email, "password": world.owner.password})
        }
        "POST /api/users/change_email/" => json!({"email": own.email}),
        "POST /api/users/change_password/" => json!({"password": own.password}),
        "POST /api/v1/auth/change-password/" | "POST /api/v1/users/me/change-password/" => {
            json!({"old_password": own.password, "new_password": own.password,
                "confirm_password": own.password, "new_password_confirm": own.password})
        }
        "PUT /api/v1/auth/profile/" | "PATCH /api/v1/auth/profile/" => {
            json!({"email": own.email, "first_name": "Same", "last_name": "Person"})
        }
        "PATCH /souk/v1/store/me" => json!({"first_name": "Same"}),
        "PUT /api/v1/users/me/update/" | "PUT /api/v1/users/{user_id}" => {
            json!({"first_name": "Same"})
        }
        "POST /api/v1/auth/refresh/" | "POST /api/v1/users/token/refresh/" => {
            json!({"refresh": world.anew(&world.owner).await.refresh})
        }
        "POST /api/v1/users/token/verify/" => json!({"token": world.owner.access}),
        "POST /api/v1/users/reset-password/" => json!({"email": "nobody@souk.example"}),
        "POST /api/v1/users/reset-password/confirm/" => {
            json!({"new_password": "password456", "confirm_password": "password456"})
        }
        _ => Value::Null,
    }
}
