//! The five contracts and Souk's own API, one folder each with the same parts: the routes in the
//! order of the document, the wire types, the handlers, the wording of refusals. No contract
//! imports another.

#[cfg(test)]
mod access;
mod classic;
#[cfg(test)]
mod coverage;
mod minimal;
mod platform;
mod services;
mod shared_paths;
mod souk;
mod storefront;

use crate::app::App;
use crate::edge::Route;
use crate::edge::openapi::Contract;

/// The five contracts and Souk's own API, for their OpenAPI descriptions.
pub(crate) const CONTRACTS: [Contract; 6] = [
    classic::CONTRACT,
    minimal::CONTRACT,
    services::CONTRACT,
    storefront::CONTRACT,
    platform::CONTRACT,
    souk::CONTRACT,
];

/// The root of Souk's own API. The addresses that operators and monitoring know are outside it.
pub(crate) const SOUK_ROOT: &str = "/souk/v1";

/// The routes of all contracts and of Souk's own API.
pub(crate) fn routes() -> Vec<(&'static str, Vec<Route<App>>)> {
    let mut routes = vec![
        ("classic", classic::routes()),
        ("minimal", minimal::routes()),
        ("classic and minimal", shared_paths::routes()),
        ("services", services::routes()),
        ("storefront", storefront::routes()),
        ("platform", platform::routes()),
    ];
    routes.extend(souk::routes());
    routes
}
