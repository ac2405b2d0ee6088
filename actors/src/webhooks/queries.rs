//! Queries about endpoints, answered from a committed snapshot.

use super::stored::{DELIVERIES, ENDPOINTS, PROGRESS, WAITING};
use super::{Delivery, DeliveryState, ENDPOINTS_MAX, Endpoint, Progress};
use crate::check::Findings;
use crate::store::{Direction, Read, Snapshot, StoreError};
use souk_domain::UnixMillis;
use std::ops::ControlFlow;

/// Every endpoint, the oldest first.
///
/// # Errors
/// [`StoreError`].
pub fn endpoints(read: &impl Read) -> Result<Vec<(u64, Endpoint)>, StoreError> {
    read.range(ENDPOINTS, &0, None, Direction::Ascending, ENDPOINTS_MAX)
}

/// The active endpoints, oldest first.
///
/// # Errors
/// [`StoreError`].
pub fn active(read: &impl Read) -> Result<Vec<(u64, Endpoint)>, StoreError> {
    let all = endpoints(read)?;
    Ok(all.into_iter().filter(|(_, endpoint)| endpoint.is_active).collect())
}

/// The endpoint with this id.
///
/// # Errors
/// [`StoreError`].
pub fn endpoint(read: &impl Read, id: u64) -> Result<Option<Endpoint>, StoreError> {
    read.get(ENDPOINTS, &id)
}

/// The progress of an endpoint.
///
/// # Errors
/// [`StoreError`].
pub fn progress(read: &impl Read, id: u64) -> Result<Progress, StoreError> {
    Ok(read.get(PROGRESS, &id)?.unwrap_or_default())
}

/// A page of an endpoint's log, the latest event first, with the number of all entries.
///
/// # Errors
/// [`StoreError`].
pub fn deliveries(
    snapshot: &Snapshot,
    endpoint: u64,
    offset: u64,
    limit: usize,
) -> Result<(u64, Vec<(u64, Delivery)>), StoreError> {
    let mut count = 0_u64;
    let mut page = Vec::new();
    snapshot.visit_under(DELIVERIES, &endpoint, Direction::Descending, |sequence, delivery| {
        if count >= offset && page.len() < limit {
            page.push((sequence, delivery));
        }
        count += 1;
        ControlFlow::Continue(())
    })?;
    Ok((count, page))
}

/// One of an endpoint's deliveries.
///
/// # Errors
/// [`StoreError`].
pub fn delivery(
    read: &impl Read,
    endpoint: u64,
    sequence: u64,
) -> Result<Option<Delivery>, StoreError> {
    read.get(DELIVERIES, &(endpoint, sequence))
}

/// The first delivery of an endpoint that is due for a retry, and when.
///
/// # Errors
/// [`StoreError`].
pub fn next_due(read: &impl Read, endpoint: u64) -> Result<Option<(UnixMillis, u64)>, StoreError> {
    let first = read.under(WAITING, &endpoint, Direction::Ascending, 1)?;
    Ok(first.into_iter().next().map(|(due, ())| due))
}

/// The first row of the outbox that some endpoint still needs; `None` if none does.
pub(crate) fn first_row_needed(snapshot: &Snapshot) -> Result<Option<u64>, StoreError> {
    let mut first: Option<u64> = None;
    for (id, _) in active(snapshot)? {
        let mut needed = progress(snapshot, id)?.cursor.saturating_add(1);
        snapshot.visit_under(WAITING, &id, Direction::Ascending, |(_, sequence), ()| {
            needed = needed.min(sequence);
            ControlFlow::Continue(())
        })?;
        first = Some(first.map_or(needed, |first| first.min(needed)));
    }
    Ok(first)
}

/// Checks that the index has every waiting delivery, and that the counts are right.
pub(crate) fn check(snapshot: &Snapshot, findings: &mut Findings) -> Result<(), StoreError> {
    let mut waiting_in_all = 0;
    for (id, _) in endpoints(snapshot)? {
        let mut counted =
            Progress { cursor: progress(snapshot, id)?.cursor, ..Progress::default() };
        let mut due = Vec::new();
        snapshot.visit_under(DELIVERIES, &id, Direction::Ascending, |sequence, delivery| {
            counted.logged += 1;
            if let DeliveryState::Waiting(at) = delivery.state {
                due.push((at, sequence));
            }
            ControlFlow::Continue(())
        })?;
        for at in due {
            counted.waiting += 1;
            let is_listed = snapshot.get(WAITING, &(id, at))?.is_some();
            findings.require(is_listed, || {
                format!("delivery {} of endpoint {id} will not be retried", at.1)
            });
        }
        waiting_in_all += counted.waiting;
        let stored = progress(snapshot, id)?;
        findings.require(stored == counted, || {
            format!("endpoint {id}: {stored:?} should be {counted:?}")
        });
    }
    let agrees = snapshot.count(WAITING)? == waiting_in_all;
    findings.require(agrees, || "stray entries of waiting deliveries".into());
    Ok(())
}
