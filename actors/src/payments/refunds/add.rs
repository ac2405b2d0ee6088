//! Adding a refund that the gateway has not made yet.

use crate::payments::amounts::plus;
use crate::payments::stored::{PAYMENTS, REFUNDS, REFUNDS_DUE};
use crate::payments::{Payment, Refund, RefundState, RefundedBy};
use crate::store::Unit;
use crate::{Failure, ids};
use souk_domain::{Money, PaymentId};

/// Adds a refund of `amount`. The caller has checked that so much is left.
pub(in crate::payments) fn add(
    unit: &Unit,
    id: PaymentId,
    payment: &mut Payment,
    amount: Money,
    reason: &str,
    by: RefundedBy,
) -> Result<(u64, Refund), Failure> {
    let number = ids::next(unit, "refund", Some)?;
    let refund = Refund {
        amount,
        reason: reason.to_owned(),
        by,
        state: RefundState::Due,
        gateway_id: None,
        created_at: unit.now(),
        updated_at: unit.now(),
    };
    unit.put(REFUNDS, &(id, number), &refund)?;
    unit.put(REFUNDS_DUE, &(id, number), &())?;
    payment.refunding = plus(payment.refunding, amount);
    payment.updated_at = unit.now();
    unit.put(PAYMENTS, &id, payment)?;
    Ok((number, refund))
}
