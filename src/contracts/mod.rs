//! The five contracts, one folder each, all alike inside: the routes in the document's order, the
//! wire types, the handlers, the wording of refusals. None imports another.

#[cfg(test)]
mod access;
mod classic;
#[cfg(test)]
mod coverage;
mod minimal;
mod platform;
mod services;
mod shared_paths;
mod storefront;

use crate::app::{self, App};
use crate::edge::Route;
use crate::edge::openapi::Contract;

/// The five contracts.
pub(crate) const CONTRACTS: [Contract; 5] = [
    classic::CONTRACT,
    minimal::CONTRACT,
    services::CONTRACT,
    storefront::CONTRACT,
    platform::CONTRACT,
];

/// Every route of every contract, and those of Souk's own.
pub(crate) fn routes() -> Vec<(&'static str, Vec<Route<App>>)> {
    vec![
        ("classic", classic::routes()),
        ("minimal", minimal::routes()),
        ("classic and minimal", shared_paths::routes()),
        ("services", services::routes()),
        ("storefront", storefront::routes()),
        ("platform", platform::routes()),
        ("refunds", app::refund_routes()),
        ("sandbox", app::sandbox_routes()),
        ("operations", app::routes()),
    ]
}
