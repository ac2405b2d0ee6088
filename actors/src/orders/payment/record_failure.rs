//! Recording a failed charge of an order.

use crate::Failure;
use crate::orders::mail::mail;
use crate::orders::save::save_and_publish;
use crate::orders::{Contact, Orders, require_order};
use crate::outbox::{OrderEvent, OrderMail};
use crate::owner::Command;
use crate::store::Unit;
use souk_domain::OrderId;

/// Records that the gateway could not take the money; the order does not change. Publishes
/// `order.payment_failed`, and mails the customer.
#[derive(Clone, Debug)]
pub struct RecordPaymentFailure {
    /// The order.
    pub id: OrderId,
    /// The gateway's message to the customer.
    pub reason: String,
    /// The mail recipient.
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
