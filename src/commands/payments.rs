//! `souk payments reconcile`: our books and the gateway's, side by side, while the shop is closed.

use super::CommandError;
use crate::adapters::{self, AdapterError};
use crate::settings::Settings;
use clap::Subcommand;
use souk_actors::journeys::paying::{self, Reconciled};
use souk_actors::{Failure, Shop};
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum Payments {
    /// Ask the gateway about every open payment and every refund that is due, and book what it
    /// says. A line per difference; fails if something could not be settled. Shop closed.
    Reconcile,
}

/// Why the books could not be compared.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PaymentsError {
    #[error("the books cannot be compared")]
    Books(#[source] Failure),
    #[error(transparent)]
    Gateway(#[from] AdapterError),
}

pub(super) async fn run(
    Payments::Reconcile: Payments,
    settings: &Settings,
) -> Result<ExitCode, CommandError> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    settings.require_buildable()?;
    let shop = Shop::open(&settings.data, settings.shop()).await?;
    let shop = adapters::with_gateway(shop, settings.stripe()?)
        .map_err(|error| PaymentsError::Gateway(error.into()))?;
    let result = paying::reconcile(&shop, |line| println!("{line}")).await;
    shop.close().await;
    let Reconciled { asked, settled, unsettled } = result.map_err(PaymentsError::Books)?;
    println!("{asked} payments compared, {settled} differences settled, {unsettled} not settled");
    Ok(if unsettled == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
