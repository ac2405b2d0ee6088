//! Recording that a refund failed after it was made.

use crate::Failure;
use crate::outbox::PaymentEvent;
use crate::owner::Command;
use crate::payments::amounts::{minus, plus};
use crate::payments::find::find;
use crate::payments::ledger::{self, Account, Movement};
use crate::payments::save::save_and_publish;
use crate::payments::stored::REFUNDS;
use crate::payments::{Payments, RefundState};
use crate::store::{Direction, Read, Unit};
use souk_domain::{PaymentId, PaymentStatus};
use std::ops::ControlFlow;

/// Books that a refund failed after it was made, so that the shop has the money and still owes it
/// to the customer. Publishes `payment.refund_failed`. Replies false and changes nothing if the
/// shop did not make this refund, or if its failure is already recorded.
#[derive(Clone, Debug)]
pub struct RecordFailedRefund {
    /// The payment.
    pub id: PaymentId,
    /// The gateway's id of the refund.
    pub gateway_id: String,
}

impl Command for RecordFailedRefund {
    type Owner = Payments;
    type Reply = bool;

    fn apply(self, unit: &Unit, _: &Payments) -> Result<bool, Failure> {
        let Self { id, gateway_id } = self;
        let mut payment = find(unit, id)?;
        let mut found = None;
        unit.visit_under(REFUNDS, &id, Direction::Ascending, |number: u64, refund| {
            let is_this_refund = refund.state == RefundState::Made
                && refund.gateway_id.as_ref() == Some(&gateway_id);
            if is_this_refund {
                found = Some((number, refund));
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })?;
        let Some((number, mut refund)) = found else { return Ok(false) };
        refund.state = RefundState::Failed;
        refund.updated_at = unit.now();
        unit.put(REFUNDS, &(id, number), &refund)?;
        payment.refunded = minus(payment.refunded, refund.amount);
        payment.owed_back = plus(payment.owed_back, refund.amount);
        payment.status = PaymentStatus::Succeeded;
        let flow = (Account::Receivable, Account::Gateway, refund.amount);
        ledger::append(unit, id, &payment, Movement::RefundFailed, flow)?;
        save_and_publish(unit, id, &mut payment, PaymentEvent::RefundFailed)?;
        Ok(true)
    }
}
