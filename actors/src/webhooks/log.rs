//! The log of an endpoint: its deliveries, and the index of waiting ones.

use super::stored::{DELIVERIES, PROGRESS, WAITING};
use super::{Delivery, DeliveryState, LOG_MAX};
use crate::Failure;
use crate::store::{Direction, Read, Unit};
use std::ops::ControlFlow;

/// Writes a delivery and its index entry, and deletes old entries beyond the log's bound.
pub(super) fn put_delivery(
    unit: &Unit,
    endpoint: u64,
    sequence: u64,
    delivery: Delivery,
) -> Result<(), Failure> {
    let mut progress = unit.get(PROGRESS, &endpoint)?.unwrap_or_default();
    match unit.get(DELIVERIES, &(endpoint, sequence))?.map(|before| before.state) {
        None => progress.logged += 1,
        Some(DeliveryState::Waiting(due)) => {
            unit.delete(WAITING, &(endpoint, (due, sequence)))?;
            progress.waiting = progress.waiting.saturating_sub(1);
        }
        Some(_) => {}
    }
    if let DeliveryState::Waiting(due) = delivery.state {
        unit.put(WAITING, &(endpoint, (due, sequence)), &())?;
        progress.waiting += 1;
    }
    unit.put(DELIVERIES, &(endpoint, sequence), &delivery)?;
    if progress.logged > LOG_MAX + progress.waiting
        && let Some(oldest) = oldest_settled(unit, endpoint)?
    {
        unit.delete(DELIVERIES, &(endpoint, oldest))?;
        progress.logged -= 1;
    }
    Ok(unit.put(PROGRESS, &endpoint, &progress)?)
}

fn oldest_settled(unit: &Unit, endpoint: u64) -> Result<Option<u64>, Failure> {
    let mut oldest = None;
    unit.visit_under(DELIVERIES, &endpoint, Direction::Ascending, |sequence, delivery| {
        if matches!(delivery.state, DeliveryState::Waiting(_)) {
            return ControlFlow::Continue(());
        }
        oldest = Some(sequence);
        ControlFlow::Break(())
    })?;
    Ok(oldest)
}
