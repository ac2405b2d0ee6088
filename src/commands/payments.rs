//! `souk payments reconcile`: compares our books with the gateway's, while the shop is closed.

use super::{CommandError, print_json};
use crate::gateways;
use crate::settings::Settings;
use clap::Subcommand;
use serde_json::json;
use souk_actors::journeys::paying::{self, Reconciled};
use souk_actors::{Failure, Shop};
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum Payments {
    /// Ask the gateway about every open payment and every refund that is due, and book its
    /// answers. A line per difference; fails if something could not be settled. Shop closed.
    Reconcile {
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
}

/// Why the books could not be compared.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PaymentsError {
    #[error("the books cannot be compared")]
    Books(#[source] Failure),
    #[error(transparent)]
    Gateway(#[from] souk_stripe::SetUpError),
}

pub(super) async fn run(
    Payments::Reconcile { json: as_json }: Payments,
    settings: &Settings,
) -> Result<ExitCode, CommandError> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    settings.warn_of_what_has_no_effect();
    let shop = Shop::open(settings.place(), settings.shop()).await?;
    let shop = gateways::with_gateway(shop, settings.stripe()).map_err(PaymentsError::Gateway)?;
    let mut differences = Vec::new();
    let result = paying::reconcile(&shop, |line| match as_json {
        true => differences.push(json!({
            "payment": line.payment.get(),
            "here": line.here,
            "there": line.there,
            "done": line.done,
        })),
        false => println!("{line}"),
    });
    let result = result.await;
    shop.close().await;
    let Reconciled { asked, settled, unsettled } = result.map_err(PaymentsError::Books)?;
    match as_json {
        true => print_json(&json!({
            "compared": asked,
            "settled": settled,
            "unsettled": unsettled,
            "differences": differences,
        }))?,
        false => println!(
            "{asked} payments compared, {settled} differences settled, {unsettled} not settled"
        ),
    }
    Ok(if unsettled == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
