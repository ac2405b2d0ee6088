//! The services contract: seven services behind one door, singular nouns, carts for guests.
//!
//! Reading products is open to all; a guest is known by the key of their cart; other systems bring
//! a token of their own.

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

/// The description of this contract.
pub(super) const CONTRACT: Contract = Contract {
    name: "services",
    description_path: "/openapi/services.json",
    summary: "Seven services behind one door: products, carts for guests and users, orders, \
          users, payments.",
    text: "Products are open to read. A guest's cart goes by its key, which every answer about \
          the cart tells in `X-Cart-Key` and as a cookie; it is presented as that cookie, as the \
          header `X-Cart-Key`, or as `cart_key` in the query or the body. Logging in or \
          registering with it merges the cart into the user's. Other systems call with a token \
          of their own.",
};
