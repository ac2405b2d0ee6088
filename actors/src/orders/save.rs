//! Saves a changed order: its row, its indexes, the totals, and the event if there is one.

use super::publish::append_event;
use super::stored::{BY_EXPIRY, ORDERS};
use super::{Order, crm, leaving, totals, unpaid};
use crate::Failure;
use crate::outbox::OrderEvent;
use crate::store::Unit;
use souk_domain::OrderId;

/// Saves a changed order, and publishes the event of the change.
pub(super) fn save_and_publish(
    unit: &Unit,
    id: OrderId,
    before: &Order,
    after: &mut Order,
    what: OrderEvent,
) -> Result<(), Failure> {
    after.version = before.version + 1;
    crm::schedule_if_completed(unit, id, after, what)?;
    save(unit, id, before, after)?;
    let previous_status = (before.status != after.status).then_some(before.status);
    append_event(unit, id, after, what, previous_status)
}

/// Saves a change that is not published.
pub(super) fn save(
    unit: &Unit,
    id: OrderId,
    before: &Order,
    after: &mut Order,
) -> Result<(), Failure> {
    after.updated_at = unit.now();
    leaving::wipe_if_done(unit, id, after)?;
    unit.put(ORDERS, &id, after)?;
    if before.expires_at != after.expires_at {
        if let Some(expires_at) = before.expires_at {
            unit.delete(BY_EXPIRY, &(expires_at, id))?;
        }
        if let Some(expires_at) = after.expires_at {
            unit.put(BY_EXPIRY, &(expires_at, id), &())?;
        }
    }
    unpaid::relist(unit, id, Some(before), Some(after))?;
    totals::recount(unit, Some(before), Some(after))
}
