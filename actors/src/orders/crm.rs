//! What the CRM still has to hear of. A row is written in the turn that completes the order, so
//! that no crash loses it; whoever carries it out reports each try in a turn of its own.

use super::rows::{CRM, CRM_DUE, CRM_WANTED, ORDERS};
use super::{CrmSync, Order, Orders, write};
use crate::Failure;
use crate::check::Findings;
use crate::outbox::OrderEvent;
use crate::owner::Command;
use crate::store::{Direction, Read, Row, Snapshot, StoreError, Unit};
use serde::{Deserialize, Serialize};
use souk_domain::{Missing, OrderId, Refusal, StockHolding, UnixMillis};
use std::ops::ControlFlow;

/// A completed order that the CRM has not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrmDelivery {
    /// The version of the event that completed the order; part of the message's id.
    pub version: u64,
    /// Tries so far.
    pub tries: u32,
    /// When the CRM was first to hear of it, or an operator had it sent again.
    pub since: UnixMillis,
    /// When to try next; `None` once it is given up.
    pub next_try: Option<UnixMillis>,
}

impl Row for CrmDelivery {}

/// Notes how a try to send an order to the CRM went. Does nothing if the try was about an earlier
/// completion of the order, or nobody waits for it any more.
#[derive(Clone, Debug)]
pub struct RecordCrmTry {
    /// The order.
    pub id: OrderId,
    /// The version of the completion that was sent; a later one is still to be sent.
    pub version: u64,
    /// How it went.
    pub outcome: CrmTry,
}

/// How a try went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrmTry {
    /// The CRM took it.
    Taken,
    /// It did not, and is asked again at this time.
    Again(UnixMillis),
    /// It did not, and is not asked again.
    GivenUp,
}

impl Command for RecordCrmTry {
    type Owner = Orders;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Orders) -> Result<(), Failure> {
        let Self { id, version, outcome } = self;
        let Some(delivery) = unit.get(CRM, &id)? else { return Ok(()) };
        let Some(before) = unit.get(ORDERS, &id)? else { return Ok(()) };
        if delivery.version != version || delivery.next_try.is_none() {
            return Ok(());
        }
        let tries = delivery.tries.saturating_add(1);
        let (delivery, sync) = match outcome {
            CrmTry::Taken => (None, CrmSync::Success),
            CrmTry::Again(at) => {
                (Some(CrmDelivery { tries, next_try: Some(at), ..delivery }), CrmSync::Pending)
            }
            CrmTry::GivenUp => {
                (Some(CrmDelivery { tries, next_try: None, ..delivery }), CrmSync::Failed)
            }
        };
        put(unit, id, delivery)?;
        if before.crm_sync != Some(sync) {
            let mut after = before.clone();
            after.crm_sync = Some(sync);
            write::put_silently(unit, id, &before, &mut after)?;
        }
        Ok(())
    }
}

/// Has a completed order sent to the CRM again, under the id it had; one that was completed before
/// there was a CRM is sent for the first time. Refuses an order that was never completed.
#[derive(Clone, Debug)]
pub struct ReplayCrm {
    /// The order.
    pub id: OrderId,
}

impl Command for ReplayCrm {
    type Owner = Orders;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Orders) -> Result<(), Failure> {
        let Self { id } = self;
        let before = unit.get(ORDERS, &id)?.ok_or(Refusal::NotFound(Missing::Order))?;
        let mut after = before.clone();
        if after.crm_version == 0 {
            if !before.is_paid && before.status.holding() != StockHolding::Sold {
                return Err(Refusal::NotFound(Missing::Order).into());
            }
            after.crm_version = before.version;
        }
        schedule(unit, id, &mut after)?;
        write::put_silently(unit, id, &before, &mut after)
    }
}

/// Notes whether there is a CRM: only then do completed orders wait for it.
#[derive(Clone, Debug)]
pub struct WantCrm {
    /// Whether there is one.
    pub is_wanted: bool,
}

impl Command for WantCrm {
    type Owner = Orders;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Orders) -> Result<(), Failure> {
        if self.is_wanted {
            unit.put(CRM_WANTED, &0, &())?;
        } else {
            unit.delete(CRM_WANTED, &0)?;
        }
        Ok(())
    }
}

/// Writes down that the CRM must hear of an order, if it is completed by this and there is a CRM.
/// The caller writes the order.
pub(super) fn note(
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

fn schedule(unit: &Unit, id: OrderId, order: &mut Order) -> Result<(), Failure> {
    order.crm_sync = Some(CrmSync::Pending);
    let (version, now) = (order.crm_version, unit.now());
    let delivery = CrmDelivery { version, tries: 0, since: now, next_try: Some(now) };
    Ok(put(unit, id, Some(delivery))?)
}

/// Writes the row of an order, or that there is none any more, with its index.
fn put(unit: &Unit, id: OrderId, delivery: Option<CrmDelivery>) -> Result<(), StoreError> {
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

/// The order is deleted: nobody needs to hear of it any more.
pub(super) fn forget(unit: &Unit, id: OrderId) -> Result<(), StoreError> {
    put(unit, id, None)
}

/// Whether completed orders wait for a CRM.
///
/// # Errors
/// [`StoreError`].
pub fn crm_is_wanted(read: &impl Read) -> Result<bool, StoreError> {
    Ok(read.get(CRM_WANTED, &0)?.is_some())
}

/// What the CRM is to hear next, the longest due first, at most `limit`; some of it later than now.
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

/// Orders after `after` that the CRM did not take in a day, at most `limit`.
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

/// An order says `pending` or `failed` exactly if its row does, and what is due is in the index.
pub(super) fn check(snapshot: &Snapshot, findings: &mut Findings) -> Result<u64, StoreError> {
    let first = OrderId::new(1).expect("1 is an id");
    let mut rows = Vec::new();
    snapshot.visit(CRM, &first, None, Direction::Ascending, |id, delivery| {
        rows.push((id, delivery));
        ControlFlow::Continue(())
    })?;
    let mut due = 0;
    for (id, delivery) in &rows {
        let said = snapshot.get(ORDERS, id)?.and_then(|order| order.crm_sync);
        let sync = if delivery.next_try.is_some() { CrmSync::Pending } else { CrmSync::Failed };
        findings.require(said == Some(sync), || format!("order {id} misjudges the CRM: {said:?}"));
        if let Some(next_try) = delivery.next_try {
            due += 1;
            let is_listed = snapshot.get(CRM_DUE, &(next_try, *id))?.is_some();
            findings.require(is_listed, || format!("the CRM will not hear of order {id}"));
        }
    }
    let agrees = snapshot.count(CRM_DUE)? == due;
    findings.require(agrees, || "stray entries of what the CRM is to hear".into());
    Ok(rows.len().try_into().unwrap_or(u64::MAX))
}
