//! `souk crm replay`: queues completed orders for the CRM again, while the shop is closed. The next
//! start sends them.

use super::CommandError;
use crate::settings::Settings;
use clap::{Args, Subcommand};
use souk_actors::orders::{self};
use souk_actors::{Failure, Shop};
use souk_domain::{OrderId, Refusal};
use std::process::ExitCode;

/// Orders that are queued in one turn.
const MAX_PER_READ: usize = 200;

#[derive(Debug, Subcommand)]
pub(super) enum Crm {
    /// Send completed orders again with the next start; without options, those given up.
    Replay(Replay),
}

#[derive(Debug, Args)]
pub(super) struct Replay {
    /// This order, whatever its state.
    #[arg(long, value_name = "ID", conflicts_with = "failed", value_parser = order_id)]
    order: Option<OrderId>,
    /// Every order that was given up.
    #[arg(long)]
    failed: bool,
}

/// Why no order was queued.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CrmError {
    #[error("order {0} is not there, or was never completed")]
    NoOrder(OrderId),
    #[error("the orders could not be queued")]
    Shop(#[source] Failure),
}

fn order_id(text: &str) -> Result<OrderId, String> {
    OrderId::parse(text).ok_or_else(|| "an order's id is a number from 1".to_owned())
}

pub(super) async fn run(crm: Crm, settings: &Settings) -> Result<ExitCode, CommandError> {
    let Crm::Replay(replay) = crm;
    let shop = Shop::open(settings.place(), settings.shop()).await?;
    let queued = queue(&shop, &replay).await;
    shop.close().await;
    match queued? {
        0 => eprintln!("there is no such order; nothing will be sent"),
        1 => println!("1 order will be sent to the CRM with the next start"),
        queued => println!("{queued} orders will be sent to the CRM with the next start"),
    }
    Ok(ExitCode::SUCCESS)
}

async fn queue(shop: &Shop, options: &Replay) -> Result<usize, CrmError> {
    if let Some(order) = options.order {
        return match replay(shop, order).await {
            Ok(()) => Ok(1),
            Err(Failure::Refused(Refusal::NotFound(_))) => Err(CrmError::NoOrder(order)),
            Err(failure) => Err(CrmError::Shop(failure)),
        };
    }
    let (mut queued, mut last) = (0, None);
    loop {
        let snapshot = shop.store.snapshot();
        let failed = orders::crm_failed(&snapshot, last, MAX_PER_READ);
        let failed = failed.map_err(|error| CrmError::Shop(error.into()))?;
        if failed.is_empty() {
            return Ok(queued);
        }
        for order in failed {
            replay(shop, order).await.map_err(CrmError::Shop)?;
            (queued, last) = (queued + 1, Some(order));
        }
    }
}

async fn replay(shop: &Shop, id: OrderId) -> Result<(), Failure> {
    shop.turn(move |turn| async move { turn.ask(orders::ReplayCrm { id }).await }).await
}
