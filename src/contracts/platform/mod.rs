//! The platform contract: no trailing slash, log in by e-mail, numbers for money.
//!
//! On what it shares with storefront (products, orders, log-in) it answers only without the slash.

mod auth;
mod orders;
mod products;
mod refusals;
mod routes;
mod users;
mod wire;

use crate::edge::openapi::Contract;

pub(super) use routes::routes;

/// The description of this contract.
pub(super) const CONTRACT: Contract = Contract {
    name: "platform",
    description_path: "/openapi/platform.json",
    summary: "Accounts by e-mail, paths without a trailing slash, prices as numbers.",
    text: "Register at `/api/v1/users`, log in at `/api/v1/auth/login` and send \
          the `token` as `Authorization: Bearer …`. Mind the missing slash: with it, \
          shared paths are the storefront contract's.",
};
