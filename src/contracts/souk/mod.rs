//! Souk's own API, for features that the five documents lack: `/souk/v1/store/…` for shoppers,
//! `/souk/v1/admin/…` for administrators. It uses snake case, money as an integer of minor units
//! with its currency, times in RFC 3339, and errors as in RFC 9457.

mod admin_customers;
mod admin_orders;
mod admin_routes;
mod event_stream;
mod logs;
mod me;
mod my_addresses;
mod operations;
mod order_details;
mod pages;
mod readiness;
mod reference;
mod refunds;
mod refusals;
mod routes;
mod sandbox;
mod store_categories;
mod store_orders;
mod store_products;
mod store_routes;
mod webhook_endpoints;
mod wire;

use crate::edge::openapi::Contract;

pub(super) use routes::routes;

/// The metadata of this contract for its OpenAPI description.
pub(super) const CONTRACT: Contract = Contract {
    name: "souk",
    description_path: "/openapi/souk.json",
    summary: "Souk's own API: features that the five contracts lack.",
    text: "Money is an integer of minor units, with the currency. Times are RFC 3339 in UTC. \
           Lists take `limit` and `after`; send `next` as `after` to continue. A `-` before a word \
           of `sort` reverses the order. An object has a `version`, and its answer an `ETag`; send it \
           in `If-None-Match` to get 304 while it has not changed. PATCH is a merge patch \
           (RFC 7396), and with `If-Match` it changes only the version that you know. \
           Errors under `/souk/v1` are `application/problem+json` (RFC 9457) with a `code` for \
           programs, and with every wrong value under `errors`; also for an unknown path (404) and \
           for a method that a path does not have (405). \
           Administrators call `/souk/v1/admin` with their access token; shoppers call \
           `/souk/v1/store` with theirs, with the key of a guest's cart, or with the token of a \
           link from a mail.",
};
