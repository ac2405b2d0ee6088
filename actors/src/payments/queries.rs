//! Queries about payments, answered from a committed snapshot.

use super::stored::{
    BY_CHECKOUT, BY_INTENT, BY_ORDER, IN_DOUBT, OF_ORDER, OPEN, PAYMENTS, REFUNDS, REFUNDS_DUE,
    TO_CLOSE,
};
use super::{Doubt, Payment, Refund};
use crate::store::{Direction, Read, Row, Snapshot, StoreError, Table};
use souk_domain::{OrderId, PaymentId};
use std::ops::ControlFlow;

/// A refund with its payment and its number.
pub type NumberedRefund = (PaymentId, u64, Refund);

/// The payment with this id.
///
/// # Errors
/// [`StoreError`].
pub fn payment(read: &impl Read, id: PaymentId) -> Result<Option<Payment>, StoreError> {
    read.get(PAYMENTS, &id)
}

/// The current payment of an order.
///
/// # Errors
/// [`StoreError`].
pub fn of_order(
    read: &impl Read,
    order: OrderId,
) -> Result<Option<(PaymentId, Payment)>, StoreError> {
    let Some(id) = read.get(BY_ORDER, &order)? else { return Ok(None) };
    Ok(read.get(PAYMENTS, &id)?.map(|payment| (id, payment)))
}

/// Every payment of an order, oldest first.
///
/// # Errors
/// [`StoreError`].
pub fn all_of_order(
    snapshot: &Snapshot,
    order: OrderId,
) -> Result<Vec<(PaymentId, Payment)>, StoreError> {
    let mut ids = Vec::new();
    snapshot.visit_under(OF_ORDER, &order, Direction::Ascending, |id: PaymentId, ()| {
        ids.push(id);
        ControlFlow::Continue(())
    })?;
    let mut payments = Vec::with_capacity(ids.len());
    for id in ids {
        payments.extend(snapshot.get(PAYMENTS, &id)?.map(|payment| (id, payment)));
    }
    Ok(payments)
}

/// The payment with this gateway intent.
///
/// # Errors
/// [`StoreError`].
pub fn by_intent(
    read: &impl Read,
    intent: &str,
) -> Result<Option<(PaymentId, Payment)>, StoreError> {
    found(read, read.get(BY_INTENT, &intent.to_owned())?)
}

/// The payment with this gateway checkout.
///
/// # Errors
/// [`StoreError`].
pub fn by_checkout(
    read: &impl Read,
    checkout: &str,
) -> Result<Option<(PaymentId, Payment)>, StoreError> {
    found(read, read.get(BY_CHECKOUT, &checkout.to_owned())?)
}

fn found(
    read: &impl Read,
    id: Option<PaymentId>,
) -> Result<Option<(PaymentId, Payment)>, StoreError> {
    let Some(id) = id else { return Ok(None) };
    Ok(payment(read, id)?.map(|payment| (id, payment)))
}

/// Refunds that the gateway has not made yet, at most `limit`.
///
/// # Errors
/// [`StoreError`].
pub fn refunds_due(read: &impl Read, limit: usize) -> Result<Vec<NumberedRefund>, StoreError> {
    let first = (PaymentId::new(1).expect("1 is an id"), 0);
    let mut due = Vec::new();
    for ((id, number), ()) in read.range(REFUNDS_DUE, &first, None, Direction::Ascending, limit)? {
        due.extend(read.get(REFUNDS, &(id, number))?.map(|refund| (id, number, refund)));
    }
    Ok(due)
}

/// One refund.
///
/// # Errors
/// [`StoreError`].
pub fn refund(
    read: &impl Read,
    payment: PaymentId,
    number: u64,
) -> Result<Option<Refund>, StoreError> {
    read.get(REFUNDS, &(payment, number))
}

/// Every refund of an order, oldest first, at most `limit`.
///
/// # Errors
/// [`StoreError`].
pub fn refunds_of(
    snapshot: &Snapshot,
    order: OrderId,
    limit: usize,
) -> Result<Vec<NumberedRefund>, StoreError> {
    let mut payments = Vec::new();
    snapshot.visit_under(OF_ORDER, &order, Direction::Ascending, |id: PaymentId, ()| {
        payments.push(id);
        ControlFlow::Continue(())
    })?;
    let mut refunds = Vec::new();
    for id in payments {
        snapshot.visit_under(REFUNDS, &id, Direction::Ascending, |number: u64, refund| {
            refunds.push((id, number, refund));
            ControlFlow::Continue(())
        })?;
    }
    refunds.sort_by_key(|(_, number, _)| *number);
    refunds.truncate(limit);
    Ok(refunds)
}

/// The refund of a payment with this gateway id.
///
/// # Errors
/// [`StoreError`].
pub fn refund_called(
    snapshot: &Snapshot,
    payment: PaymentId,
    gateway_id: &str,
) -> Result<Option<Refund>, StoreError> {
    let mut found = None;
    snapshot.visit_under(REFUNDS, &payment, Direction::Ascending, |_: u64, refund| {
        if refund.gateway_id.as_deref() == Some(gateway_id) {
            found = Some(refund);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// Open payments that their order no longer needs, at most `limit`.
///
/// # Errors
/// [`StoreError`].
pub fn to_close(read: &impl Read, limit: usize) -> Result<Vec<(PaymentId, Payment)>, StoreError> {
    Ok(listed(read, TO_CLOSE, limit)?.into_iter().map(|(id, payment, ())| (id, payment)).collect())
}

/// Payments that can still be paid at the gateway, at most `limit`, from the one with id `first`
/// on.
///
/// # Errors
/// [`StoreError`].
pub fn open(
    read: &impl Read,
    first: PaymentId,
    limit: usize,
) -> Result<Vec<(PaymentId, Payment)>, StoreError> {
    let mut open = Vec::new();
    for (id, ()) in read.range(OPEN, &first, None, Direction::Ascending, limit)? {
        open.extend(payment(read, id)?.map(|payment| (id, payment)));
    }
    Ok(open)
}

/// Payments in doubt, about which the gateway must be asked, at most `limit`.
///
/// # Errors
/// [`StoreError`].
pub fn in_doubt(
    read: &impl Read,
    limit: usize,
) -> Result<Vec<(PaymentId, Payment, Doubt)>, StoreError> {
    listed(read, IN_DOUBT, limit)
}

fn listed<V: Row>(
    read: &impl Read,
    table: Table<PaymentId, V>,
    limit: usize,
) -> Result<Vec<(PaymentId, Payment, V)>, StoreError> {
    let first = PaymentId::new(1).expect("1 is an id");
    let mut rows = Vec::new();
    for (id, row) in read.range(table, &first, None, Direction::Ascending, limit)? {
        rows.extend(payment(read, id)?.map(|payment| (id, payment, row)));
    }
    Ok(rows)
}
