//! Marking an order as paid.

use crate::Failure;
use crate::catalog::StockMove;
use crate::orders::mail::mail;
use crate::orders::save::save_and_publish;
use crate::orders::stored::ORDERS;
use crate::orders::{Contact, Order, Orders};
use crate::outbox::{OrderEvent, OrderMail};
use crate::owner::Command;
use crate::payments::Intent;
use crate::store::{Read, Unit};
use souk_domain::{OrderId, OrderStatus};

/// Marks an order as paid, because the gateway has taken the money. Publishes `order.paid` and
/// mails the customer, unless the order was already paid. Does not change a cancelled or deleted
/// order.
#[derive(Clone, Debug)]
pub struct MarkPaid {
    /// The order.
    pub id: OrderId,
    /// The gateway's intent; a checkout creates it only when it is paid.
    pub intent: Option<Intent>,
    /// The mail recipient.
    pub contact: Option<Contact>,
}

/// The effect of a payment on an order.
#[derive(Clone, Debug)]
pub enum Paid {
    /// This payment made it paid.
    Now {
        /// The order after the payment.
        order: Order,
        /// How its stock moves.
        stock: StockMove,
    },
    /// It was already paid; nothing changed.
    Before(Order),
    /// It was cancelled or deleted; the money must be refunded.
    TooLate,
}

impl Command for MarkPaid {
    type Owner = Orders;
    type Reply = Paid;

    fn apply(self, unit: &Unit, _: &Orders) -> Result<Paid, Failure> {
        let Self { id, intent, contact } = self;
        let Some(before) = unit.get(ORDERS, &id)? else { return Ok(Paid::TooLate) };
        if before.status == OrderStatus::Cancelled {
            return Ok(Paid::TooLate);
        }
        if before.is_paid {
            return Ok(Paid::Before(before));
        }
        let mut after = before.clone();
        after.is_paid = true;
        if let Some(link) = after.payment.as_mut() {
            link.intent = intent.or(link.intent.take());
        }
        after.expires_at = None;
        if matches!(before.status, OrderStatus::Pending | OrderStatus::Processing) {
            after.status = OrderStatus::Completed;
        }
        save_and_publish(unit, id, &before, &mut after, OrderEvent::Paid)?;
        mail(unit, id, &after, contact.as_ref(), OrderMail::Paid, "")?;
        let stock = StockMove { from: before.status.holding(), to: after.status.holding() };
        Ok(Paid::Now { order: after, stock })
    }
}
