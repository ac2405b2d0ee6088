//! Recording a refund on an order.

use crate::Failure;
use crate::orders::mail::{About, mail_about};
use crate::orders::save::save_and_publish;
use crate::orders::stored::ORDERS;
use crate::orders::{Contact, Orders};
use crate::outbox::{OrderEvent, OrderMail};
use crate::owner::Command;
use crate::payments::MadeRefund;
use crate::store::{Read, Unit};
use souk_domain::{Money, OrderId, PaymentId};

/// Records that the gateway has refunded money, all of it or a part. The order is unpaid once
/// nothing is left. Publishes `order.refunded`, and mails the customer. Does nothing if the order
/// does not exist or has another payment.
#[derive(Clone, Debug)]
pub struct MarkRefunded {
    /// The order.
    pub id: OrderId,
    /// The payment that was refunded.
    pub payment: PaymentId,
    /// The refund.
    pub refund: MadeRefund,
    /// The mail recipient.
    pub contact: Option<Contact>,
}

impl Command for MarkRefunded {
    type Owner = Orders;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Orders) -> Result<(), Failure> {
        let Self { id, payment, refund, contact } = self;
        let Some(before) = unit.get(ORDERS, &id)? else { return Ok(()) };
        if before.payment.as_ref().is_none_or(|link| link.payment != payment) {
            return Ok(());
        }
        let mut after = before.clone();
        after.is_paid = before.is_paid && !refund.is_full;
        let refunded = before.refunded.checked_add(refund.counted);
        after.refunded = refunded.unwrap_or(before.refunded);
        save_and_publish(unit, id, &before, &mut after, OrderEvent::Refunded)?;
        if refund.amount == Money::ZERO {
            // The order cost nothing, so no money was refunded.
            return Ok(());
        }
        let (template, reason) = (OrderMail::Refunded, refund.reason.as_str());
        let about = About { template, reason, refunded: Some(refund.amount) };
        mail_about(unit, id, &after, contact.as_ref(), &about)
    }
}
