//! The services contract: seven services behind one gateway, singular nouns, carts for guests.
//!
//! Anybody may read products. A guest is identified by the key of a cart. Other systems send a
//! token of their own.

mod callers;
mod cart;
mod categories;
mod descriptions;
mod orders;
mod password;
mod payments;
mod products;
mod profile;
mod refusals;
mod routes;
mod tokens;
mod users;
mod wire;

use crate::edge::openapi::Contract;

pub(super) use routes::routes;

/// The metadata of this contract for its OpenAPI description.
pub(super) const CONTRACT: Contract = Contract {
    name: "services",
    description_path: "/openapi/services.json",
    summary: "Seven services behind one gateway: products, carts for guests and users, orders, \
          users, payments.",
    text: "Anybody may read products. A guest's cart is identified by its key. Every answer about \
          the cart returns the key in `X-Cart-Key` and as a cookie. Send it as that cookie, as the \
          header `X-Cart-Key`, or as `cart_key` in the query or the body. Logging in or \
          registering with it merges the cart into the user's. Other systems send a token of their \
          own.",
};
