//! Changing the state or the addresses of an order. `souk_domain::transition` has the rules.

use super::cancel::{Cancelled, save_cancelled};
use super::mail::mail;
use super::save::{save, save_and_publish};
use super::{Contact, Order, Orders, require_order};
use crate::Failure;
use crate::catalog::StockMove;
use crate::outbox::{OrderEvent, OrderMail};
use crate::owner::Command;
use crate::store::Unit;
use souk_domain::{
    Missing, OrderAction, OrderId, OrderStatus, Refusal, Role, StatusTransition, UserId, transition,
};

/// Changes the state or the addresses of an order; `None` leaves a field as it is. Publishes the
/// event of the new state; a change of addresses alone is not published. Rejects a state that
/// [`souk_domain::transition`] rejects, a customer's change of an order that is not pending, and an
/// order whose customer has closed the account since.
#[derive(Clone, Debug)]
pub struct UpdateOrder {
    /// The order.
    pub id: OrderId,
    /// The customer as of the request's permission check; the account may have been closed since.
    pub customer: Option<UserId>,
    /// The caller's role; a customer may only change a pending order.
    pub by: Role,
    /// The requested state.
    pub status: Option<OrderStatus>,
    /// A new shipping address.
    pub shipping_address: Option<String>,
    /// A new billing address.
    pub billing_address: Option<String>,
    /// The mail recipient.
    pub contact: Option<Contact>,
}

/// What an update made of an order.
#[derive(Clone, Debug)]
pub struct Updated {
    /// The order after it.
    pub order: Order,
    /// Where its stock goes.
    pub stock: StockMove,
}

impl Command for UpdateOrder {
    type Owner = Orders;
    type Reply = Updated;

    fn apply(self, unit: &Unit, _: &Orders) -> Result<Updated, Failure> {
        let Self { id, customer, by, status, .. } = self;
        let before = require_order(unit, id)?;
        if before.customer != customer {
            // The request contains personal data of a user who has closed the account.
            return Err(Refusal::NotFound(Missing::Order).into());
        }
        if by == Role::Customer && before.status != OrderStatus::Pending {
            return Err(Refusal::OrderNotPending { action: OrderAction::Update }.into());
        }
        let wished = status.unwrap_or(before.status);
        let moved = match transition(before.status, wished, by) {
            Ok(StatusTransition::Move { to, .. }) => Some(to),
            Ok(StatusTransition::Stay) => None,
            Err(refusal) if status.is_some() => return Err(refusal.into()),
            Err(_) => None,
        };
        let mut current = before.clone();
        current.shipping_address = self.shipping_address.unwrap_or(current.shipping_address);
        current.billing_address = self.billing_address.unwrap_or(current.billing_address);
        if current != before {
            // Not published: events contain no addresses.
            save(unit, id, &before, &mut current)?;
        }
        let Some(to) = moved else {
            let holding = before.status.holding();
            let stock = StockMove { from: holding, to: holding };
            return Ok(Updated { order: current, stock });
        };
        if to == OrderStatus::Cancelled {
            let contact = self.contact.as_ref();
            let Cancelled { order, stock } = save_cancelled(unit, id, &current, "", contact)?;
            return Ok(Updated { order, stock });
        }
        let mut after = current.clone();
        after.status = to;
        if by == Role::Administrator {
            // An order that the shop moves itself no longer expires.
            after.expires_at = None;
        }
        save_and_publish(unit, id, &current, &mut after, event_of(to))?;
        if to == OrderStatus::Shipped {
            mail(unit, id, &after, self.contact.as_ref(), OrderMail::Shipped, "")?;
        }
        let stock = StockMove { from: before.status.holding(), to: to.holding() };
        Ok(Updated { order: after, stock })
    }
}

fn event_of(to: OrderStatus) -> OrderEvent {
    match to {
        OrderStatus::Pending => OrderEvent::Placed,
        OrderStatus::Processing => OrderEvent::Processing,
        OrderStatus::Completed => OrderEvent::Completed,
        OrderStatus::Shipped => OrderEvent::Shipped,
        OrderStatus::Delivered => OrderEvent::Delivered,
        OrderStatus::Cancelled => OrderEvent::Cancelled,
    }
}
