//! The invariants of payments, and those between payments, orders and the ledger.

use super::stored::{
    BY_CHECKOUT, BY_INTENT, IN_DOUBT, OF_ORDER, OPEN, PAYMENTS, RECEIVED, RECEIVED_BY_TIME,
    REFUNDS, REFUNDS_DUE, TO_CLOSE,
};
use super::{Payment, RefundState, ledger};
use crate::check::Findings;
use crate::orders::{self, Order};
use crate::store::{Direction, Read, Snapshot, StoreError};
use souk_domain::{Money, OrderStatus, PaymentId, PaymentStatus};
use std::collections::HashMap;
use std::ops::ControlFlow;

/// Checks that payments, orders and the ledger agree on what is paid and by which payment.
pub(crate) fn check(snapshot: &Snapshot, findings: &mut Findings) -> Result<(), StoreError> {
    let first = PaymentId::new(1).expect("1 is an id");
    let mut payments = Vec::new();
    snapshot.visit(PAYMENTS, &first, None, Direction::Ascending, |id, payment| {
        payments.push((id, payment));
        ControlFlow::Continue(())
    })?;
    let refunds = check_refunds(snapshot, findings)?;
    let mut open = 0_u64;
    for (id, payment) in &payments {
        check_lists(snapshot, *id, payment, findings)?;
        check_amounts(*id, payment, refunds.get(id).copied().unwrap_or_default(), findings);
        open += u64::from(payment.status.is_open());
        let Some(order) = orders::order(snapshot, payment.order)? else { continue };
        let failed = Money::from_minor_units(refunds.get(id).map_or(0, |refunded| refunded.failed));
        check_with_order(snapshot, (*id, payment, failed), &order, findings)?;
    }
    let listed = snapshot.count(OPEN)?;
    findings.require(listed == open, || format!("{listed} payments are listed open, {open} are"));
    let all_are_listed = snapshot.count(RECEIVED)? == snapshot.count(RECEIVED_BY_TIME)?;
    findings
        .require(all_are_listed, || "some of the gateway's messages will not be deleted".into());
    findings.counted("payments", u64::try_from(payments.len()).unwrap_or(u64::MAX));
    ledger::check(snapshot, &payments, findings)
}

/// The sums of a payment's due and made refunds.
#[derive(Clone, Copy, Default)]
struct Refunded {
    due: i64,
    made: i64,
    failed: i64,
}

fn check_refunds(
    snapshot: &Snapshot,
    findings: &mut Findings,
) -> Result<HashMap<PaymentId, Refunded>, StoreError> {
    let first = (PaymentId::new(1).expect("1 is an id"), 0);
    let mut sums: HashMap<PaymentId, Refunded> = HashMap::new();
    let mut due = 0_u64;
    snapshot.visit(REFUNDS, &first, None, Direction::Ascending, |(id, _), refund| {
        let sum = sums.entry(id).or_default();
        match refund.state {
            RefundState::Due => {
                due += 1;
                add(&mut sum.due, refund.amount);
            }
            RefundState::Made => add(&mut sum.made, refund.amount),
            RefundState::Failed => add(&mut sum.failed, refund.amount),
        }
        ControlFlow::Continue(())
    })?;
    let listed = snapshot.count(REFUNDS_DUE)?;
    findings.require(listed == due, || format!("{listed} refunds are listed due, {due} are"));
    Ok(sums)
}

/// Saturates: amounts of a damaged store may add up to more than 64 bits.
fn add(sum: &mut i64, amount: Money) {
    *sum = sum.saturating_add(amount.minor_units());
}

fn check_lists(
    snapshot: &Snapshot,
    id: PaymentId,
    payment: &Payment,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    if let Some(intent) = &payment.intent {
        let holder = snapshot.get(BY_INTENT, &intent.id)?;
        findings.require(holder == Some(id), || format!("payment {id} is not found by intent"));
    }
    if let Some(checkout) = &payment.checkout {
        let holder = snapshot.get(BY_CHECKOUT, checkout)?;
        findings.require(holder == Some(id), || format!("payment {id} is not found by checkout"));
    }
    let is_listed = snapshot.get(OF_ORDER, &(payment.order, id))?.is_some();
    findings.require(is_listed, || format!("payment {id} is not found by its order"));
    let is_open = payment.status.is_open();
    let lists = [
        ("to be closed", snapshot.get(TO_CLOSE, &id)?.is_some()),
        ("open", snapshot.get(OPEN, &id)?.is_some()),
        ("in doubt", snapshot.get(IN_DOUBT, &id)?.is_some()),
    ];
    for (what, is_there) in lists {
        findings.require(!is_there || is_open, || {
            format!("payment {id} is {:?} and still listed as {what}", payment.status)
        });
    }
    Ok(())
}

fn check_amounts(id: PaymentId, payment: &Payment, refunds: Refunded, findings: &mut Findings) {
    let minor = |money: Money| money.minor_units();
    findings.require(refunds.made == minor(payment.refunded), || {
        format!("payment {id} gave back {:?}, its refunds say {}", payment.refunded, refunds.made)
    });
    findings.require(refunds.due == minor(payment.refunding), || {
        format!("payment {id} owes {:?}, its refunds say {}", payment.refunding, refunds.due)
    });
    let gone = [payment.refunded, payment.refunding, payment.lost];
    findings.require(gone.iter().all(|amount| *amount >= Money::ZERO), || {
        format!("payment {id} has a negative sum of refunds: {gone:?}")
    });
    let gone = gone.into_iter().map(minor).fold(0_i64, i64::saturating_add);
    findings.require(gone <= minor(payment.received), || {
        format!("payment {id} took {:?} and gives back {gone}", payment.received)
    });
    findings.require(payment.received >= Money::ZERO, || {
        format!("payment {id} took {:?}", payment.received)
    });
    findings.require(payment.has_money() || payment.received == Money::ZERO, || {
        format!("payment {id} is {:?} and took {:?}", payment.status, payment.received)
    });
}

fn check_with_order(
    snapshot: &Snapshot,
    (id, payment, failed): (PaymentId, &Payment, Money),
    order: &Order,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let is_linked = order.payment.as_ref().is_some_and(|link| link.payment == id);
    let is_needed = !order.is_paid && order.status != OrderStatus::Cancelled;
    let is_closing = snapshot.get(TO_CLOSE, &id)?.is_some();
    findings.require(!payment.status.is_open() || is_needed || is_closing, || {
        format!("payment {id} of order {} is open but not needed", payment.order)
    });
    findings.require(!is_linked || payment.amount == order.total, || {
        let (amount, total) = (payment.amount, order.total);
        format!("payment {id} of order {} is over {amount:?}, not {total:?}", payment.order)
    });
    if is_linked && order.is_paid {
        findings.require(payment.received == order.total, || {
            format!("payment {id} took {:?} for {:?}", payment.received, order.total)
        });
        findings.require(payment.status == PaymentStatus::Succeeded, || {
            format!("order {} is paid, payment {id} is {:?}", payment.order, payment.status)
        });
    }
    // Money that paid no order must be on its way back, unless a refund failed and an operator must
    // act.
    let is_idle = payment.status == PaymentStatus::Succeeded && !(is_linked && order.is_paid);
    let left = payment.left();
    findings.require(!is_idle || left <= failed, || {
        format!(
            "payment {id} took {:?} without paying an order and keeps {left:?}",
            payment.received
        )
    });
    findings.require(!order.is_paid || order.payment.is_some(), || {
        format!("order {} is paid by no payment", payment.order)
    });
    Ok(())
}
