//! Souk's own API, for features that the five documents lack: `/souk/v1/store/…` for shoppers,
//! `/souk/v1/admin/…` for administrators. It uses snake case, money as an integer of minor units
//! with its currency, times in RFC 3339, and errors as in RFC 9457.

mod admin_orders;
mod event_stream;
mod logs;
mod operations;
mod pages;
mod readiness;
mod reference;
mod refunds;
mod refusals;
mod routes;
mod sandbox;
mod store_orders;
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
           Errors under `/souk/v1` are `application/problem+json` (RFC 9457) with a `code` for \
           programs, also for an unknown path (404) and for a method that a path does not have \
           (405). \
           Administrators call `/souk/v1/admin` with their access token; shoppers call \
           `/souk/v1/store` with theirs, with the key of a guest's cart, or with the token of a \
           link from a mail.",
};
