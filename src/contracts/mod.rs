//! The five contracts, one folder each, all alike inside: the routes in the document's order, the
//! wire types, the handlers, the wording of refusals. None imports another.

mod services;
mod storefront;

use crate::app::{self, App};
use crate::edge::Route;

/// Every route of every contract, and those of Souk's own.
pub(crate) fn routes() -> Vec<(&'static str, Vec<Route<App>>)> {
    vec![
        ("services", services::routes()),
        ("storefront", storefront::routes()),
        ("sandbox", app::sandbox_routes()),
        ("operations", app::routes()),
    ]
}
