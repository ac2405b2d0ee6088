//! Questions about payments, answered from a committed snapshot.

use super::Payment;
use super::rows::{BY_INTENT, BY_ORDER, PAYMENTS, REFUNDS_DUE, TO_CLOSE};
use crate::check::Findings;
use crate::orders;
use crate::store::{Direction, Read, Snapshot, StoreError};
use souk_domain::{OrderId, PaymentId, PaymentStatus};
use std::ops::ControlFlow;

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

/// The payment behind a gateway's intent.
///
/// # Errors
/// [`StoreError`].
pub fn by_intent(
    read: &impl Read,
    intent: &str,
) -> Result<Option<(PaymentId, Payment)>, StoreError> {
    let Some(id) = read.get(BY_INTENT, &intent.to_owned())? else { return Ok(None) };
    Ok(payment(read, id)?.map(|payment| (id, payment)))
}

/// Payments whose money must go back, at most `limit`.
///
/// # Errors
/// [`StoreError`].
pub fn refunds_due(
    read: &impl Read,
    limit: usize,
) -> Result<Vec<(PaymentId, Payment)>, StoreError> {
    let first = PaymentId::new(1).expect("1 is an id");
    let mut due = Vec::new();
    for (id, ()) in read.range(REFUNDS_DUE, &first, None, Direction::Ascending, limit)? {
        due.extend(payment(read, id)?.map(|payment| (id, payment)));
    }
    Ok(due)
}

/// Open payments whose order needs them no more, at most `limit`.
///
/// # Errors
/// [`StoreError`].
pub fn to_close(read: &impl Read, limit: usize) -> Result<Vec<(PaymentId, Payment)>, StoreError> {
    let first = PaymentId::new(1).expect("1 is an id");
    let mut open = Vec::new();
    for (id, ()) in read.range(TO_CLOSE, &first, None, Direction::Ascending, limit)? {
        open.extend(payment(read, id)?.map(|payment| (id, payment)));
    }
    Ok(open)
}

/// Payments and orders agree on what is paid and through which intent.
pub(crate) fn check(snapshot: &Snapshot, findings: &mut Findings) -> Result<(), StoreError> {
    let first = PaymentId::new(1).expect("1 is an id");
    let mut payments = Vec::new();
    snapshot.visit(PAYMENTS, &first, None, Direction::Ascending, |id, payment| {
        payments.push((id, payment));
        ControlFlow::Continue(())
    })?;
    for (id, payment) in &payments {
        if let Some(intent) = &payment.intent {
            let holder = snapshot.get(BY_INTENT, &intent.id)?;
            findings
                .require(holder == Some(*id), || format!("payment {id} is not found by intent"));
        }
        let is_due = snapshot.get(REFUNDS_DUE, id)?.is_some();
        let is_closing = snapshot.get(TO_CLOSE, id)?.is_some();
        findings.require(!is_closing || payment.status.is_open(), || {
            format!("payment {id} is {:?} and still to be closed", payment.status)
        });
        let Some(order) = orders::order(snapshot, payment.order)? else { continue };
        let is_current = snapshot.get(BY_ORDER, &payment.order)? == Some(*id);
        let has_money = payment.status == PaymentStatus::Succeeded && !is_due;
        findings.require(
            !is_current || order.is_paid == has_money || (is_due && order.is_paid),
            || {
                format!(
                    "payment {id} is {:?}, order {} says paid: {}",
                    payment.status, payment.order, order.is_paid
                )
            },
        );
        let is_linked = order.payment.as_ref().is_some_and(|link| link.payment == *id);
        findings.require(!is_linked || payment.amount == order.total, || {
            let (amount, total) = (payment.amount, order.total);
            format!("payment {id} of order {} is over {amount:?}, not {total:?}", payment.order)
        });
        if order.is_paid {
            findings.require(!is_current || payment.amount == order.total, || {
                format!("payment {id} took {:?} for {:?}", payment.amount, order.total)
            });
        }
    }
    findings.counted("payments", u64::try_from(payments.len()).unwrap_or(u64::MAX));
    Ok(())
}
