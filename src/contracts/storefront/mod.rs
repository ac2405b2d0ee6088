//! The storefront contract: log in by e-mail, JSON errors as its document prints them. Every
//! operation needs a token, except registration, log-in, refresh and the gateway's webhook.
//!
//! It shares some paths with platform (products, orders, log-in). On those it answers only with the
//! trailing slash.

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

/// The metadata of this contract for its OpenAPI description.
pub(super) const CONTRACT: Contract = Contract {
    name: "storefront",
    description_path: "/openapi/storefront.json",
    summary: "The most complete contract: accounts by e-mail, products, categories, carts, orders, \
          payments and reports.",
    text: "Register at `/api/v1/auth/register/`, log in at `/api/v1/auth/login/` and \
          send the `access_token` as `Authorization: Bearer …`; everything except \
          registration, log-in, refresh and the gateway's webhook needs it. Paths have a \
          trailing slash: without it, shared paths belong to the platform contract.",
};

/// A `PATCH` may leave out fields.
fn is_partial(method: &Method) -> bool {
    method == Method::PATCH
}
