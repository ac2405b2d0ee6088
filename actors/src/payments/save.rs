//! Saves a changed payment with the event of the change.

use super::Payment;
use super::stored::PAYMENTS;
use crate::Failure;
use crate::outbox::{self, Outgoing, PaymentEvent};
use crate::store::Unit;
use souk_domain::PaymentId;

pub(super) fn save_and_publish(
    unit: &Unit,
    id: PaymentId,
    payment: &mut Payment,
    what: PaymentEvent,
) -> Result<(), Failure> {
    payment.version += 1;
    payment.updated_at = unit.now();
    unit.put(PAYMENTS, &id, payment)?;
    let (version, snapshot) = (payment.version, payment.snapshot());
    outbox::append(unit, Outgoing::Payment { payment: id, version, what, snapshot })
}
