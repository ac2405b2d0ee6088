//! The payment that a command means.

use super::Payment;
use super::stored::{BY_ORDER, PAYMENTS, TO_CLOSE};
use crate::Failure;
use crate::store::{Read, Unit};
use souk_domain::{Missing, PaymentId, Refusal};

/// A payment as it stands in a turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownPayment {
    /// The payment.
    pub payment: Payment,
    /// True if it is the current one of its order.
    pub is_current: bool,
    /// True if the shop itself gives it up.
    pub is_closing: bool,
}

/// The payment as it stands in this turn, and how it stands to its order.
///
/// # Errors
/// [`Refusal::NotFound`]; [`Failure`] of the store.
pub fn require_payment(unit: &Unit, id: PaymentId) -> Result<ShownPayment, Failure> {
    let payment = find(unit, id)?;
    let is_current = unit.get(BY_ORDER, &payment.order)? == Some(id);
    let is_closing = unit.get(TO_CLOSE, &id)?.is_some();
    Ok(ShownPayment { payment, is_current, is_closing })
}

pub(super) fn find(unit: &Unit, id: PaymentId) -> Result<Payment, Failure> {
    Ok(unit.get(PAYMENTS, &id)?.ok_or(Refusal::NotFound(Missing::Payment))?)
}
