//! Deciding to refund money.

use super::add::add;
use crate::Failure;
use crate::owner::Command;
use crate::payments::find::find;
use crate::payments::{Payments, Refund, RefundedBy};
use crate::store::Unit;
use souk_domain::{Money, PaymentId, Refusal};

/// Decides to refund money of a payment. Rejects more than is left of the taken amount, and a
/// payment of an order that cost nothing.
#[derive(Clone, Debug)]
pub struct RequestRefund {
    /// The payment.
    pub id: PaymentId,
    /// The amount to refund; `None` for all that is left.
    pub amount: Option<Money>,
    /// The reason; may be empty.
    pub reason: String,
    /// The person or party that decides.
    pub by: RefundedBy,
}

impl Command for RequestRefund {
    type Owner = Payments;
    type Reply = (u64, Refund);

    fn apply(self, unit: &Unit, _: &Payments) -> Result<(u64, Refund), Failure> {
        let Self { id, amount, reason, by } = self;
        let mut payment = find(unit, id)?;
        if payment.has_money() && payment.amount == Money::ZERO && payment.received == Money::ZERO {
            return Err(Refusal::NothingToRefund.into());
        }
        let amount = amount.unwrap_or(payment.left());
        if amount <= Money::ZERO || amount > payment.left() {
            return Err(Refusal::RefundTooLarge.into());
        }
        add(unit, id, &mut payment, amount, &reason, by)
    }
}
