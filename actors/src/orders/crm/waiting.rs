//! The rows of completed orders that the CRM has not accepted, with their index.

use super::CrmDelivery;
use crate::Failure;
use crate::orders::stored::{CRM, CRM_DUE, CRM_WANTED};
use crate::orders::{CrmSync, Order};
use crate::outbox::OrderEvent;
use crate::store::{Read, StoreError, Unit};
use souk_domain::OrderId;

/// Schedules an order for the CRM, if this event completes it and a CRM is configured. The caller
/// saves the order.
pub(in crate::orders) fn schedule_if_completed(
    unit: &Unit,
    id: OrderId,
    order: &mut Order,
    what: OrderEvent,
) -> Result<(), Failure> {
    let completes = matches!(what, OrderEvent::Paid | OrderEvent::Completed);
    if !completes || unit.get(CRM_WANTED, &0)?.is_none() {
        return Ok(());
    }
    order.crm_version = order.version;
    schedule(unit, id, order)
}

/// Schedules an order to be sent at once. The caller saves the order.
pub(super) fn schedule(unit: &Unit, id: OrderId, order: &mut Order) -> Result<(), Failure> {
    order.crm_sync = Some(CrmSync::Pending);
    let (version, now) = (order.crm_version, unit.now());
    let delivery = CrmDelivery { version, tries: 0, since: now, next_try: Some(now) };
    Ok(put(unit, id, Some(delivery))?)
}

/// Writes or deletes the row of an order, with its index.
pub(super) fn put(
    unit: &Unit,
    id: OrderId,
    delivery: Option<CrmDelivery>,
) -> Result<(), StoreError> {
    let before = unit.get(CRM, &id)?;
    if let Some(due) = before.and_then(|before| before.next_try) {
        unit.delete(CRM_DUE, &(due, id))?;
    }
    match delivery {
        Some(delivery) => {
            unit.put(CRM, &id, &delivery)?;
            if let Some(due) = delivery.next_try {
                unit.put(CRM_DUE, &(due, id), &())?;
            }
        }
        None if before.is_some() => {
            unit.delete(CRM, &id)?;
        }
        None => {}
    }
    Ok(())
}

/// Removes a deleted order from the schedule.
pub(in crate::orders) fn unschedule(unit: &Unit, id: OrderId) -> Result<(), StoreError> {
    put(unit, id, None)
}
