//! Recording that the gateway refuses a refund.

use super::find::find_refund;
use crate::Failure;
use crate::owner::Command;
use crate::payments::amounts::minus;
use crate::payments::find::find;
use crate::payments::stored::{PAYMENTS, REFUNDS, REFUNDS_DUE};
use crate::payments::{Payments, RefundState};
use crate::store::Unit;
use souk_domain::PaymentId;

/// Records that the gateway refuses a refund, so that the amount can be refunded again. Does
/// nothing if that is already recorded.
#[derive(Clone, Debug)]
pub struct RecordRefusedRefund {
    /// The payment.
    pub id: PaymentId,
    /// The refund's number in its payment.
    pub number: u64,
}

impl Command for RecordRefusedRefund {
    type Owner = Payments;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Payments) -> Result<(), Failure> {
        let Self { id, number } = self;
        let mut payment = find(unit, id)?;
        let mut refund = find_refund(unit, id, number)?;
        if refund.state != RefundState::Due {
            return Ok(());
        }
        unit.delete(REFUNDS_DUE, &(id, number))?;
        refund.state = RefundState::Failed;
        refund.updated_at = unit.now();
        unit.put(REFUNDS, &(id, number), &refund)?;
        payment.refunding = minus(payment.refunding, refund.amount);
        unit.put(PAYMENTS, &id, &payment)?;
        Ok(())
    }
}
