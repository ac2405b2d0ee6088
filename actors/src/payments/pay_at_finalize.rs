//! Payments that `finalize` of the classic contract may pay.

use super::Payments;
use super::find::find;
use super::stored::PAYMENTS;
use crate::Failure;
use crate::owner::Command;
use crate::store::Unit;
use souk_domain::PaymentId;

/// Records that the classic contract initiated a payment: `finalize` may pay it without a card.
#[derive(Clone, Debug)]
pub struct PayAtFinalize {
    /// The payment.
    pub id: PaymentId,
}

impl Command for PayAtFinalize {
    type Owner = Payments;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Payments) -> Result<(), Failure> {
        let mut payment = find(unit, self.id)?;
        payment.pays_at_finalize = true;
        unit.put(PAYMENTS, &self.id, &payment)?;
        Ok(())
    }
}
