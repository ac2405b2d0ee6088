//! The platform contract: no trailing slash, log in by e-mail, numbers for money.
//!
//! It shares some paths with storefront (products, orders, log-in). On those it answers only
//! without the trailing slash.

mod auth;
mod orders;
mod products;
mod refusals;
mod routes;
mod users;
mod wire;

use crate::edge::openapi::Contract;

pub(super) use routes::routes;

/// The metadata of this contract for its OpenAPI description.
pub(super) const CONTRACT: Contract = Contract {
    name: "platform",
    description_path: "/openapi/platform.json",
    summary: "Accounts by e-mail, paths without a trailing slash, prices as numbers.",
    text: "Register at `/api/v1/users`, log in at `/api/v1/auth/login` and send \
          the `token` as `Authorization: Bearer …`. Paths have no trailing slash: with one, \
          shared paths belong to the storefront contract.",
};
