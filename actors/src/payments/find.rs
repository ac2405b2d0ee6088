//! Finds the payment that a command names.

use super::Payment;
use super::stored::{BY_ORDER, PAYMENTS, TO_CLOSE};
use crate::Failure;
use crate::store::{Read, Unit};
use souk_domain::{Missing, PaymentId, Refusal};

/// A payment as of a turn, with its relation to its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownPayment {
    /// The payment.
    pub payment: Payment,
    /// True if it is the current payment of its order.
    pub is_current: bool,
    /// True if the shop itself is closing it.
    pub is_closing: bool,
}

/// The payment as of this turn, with its relation to its order.
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
