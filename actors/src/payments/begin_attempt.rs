//! Recording that a charge is about to be sent.

use super::Payments;
use super::find::find;
use super::payment::Doubt;
use super::stored::{IN_DOUBT, PAYMENTS};
use crate::Failure;
use crate::owner::Command;
use crate::store::Unit;
use souk_domain::PaymentId;

/// Records that the shop is about to send a charge to the gateway. Replies the number of this
/// attempt. Until the gateway's answer is booked, the payment is in doubt: after a restart, the
/// shop asks the gateway for the result.
#[derive(Clone, Debug)]
pub struct BeginAttempt {
    /// The payment.
    pub id: PaymentId,
}

impl Command for BeginAttempt {
    type Owner = Payments;
    type Reply = u32;

    fn apply(self, unit: &Unit, _: &Payments) -> Result<u32, Failure> {
        let Self { id } = self;
        let mut payment = find(unit, id)?;
        payment.attempts = payment.attempts.saturating_add(1);
        unit.put(PAYMENTS, &id, &payment)?;
        let doubt = Doubt { attempt: payment.attempts, since: unit.now() };
        unit.put(IN_DOUBT, &id, &doubt)?;
        Ok(payment.attempts)
    }
}
