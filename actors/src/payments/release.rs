//! Releasing a payment that its order no longer needs.

use super::find::find;
use super::stored::{REFUNDS, TO_CLOSE};
use super::{Payments, RefundedBy, refunds};
use crate::Failure;
use crate::owner::Command;
use crate::store::{Direction, Read, Unit};
use souk_domain::{Money, PaymentId, PaymentStatus};
use std::ops::ControlFlow;

/// Releases a payment that its order no longer needs: housekeeping refunds money that was taken, or
/// closes an open payment at the gateway.
#[derive(Clone, Debug)]
pub struct ReleasePayment {
    /// The payment.
    pub id: PaymentId,
}

impl Command for ReleasePayment {
    type Owner = Payments;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Payments) -> Result<(), Failure> {
        release(unit, self.id)
    }
}

/// Adds a refund of the taken money, or marks an open payment to be closed.
pub(super) fn release(unit: &Unit, id: PaymentId) -> Result<(), Failure> {
    let mut payment = find(unit, id)?;
    let left = payment.left();
    // A payment of zero is refunded too, because the order is no longer paid.
    let is_free = payment.received == Money::ZERO && payment.status == PaymentStatus::Succeeded;
    if left > Money::ZERO || (is_free && !has_refund(unit, id)?) {
        refunds::add(unit, id, &mut payment, left, "", RefundedBy::Shop)?;
    } else if payment.status.is_open() {
        unit.put(TO_CLOSE, &id, &())?;
    }
    Ok(())
}

fn has_refund(unit: &Unit, id: PaymentId) -> Result<bool, Failure> {
    let mut is_there = false;
    unit.visit_under(REFUNDS, &id, Direction::Ascending, |_: u64, _| {
        is_there = true;
        ControlFlow::Break(())
    })?;
    Ok(is_there)
}
