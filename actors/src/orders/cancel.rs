//! Cancelling an order.

use super::mail::mail;
use super::save::save_and_publish;
use super::{Contact, Order, Orders, require_order};
use crate::Failure;
use crate::catalog::StockMove;
use crate::outbox::{OrderEvent, OrderMail};
use crate::owner::Command;
use crate::store::Unit;
use souk_domain::{OrderId, OrderStatus, Role, StatusTransition, StockHolding, transition};

/// Cancels an order; does nothing if it is already cancelled. Publishes `order.cancelled`, and
/// mails the customer. Rejects an order that [`souk_domain::transition`] does not allow to be
/// cancelled.
#[derive(Clone, Debug)]
pub struct CancelOrder {
    /// The order.
    pub id: OrderId,
    /// The reason, for the customer's mail.
    pub reason: String,
    /// The mail recipient.
    pub contact: Option<Contact>,
}

/// The effect of a cancellation.
#[derive(Clone, Debug)]
pub struct Cancelled {
    /// The order after the cancellation.
    pub order: Order,
    /// How its stock moves; none moves if it was already cancelled.
    pub stock: StockMove,
}

impl Command for CancelOrder {
    type Owner = Orders;
    type Reply = Cancelled;

    fn apply(self, unit: &Unit, _: &Orders) -> Result<Cancelled, Failure> {
        let Self { id, reason, contact } = self;
        let before = require_order(unit, id)?;
        match transition(before.status, OrderStatus::Cancelled, Role::Administrator)? {
            StatusTransition::Move { .. } => {
                save_cancelled(unit, id, &before, &reason, contact.as_ref())
            }
            StatusTransition::Stay => {
                let stock = StockMove { from: StockHolding::Released, to: StockHolding::Released };
                Ok(Cancelled { order: before, stock })
            }
        }
    }
}

/// Saves an order as cancelled, and mails the customer.
pub(super) fn save_cancelled(
    unit: &Unit,
    id: OrderId,
    before: &Order,
    reason: &str,
    contact: Option<&Contact>,
) -> Result<Cancelled, Failure> {
    let mut after = before.clone();
    after.status = OrderStatus::Cancelled;
    after.expires_at = None;
    save_and_publish(unit, id, before, &mut after, OrderEvent::Cancelled)?;
    mail(unit, id, &after, contact, OrderMail::Cancelled, reason)?;
    let stock = StockMove { from: before.status.holding(), to: StockHolding::Released };
    Ok(Cancelled { order: after, stock })
}
