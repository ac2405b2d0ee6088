//! Queries about orders that the CRM has not accepted yet.

use super::CrmDelivery;
use crate::check::Findings;
use crate::orders::CrmSync;
use crate::orders::stored::{CRM, CRM_DUE, CRM_WANTED, ORDERS};
use crate::store::{Direction, Read, Snapshot, StoreError};
use souk_domain::{OrderId, UnixMillis};
use std::ops::ControlFlow;

/// True if a CRM is configured, so that completed orders wait for it.
///
/// # Errors
/// [`StoreError`].
pub fn crm_is_configured(read: &impl Read) -> Result<bool, StoreError> {
    Ok(read.get(CRM_WANTED, &0)?.is_some())
}

/// The next orders to send to the CRM, the longest due first, at most `limit`. Some may be due
/// later than now.
///
/// # Errors
/// [`StoreError`].
pub fn crm_due(
    snapshot: &Snapshot,
    limit: usize,
) -> Result<Vec<(OrderId, CrmDelivery)>, StoreError> {
    let first = (UnixMillis::new(0), OrderId::new(1).expect("1 is an id"));
    let mut rows = Vec::new();
    for ((_, id), ()) in snapshot.range(CRM_DUE, &first, None, Direction::Ascending, limit)? {
        if let Some(delivery) = snapshot.get(CRM, &id)? {
            rows.push((id, delivery));
        }
    }
    Ok(rows)
}

/// Orders after `after` that the CRM did not accept within a day, at most `limit`.
///
/// # Errors
/// [`StoreError`].
pub fn crm_failed(
    snapshot: &Snapshot,
    after: Option<OrderId>,
    limit: usize,
) -> Result<Vec<OrderId>, StoreError> {
    let Some(first) = OrderId::new(after.map_or(0, OrderId::get) + 1) else {
        return Ok(Vec::new());
    };
    let mut failed = Vec::new();
    snapshot.visit(CRM, &first, None, Direction::Ascending, |id, delivery| {
        if delivery.next_try.is_none() {
            failed.push(id);
        }
        if failed.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(failed)
}

/// Checks that an order is `pending` or `failed` exactly if its row is, and that the index has
/// every due order.
pub(in crate::orders) fn check(
    snapshot: &Snapshot,
    findings: &mut Findings,
) -> Result<u64, StoreError> {
    let first = OrderId::new(1).expect("1 is an id");
    let mut rows = Vec::new();
    snapshot.visit(CRM, &first, None, Direction::Ascending, |id, delivery| {
        rows.push((id, delivery));
        ControlFlow::Continue(())
    })?;
    let mut due = 0;
    for (id, delivery) in &rows {
        let stored = snapshot.get(ORDERS, id)?.and_then(|order| order.crm_sync);
        let sync = if delivery.next_try.is_some() { CrmSync::Pending } else { CrmSync::Failed };
        findings.require(stored == Some(sync), || {
            format!("order {id} has the wrong CRM state {stored:?}")
        });
        if let Some(next_try) = delivery.next_try {
            due += 1;
            let is_listed = snapshot.get(CRM_DUE, &(next_try, *id))?.is_some();
            findings.require(is_listed, || format!("order {id} will not be sent to the CRM"));
        }
    }
    let agrees = snapshot.count(CRM_DUE)? == due;
    findings.require(agrees, || "stray entries of orders due for the CRM".into());
    Ok(rows.len().try_into().unwrap_or(u64::MAX))
}
