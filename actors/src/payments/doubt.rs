//! Putting a payment in doubt.

use super::Payments;
use super::find::find;
use super::payment::Doubt;
use super::stored::IN_DOUBT;
use crate::Failure;
use crate::owner::Command;
use crate::store::{Read, Unit};
use souk_domain::PaymentId;

/// Puts an open payment in doubt, because the gateway claimed something that cannot be booked, so
/// that the gateway is asked. Does nothing if it is already in doubt or not open.
#[derive(Clone, Debug)]
pub struct DoubtPayment {
    /// The payment.
    pub id: PaymentId,
}

impl Command for DoubtPayment {
    type Owner = Payments;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Payments) -> Result<(), Failure> {
        let Self { id } = self;
        let payment = find(unit, id)?;
        if payment.status.is_open() && unit.get(IN_DOUBT, &id)?.is_none() {
            let doubt = Doubt { attempt: payment.attempts, since: unit.now() };
            unit.put(IN_DOUBT, &id, &doubt)?;
        }
        Ok(())
    }
}
