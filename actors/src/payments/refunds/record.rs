//! Recording that the gateway made a refund.

use super::find::find_refund;
use crate::Failure;
use crate::outbox::PaymentEvent;
use crate::owner::Command;
use crate::payments::amounts::{minus, plus};
use crate::payments::find::find;
use crate::payments::ledger::{self, Account, Movement};
use crate::payments::save::save_and_publish;
use crate::payments::stored::{REFUNDS, REFUNDS_DUE};
use crate::payments::{Payments, RefundState};
use crate::store::Unit;
use souk_domain::{Money, PaymentId, PaymentStatus};

/// Books a refund that the gateway has made, in the ledger too. Publishes `payment.refunded`.
/// Replies `None`, and changes nothing, if it is already booked.
#[derive(Clone, Debug)]
pub struct RecordRefund {
    /// The payment.
    pub id: PaymentId,
    /// The refund's number in its payment.
    pub number: u64,
    /// The gateway's id of the refund, if it returned one.
    pub gateway_id: Option<String>,
}

/// The effect of a refund on the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeRefund {
    /// The refunded amount.
    pub amount: Money,
    /// The part that the order must count now: without what it already counted for a refund that
    /// failed.
    pub counted: Money,
    /// True if nothing is left of the paid amount.
    pub is_full: bool,
    /// The reason; may be empty.
    pub reason: String,
}

impl Command for RecordRefund {
    type Owner = Payments;
    type Reply = Option<MadeRefund>;

    fn apply(self, unit: &Unit, _: &Payments) -> Result<Option<MadeRefund>, Failure> {
        let Self { id, number, gateway_id } = self;
        let mut payment = find(unit, id)?;
        let mut refund = find_refund(unit, id, number)?;
        if refund.state != RefundState::Due {
            return Ok(None);
        }
        unit.delete(REFUNDS_DUE, &(id, number))?;
        refund.state = RefundState::Made;
        refund.gateway_id = gateway_id;
        refund.updated_at = unit.now();
        unit.put(REFUNDS, &(id, number), &refund)?;
        let amount = refund.amount;
        payment.refunding = minus(payment.refunding, amount);
        payment.refunded = plus(payment.refunded, amount);
        // First pays back what the customer is still owed from a failed refund.
        let owed = amount.min(payment.owed_back);
        let rest = minus(amount, owed);
        payment.owed_back = minus(payment.owed_back, owed);
        let against = match payment.counts_as {
            Account::Sales => Account::Refunds,
            other => other,
        };
        let flow = (Account::Gateway, Account::Receivable, owed);
        ledger::append(unit, id, &payment, Movement::Refunded, flow)?;
        let flow = (Account::Gateway, against, rest);
        ledger::append(unit, id, &payment, Movement::Refunded, flow)?;
        let is_full = payment.refunded >= payment.received;
        if is_full {
            payment.status = PaymentStatus::Refunded;
        }
        save_and_publish(unit, id, &mut payment, PaymentEvent::Refunded)?;
        Ok(Some(MadeRefund { amount, counted: rest, is_full, reason: refund.reason }))
    }
}
