//! The storefront document, operation by operation: its requests, its answers field by field and type by type, and its
//! refusals word for word. Behaviour beyond the document is tested in the other files of this contract.

mod accounts;
mod cart;
mod catalog;
mod orders;

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
