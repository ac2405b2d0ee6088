//! Assembles the application and every contract. The only file that sees both.

use crate::adapters::AdapterStatus;
use crate::app::{App, AppSettings, Reading};
use crate::contracts;
use crate::edge::openapi::{self, Contract};
use crate::edge::{Router, RouterError};
use crate::logs::Archive;
use souk_actors::Shop;
use souk_domain::Currency;
use std::sync::Arc;

/// The contracts that have an OpenAPI description.
pub(crate) const CONTRACTS: &[Contract] = &contracts::CONTRACTS;

/// Assembles the application.
///
/// # Errors
/// If two routes answer the same request.
pub(crate) fn application(
    shop: Shop,
    settings: AppSettings,
    adapters: AdapterStatus,
    archive: Archive,
    reading: Reading,
) -> Result<Arc<App>, RouterError> {
    let router = Router::new(contracts::routes())?.with_problems_under(contracts::SOUK_ROOT);
    Ok(App::new(shop, settings, adapters, archive, reading, router, CONTRACTS))
}

/// The description of a contract, without an open shop. `base_url` is the shop's address.
///
/// # Errors
/// If two routes answer the same request.
pub(crate) fn description(
    contract: &Contract,
    base_url: String,
    currency: Currency,
) -> Result<openapi::Document, RouterError> {
    let router = Router::<App>::new(contracts::routes())?;
    Ok(openapi::document(contract, router.operations(), base_url, currency))
}
