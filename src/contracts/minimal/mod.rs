//! The minimal contract: log in by user name at `/api/login/`, one cart, an order made from it, a
//! payment with a payment method.
//!
//! Create Order and Process Payment share their paths with classic: `shared_paths` calls
//! [`create_order`] and [`process_payment`].

mod auth;
mod cart;
mod orders;
mod payments;
mod products;
mod refusals;
mod routes;
mod users;
mod wire;

use crate::app::App;
use crate::edge::openapi::Contract;
use crate::edge::{Answer, Call};
use std::sync::Arc;

pub(super) use routes::{create_order_described, process_payment_described, routes};

/// The metadata of this contract for its OpenAPI description.
pub(super) const CONTRACT: Contract = Contract {
    name: "minimal",
    description_path: "/openapi/minimal.json",
    summary: "Accounts by user name, one cart, orders from the cart.",
    text: "Register at `/api/users/`, log in at `/api/login/` and send the `token` as \
          `Authorization: Bearer …`. Fill the cart, order it by its `id`, and pay the \
          order with a payment method of the gateway.",
};

/// Create Order.
pub(super) async fn create_order(app: Arc<App>, call: Call) -> Answer {
    orders::create(app, call).await.unwrap_or_else(Into::into)
}

/// Process Payment.
pub(super) async fn process_payment(app: Arc<App>, call: Call) -> Answer {
    payments::process(app, call).await.unwrap_or_else(Into::into)
}
