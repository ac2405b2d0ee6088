//! Queries about orders, answered from a committed snapshot or within a turn.

use super::lists::OrderLists;
use super::order::Counted;
use super::stored::{BY_CUSTOMER, BY_EXPIRY, GONE, ORDERS, SUMMARY, TO_FORGET};
use super::{CrmSync, Order, OrderSummary, crm, leaving, unpaid};
use crate::catalog::TakenStock;
use crate::check::Findings;
use crate::store::{Direction, Read, Snapshot, StoreError, Unit};
use crate::{Failure, users};
use souk_domain::{Missing, Money, OrderId, Refusal, StockHolding, UnixMillis, UserId};
use std::ops::ControlFlow;

/// The order with this id, unless it was deleted.
///
/// # Errors
/// [`StoreError`].
pub fn order(read: &impl Read, id: OrderId) -> Result<Option<Order>, StoreError> {
    read.get(ORDERS, &id)
}

/// The order as of this turn. Rejects one that was deleted.
///
/// # Errors
/// [`Refusal::NotFound`]; [`Failure`] of the store.
pub fn require_order(unit: &Unit, id: OrderId) -> Result<Order, Failure> {
    Ok(unit.get(ORDERS, &id)?.ok_or(Refusal::NotFound(Missing::Order))?)
}

/// A page of a customer's orders, newest first: the number of all, and the ids on the page.
///
/// # Errors
/// [`StoreError`].
pub fn ids_of_customer(
    snapshot: &Snapshot,
    customer: UserId,
    offset: u64,
    limit: usize,
) -> Result<(u64, Vec<OrderId>), StoreError> {
    snapshot.kept::<OrderLists>()?.page_of_customer(snapshot, customer, offset, limit)
}

/// A page of all orders, like [`ids_of_customer`].
///
/// # Errors
/// [`StoreError`].
pub fn ids(
    snapshot: &Snapshot,
    offset: u64,
    limit: usize,
) -> Result<(u64, Vec<OrderId>), StoreError> {
    snapshot.kept::<OrderLists>()?.page_of_all(snapshot, offset, limit)
}

/// Unpaid orders that have expired at `now`, at most `limit`.
///
/// # Errors
/// [`StoreError`].
pub fn due(snapshot: &Snapshot, now: UnixMillis, limit: usize) -> Result<Vec<OrderId>, StoreError> {
    let first = OrderId::new(1).expect("1 is an id");
    let from = (UnixMillis::new(0), first);
    let rows =
        snapshot.range(BY_EXPIRY, &from, Some(&(now, first)), Direction::Ascending, limit)?;
    Ok(rows.into_iter().map(|((_, id), ())| id).collect())
}

/// Customers who closed their account and are still named in orders, at most `limit`.
///
/// # Errors
/// [`StoreError`].
pub fn to_forget(read: &impl Read, limit: usize) -> Result<Vec<UserId>, StoreError> {
    let first = UserId::new(1).expect("1 is an id");
    let rows = read.range(TO_FORGET, &first, None, Direction::Ascending, limit)?;
    Ok(rows.into_iter().map(|(customer, _)| customer).collect())
}

/// Totals over all orders.
///
/// # Errors
/// [`StoreError`].
pub fn summary(read: &impl Read) -> Result<OrderSummary, StoreError> {
    Ok(read.get(SUMMARY, &0)?.unwrap_or_default())
}

/// Checks that every order adds up, is indexed and counted. Returns the stock that the orders claim
/// to have taken.
pub(crate) fn check(
    snapshot: &Snapshot,
    findings: &mut Findings,
) -> Result<TakenStock, StoreError> {
    let first = OrderId::new(1).expect("1 is an id");
    let mut taken = TakenStock::default();
    let mut totals = OrderSummary::default();
    let mut awaiting_crm = 0;
    let mut indexed: Vec<(OrderId, Option<UserId>, Option<UnixMillis>)> = Vec::new();
    snapshot.visit(ORDERS, &first, None, Direction::Ascending, |id, order| {
        totals.add(Counted::of(&order));
        take(&mut taken, &order);
        check_order(id, &order, findings);
        let is_sent = matches!(order.crm_sync, None | Some(CrmSync::Success));
        awaiting_crm += u64::from(!is_sent);
        indexed.push((id, order.customer, order.expires_at));
        ControlFlow::Continue(())
    })?;
    snapshot.visit(GONE, &first, None, Direction::Ascending, |_, order| {
        take(&mut taken, &order);
        ControlFlow::Continue(())
    })?;
    let (mut with_customer, mut on_the_clock) = (0, 0);
    for (id, customer, expires_at) in indexed {
        if let Some(customer) = customer {
            with_customer += 1;
            let is_listed = snapshot.get(BY_CUSTOMER, &(customer, id))?.is_some();
            findings.require(is_listed, || format!("order {id} is not in its customer's list"));
            let account_exists = users::user(snapshot, customer)?.is_some()
                || snapshot.get(TO_FORGET, &customer)?.is_some();
            findings.require(account_exists, || format!("order {id} names a closed account"));
        }
        if let Some(expires_at) = expires_at {
            on_the_clock += 1;
            let is_listed = snapshot.get(BY_EXPIRY, &(expires_at, id))?.is_some();
            findings.require(is_listed, || format!("order {id} will not expire"));
        }
    }
    let indexes_agree =
        snapshot.count(BY_CUSTOMER)? == with_customer && snapshot.count(BY_EXPIRY)? == on_the_clock;
    findings.require(indexes_agree, || "stray order index entries".into());
    leaving::check(snapshot, findings)?;
    unpaid::check(snapshot, findings)?;
    let crm_agrees = crm::check(snapshot, findings)? == awaiting_crm;
    findings.require(crm_agrees, || "orders wait for the CRM but are not scheduled".into());
    let summary = summary(snapshot)?;
    findings.require(summary == totals, || format!("totals {summary:?} should be {totals:?}"));
    findings.counted("orders", totals.orders);
    Ok(taken)
}

fn check_order(id: OrderId, order: &Order, findings: &mut Findings) {
    let sum: i64 = order.lines.iter().map(|line| line.subtotal().minor_units()).sum();
    let adds_up = order.total == Money::from_minor_units(sum) && !order.lines.is_empty();
    findings.require(adds_up, || format!("order {id}: lines add up to {sum}"));
    let has_one_holder = order.customer.is_none() || order.guest.is_none();
    findings.require(has_one_holder, || format!("order {id} is a customer's and a guest's"));
    let is_done = order.is_paid || order.status.holding() != StockHolding::Held;
    let expiry_is_right = !(is_done && order.expires_at.is_some());
    findings.require(expiry_is_right, || format!("order {id} is done and still expires"));
}

fn take(taken: &mut TakenStock, order: &Order) {
    let held_or_sold = match order.status.holding() {
        StockHolding::Held => &mut taken.held,
        StockHolding::Sold => &mut taken.sold,
        StockHolding::Released => return,
    };
    for line in &order.lines {
        *held_or_sold.entry(line.product).or_default() += u64::from(line.quantity.get());
    }
}
