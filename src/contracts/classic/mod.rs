//! The classic contract: log in by user name at `/api/token/`, orders as lists of products, a
//! payment that is initiated and finalized.
//!
//! Create Order and Initiate Payment share their paths with minimal: `shared_paths` calls
//! [`create_order`] and [`initiate_payment`].

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

pub(super) use routes::{create_order_described, initiate_payment_described, routes};

/// The metadata of this contract for its OpenAPI description.
pub(super) const CONTRACT: Contract = Contract {
    name: "classic",
    description_path: "/openapi/classic.json",
    summary: "Accounts by user name, orders as lists of products, payments in two steps.",
    text: "Sign up at `/api/users/signup/`, log in at `/api/token/` and send the \
          `access` token as `Authorization: Bearer …`. An order lists a product once \
          for each unit. A payment is initiated with the order's total, then finalized.",
};

/// 8. Create Order.
pub(super) async fn create_order(app: Arc<App>, call: Call) -> Answer {
    orders::create(app, call).await.unwrap_or_else(Into::into)
}

/// 12. Initiate Payment.
pub(super) async fn initiate_payment(app: Arc<App>, call: Call) -> Answer {
    payments::initiate(app, call).await.unwrap_or_else(Into::into)
}
