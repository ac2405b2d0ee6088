//! Giving up a payment for another method of payment.

use super::Payments;
use super::find::find;
use super::stored::TO_CLOSE;
use crate::Failure;
use crate::owner::Command;
use crate::store::Unit;
use souk_domain::PaymentId;

/// Gives up an open payment because another method of payment is wanted: housekeeping closes it at
/// the gateway. Does nothing if the payment is no longer open.
#[derive(Clone, Debug)]
pub struct GiveUpPayment {
    /// The payment.
    pub id: PaymentId,
}

impl Command for GiveUpPayment {
    type Owner = Payments;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Payments) -> Result<(), Failure> {
        // The customer may have paid since the sender checked.
        if find(unit, self.id)?.status.is_open() {
            unit.put(TO_CLOSE, &self.id, &())?;
        }
        Ok(())
    }
}
