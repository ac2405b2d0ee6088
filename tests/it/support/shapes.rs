//! The exact shapes that the storefront document prints: no key more, no key less, every value with its JSON type.

use serde_json::{Value, json};

/// Fails unless `value` has exactly this shape. Leaves of a shape are type names: `id`, `count`, `text`, `time`,
/// `money` (a decimal string), `number`, `token`, `url?` and `text?` (or null), `order number`; an array of one
/// shape is any number of them.
#[track_caller]
pub(crate) fn expect(value: &Value, shape: &Value) {
    let mut wrong = Vec::new();
    compare("", value, shape, &mut wrong);
    assert!(wrong.is_empty(), "not the printed shape: {}\n  {value:#}", wrong.join("; "));
}

fn compare(path: &str, value: &Value, shape: &Value, wrong: &mut Vec<String>) {
    match (shape, value) {
        (Value::Object(fields), Value::Object(found)) => {
            for (name, inner) in fields {
                match found.get(name) {
                    Some(value) => compare(&format!("{path}.{name}"), value, inner, wrong),
                    None => wrong.push(format!("{path}.{name} is missing")),
                }
            }
            for name in found.keys().filter(|name| !fields.contains_key(*name)) {
                wrong.push(format!("{path}.{name} is not printed"));
            }
        }
        (Value::Array(inner), Value::Array(found)) => {
            for (index, value) in found.iter().enumerate() {
                compare(&format!("{path}[{index}]"), value, &inner[0], wrong);
            }
        }
        (Value::String(kind), value) if is_a(kind, value) => {}
        (shape, value) => wrong.push(format!("{path} should be {shape}, is {value}")),
    }
}

fn is_a(kind: &str, value: &Value) -> bool {
    if let Some(kind) = kind.strip_suffix('?') {
        return value.is_null() || is_a(kind, value);
    }
    match kind {
        "id" => value.as_i64().is_some_and(|id| id > 0),
        "count" => value.is_u64(),
        "number" => value.is_number(),
        "text" => value.is_string(),
        "bool" => value.is_boolean(),
        "time" => value.as_str().is_some_and(is_time),
        "money" => value.as_str().is_some_and(is_money),
        "url" => value
            .as_str()
            .is_some_and(|text| text.starts_with("http://") || text.starts_with("https://")),
        "token" => value.as_str().is_some_and(|text| text.split('.').count() == 3),
        "order number" => {
            value.as_str().and_then(|text| text.strip_prefix("ORD-")).is_some_and(|digits| {
                !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
            })
        }
        other => panic!("no such kind of value: {other}"),
    }
}

fn is_money(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once('.')
        .is_some_and(|(whole, cents)| digits(whole) && digits(cents) && cents.len() == 2)
}

fn is_time(text: &str) -> bool {
    text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok()
}

pub(crate) fn session() -> Value {
    json!({"message": "text", "data": {"access_token": "token", "refresh_token": "token",
        "user": {"id": "id", "email": "text", "user_type": "text"}}})
}

pub(crate) fn profile() -> Value {
    json!({"id": "id", "email": "text", "username": "text", "first_name": "text", "last_name": "text",
        "user_type": "text", "date_joined": "time"})
}

pub(crate) fn category() -> Value {
    json!({"id": "id", "name": "text", "slug": "text", "description": "text"})
}

pub(crate) fn product() -> Value {
    let mut shape = product_of_a_line();
    shape["category_id"] = "id".into();
    shape
}

/// Inside carts and orders the document prints products without `category_id`.
fn product_of_a_line() -> Value {
    json!({"id": "id", "name": "text", "slug": "text", "description": "text", "category": category(),
        "price": "money", "stock_quantity": "count", "image": "url?", "created_at": "time", "updated_at": "time"})
}

/// A line of a cart or an order.
pub(crate) fn item() -> Value {
    json!({"id": "id", "product": product_of_a_line(), "quantity": "count", "price": "money", "subtotal": "money",
        "created_at": "time"})
}

pub(crate) fn cart() -> Value {
    json!({"id": "id", "items": [item()], "total_amount": "money", "created_at": "time", "updated_at": "time"})
}

pub(crate) fn order() -> Value {
    json!({"id": "id", "order_number": "order number", "customer": "id", "customer_email": "text",
        "total_amount": "money", "status": "text", "shipping_address": "text", "billing_address": "text",
        "items": [item()], "stripe_payment_intent_id": "text?", "client_secret": "text?", "crm_sync_status": "text?",
        "created_at": "time", "updated_at": "time"})
}

pub(crate) fn payment() -> Value {
    json!({"client_secret": "text", "payment_intent_id": "text"})
}

pub(crate) fn confirmed() -> Value {
    json!({"message": "text", "order": order()})
}

pub(crate) fn page_of(inner: Value) -> Value {
    json!({"count": "count", "next": "url?", "previous": "url?", "results": [inner]})
}

pub(crate) fn report() -> Value {
    json!({"total_orders": "count", "total_revenue": "number", "paid_orders": "count", "pending_orders": "count"})
}
