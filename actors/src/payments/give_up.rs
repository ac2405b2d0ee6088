//! Giving up a payment for another way of paying.

use super::Payments;
use super::find::find;
use super::stored::TO_CLOSE;
use crate::Failure;
use crate::owner::Command;
use crate::store::Unit;
use souk_domain::PaymentId;

/// Gives up an open payment because another way of paying is wanted: housekeeping closes it at the
/// gateway. One that is paid by now is left alone.
#[derive(Clone, Debug)]
pub struct GiveUpPayment {
    /// The payment.
    pub id: PaymentId,
}

impl Command for GiveUpPayment {
    type Owner = Payments;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Payments) -> Result<(), Failure> {
        // Since the sender looked, the money may have come.
        if find(unit, self.id)?.status.is_open() {
            unit.put(TO_CLOSE, &self.id, &())?;
        }
        Ok(())
    }
}
