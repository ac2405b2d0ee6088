//! Recording the gateway's checkout.

use super::find::find;
use super::save::save_and_publish;
use super::stored::BY_CHECKOUT;
use super::{Payment, Payments};
use crate::Failure;
use crate::outbox::PaymentEvent;
use crate::owner::Command;
use crate::store::Unit;
use souk_domain::PaymentId;

/// Records the gateway's checkout. Publishes `payment.created` the first time.
#[derive(Clone, Debug)]
pub struct RecordCheckout {
    /// The payment.
    pub id: PaymentId,
    /// The gateway's id of the checkout.
    pub checkout: String,
}

impl Command for RecordCheckout {
    type Owner = Payments;
    type Reply = Payment;

    fn apply(self, unit: &Unit, _: &Payments) -> Result<Payment, Failure> {
        let Self { id, checkout } = self;
        let mut payment = find(unit, id)?;
        if payment.checkout.as_ref() == Some(&checkout) {
            return Ok(payment);
        }
        unit.put(BY_CHECKOUT, &checkout, &id)?;
        payment.checkout = Some(checkout);
        save_and_publish(unit, id, &mut payment, PaymentEvent::Created)?;
        Ok(payment)
    }
}
