//! Recording the gateway's intent.

use super::find::find;
use super::save::save_and_publish;
use super::stored::BY_INTENT;
use super::{Intent, Payment, Payments};
use crate::Failure;
use crate::outbox::PaymentEvent;
use crate::owner::Command;
use crate::store::Unit;
use souk_domain::PaymentId;

/// Records the gateway's intent. Publishes `payment.created` the first time.
#[derive(Clone, Debug)]
pub struct RecordIntent {
    /// The payment.
    pub id: PaymentId,
    /// The intent.
    pub intent: Intent,
}

impl Command for RecordIntent {
    type Owner = Payments;
    type Reply = Payment;

    fn apply(self, unit: &Unit, _: &Payments) -> Result<Payment, Failure> {
        let Self { id, intent } = self;
        let mut payment = find(unit, id)?;
        if payment.intent.as_ref() == Some(&intent) {
            return Ok(payment);
        }
        unit.put(BY_INTENT, &intent.id, &id)?;
        payment.intent = Some(intent);
        save_and_publish(unit, id, &mut payment, PaymentEvent::Created)?;
        Ok(payment)
    }
}
