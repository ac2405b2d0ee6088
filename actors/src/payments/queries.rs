//! Questions about payments, answered from a committed snapshot.

use super::Payment;
use super::rows::{BY_INTENT, BY_ORDER, PAYMENTS, REFUNDS_DUE};
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
    Ok(read.get(PAYMENTS, &id)?.map(|payment| (id, payment)))
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
        if order.is_paid {
            findings.require(!is_current || payment.amount == order.total, || {
                format!("payment {id} took {:?} for {:?}", payment.amount, order.total)
            });
        }
    }
    findings.counted("payments", u64::try_from(payments.len()).unwrap_or(u64::MAX));
    Ok(())
}
