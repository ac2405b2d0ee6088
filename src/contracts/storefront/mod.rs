//! The storefront contract: log in by e-mail, JSON errors as its document prints them, a token
//! for everything but registering, logging in, refreshing and the gateway's webhook.
//!
//! On what it shares with platform (products, orders, log-in) it answers only with the slash.

mod auth;
mod callers;
mod cart;
mod categories;
mod orders;
mod payments;
mod products;
mod profile;
mod refusals;
mod reports;
mod routes;
mod webhook;
mod wire;

pub(super) use routes::routes;

use crate::edge::openapi::Contract;
use http::Method;

/// The description of this contract.
pub(super) const CONTRACT: Contract = Contract {
    name: "storefront",
    description_path: "/openapi/storefront.json",
    summary: "The fullest one: accounts by e-mail, products, categories, carts, orders, \
          payments and reports.",
    text: "Register at `/api/v1/auth/register/`, log in at `/api/v1/auth/login/` and \
          send the `access_token` as `Authorization: Bearer …`; everything but \
          registering, logging in, refreshing and the gateway's webhook needs it. Mind \
          the trailing slash: without it, shared paths are the platform contract's.",
};

/// A `PATCH` may leave fields out.
fn is_partial(method: &Method) -> bool {
    method == Method::PATCH
}
