//! A charge for an order failed.

use crate::Failure;
use crate::orders::mail::mail;
use crate::orders::save::save_and_publish;
use crate::orders::{Contact, Orders, require_order};
use crate::outbox::{OrderEvent, OrderMail};
use crate::owner::Command;
use crate::store::Unit;
use souk_domain::OrderId;

/// Records that the gateway could not take the money; the order stays as it is. Publishes
/// `order.payment_failed`, and mails the customer.
#[derive(Clone, Debug)]
pub struct RecordPaymentFailure {
    /// The order.
    pub id: OrderId,
    /// The gateway's words for the customer.
    pub reason: String,
    /// Whom to mail.
    pub contact: Option<Contact>,
}

impl Command for RecordPaymentFailure {
    type Owner = Orders;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Orders) -> Result<(), Failure> {
        let Self { id, reason, contact } = self;
        let before = require_order(unit, id)?;
        let mut after = before.clone();
        save_and_publish(unit, id, &before, &mut after, OrderEvent::PaymentFailed)?;
        mail(unit, id, &after, contact.as_ref(), OrderMail::PaymentFailed, &reason)
    }
}
