//! Changes of a placed order. The rules are `souk_domain::step`'s.

use super::rows::{BY_CUSTOMER, BY_EXPIRY, GONE, ORDERS};
use super::write::{self, About, Contact};
use super::{Order, Orders, PaymentLink, crm, forget, unpaid};
use crate::Failure;
use crate::catalog::StockMove;
use crate::outbox::{OrderEvent, OrderMail};
use crate::owner::Command;
use crate::payments::{Intent, MadeRefund};
use crate::store::{Read, Unit};
use souk_domain::{
    Missing, Money, OrderAction, OrderId, OrderStatus, PaymentId, Refusal, Role, StatusStep,
    StockHolding, UserId, step,
};

/// Changes the state or the addresses of an order; `None` leaves a field as it is. Publishes the
/// event of the new state; an address alone is no news to other systems. Refuses a state that
/// [`souk_domain::step`] refuses, a customer's change of an order that is not pending, and an order
/// that has lost its customer since.
#[derive(Clone, Debug)]
pub struct UpdateOrder {
    /// The order.
    pub id: OrderId,
    /// The customer whose order it was when the request was let in; the account may have been
    /// closed since.
    pub customer: Option<UserId>,
    /// Who asks; a customer may change a pending order only.
    pub by: Role,
    /// The wished state.
    pub status: Option<OrderStatus>,
    /// A new shipping address.
    pub shipping_address: Option<String>,
    /// A new billing address.
    pub billing_address: Option<String>,
    /// Whom to mail about it.
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
            // What the request brings belongs to somebody who asked to be forgotten.
            return Err(Refusal::NotFound(Missing::Order).into());
        }
        if by == Role::Customer && before.status != OrderStatus::Pending {
            return Err(Refusal::OrderNotPending { action: OrderAction::Update }.into());
        }
        let wished = status.unwrap_or(before.status);
        let moved = match step(before.status, wished, by) {
            Ok(StatusStep::Move { to, .. }) => Some(to),
            Ok(StatusStep::Stay) => None,
            Err(refusal) if status.is_some() => return Err(refusal.into()),
            Err(_) => None,
        };
        let mut current = before.clone();
        current.shipping_address = self.shipping_address.unwrap_or(current.shipping_address);
        current.billing_address = self.billing_address.unwrap_or(current.billing_address);
        if current != before {
            // No news to other systems: events carry no addresses.
            write::put_silently(unit, id, &before, &mut current)?;
        }
        let Some(to) = moved else {
            let holding = before.status.holding();
            let stock = StockMove { from: holding, to: holding };
            return Ok(Updated { order: current, stock });
        };
        if to == OrderStatus::Cancelled {
            let contact = self.contact.as_ref();
            let Cancelled { order, stock } = put_cancelled(unit, id, &current, "", contact)?;
            return Ok(Updated { order, stock });
        }
        let mut after = current.clone();
        after.status = to;
        if by == Role::Administrator {
            // A shop that moves an order itself does not let it expire.
            after.expires_at = None;
        }
        write::put(unit, id, &current, &mut after, event_of(to))?;
        if to == OrderStatus::Shipped {
            write::mail(unit, id, &after, self.contact.as_ref(), OrderMail::Shipped, "")?;
        }
        let stock = StockMove { from: before.status.holding(), to: to.holding() };
        Ok(Updated { order: after, stock })
    }
}

/// Cancels an order; one that is cancelled already stays as it is. Publishes `order.cancelled`, and
/// mails the customer. Refuses an order that [`souk_domain::step`] does not let be cancelled.
#[derive(Clone, Debug)]
pub struct CancelOrder {
    /// The order.
    pub id: OrderId,
    /// Why, for the customer's mail.
    pub reason: String,
    /// Whom to mail.
    pub contact: Option<Contact>,
}

/// What a cancellation made of an order.
#[derive(Clone, Debug)]
pub struct Cancelled {
    /// The order after it.
    pub order: Order,
    /// Where its stock goes; nowhere if it was cancelled before.
    pub stock: StockMove,
}

impl Command for CancelOrder {
    type Owner = Orders;
    type Reply = Cancelled;

    fn apply(self, unit: &Unit, _: &Orders) -> Result<Cancelled, Failure> {
        let Self { id, reason, contact } = self;
        let before = require_order(unit, id)?;
        match step(before.status, OrderStatus::Cancelled, Role::Administrator)? {
            StatusStep::Move { .. } => put_cancelled(unit, id, &before, &reason, contact.as_ref()),
            StatusStep::Stay => {
                let stock = StockMove { from: StockHolding::Released, to: StockHolding::Released };
                Ok(Cancelled { order: before, stock })
            }
        }
    }
}

/// Deletes an order. Publishes `order.deleted`. Refuses a customer whose order is not pending.
#[derive(Clone, Debug)]
pub struct DeleteOrder {
    /// The order.
    pub id: OrderId,
    /// Who asks.
    pub by: Role,
}

/// What was deleted.
#[derive(Clone, Debug)]
pub struct Deleted {
    /// The order as it last was.
    pub order: Order,
    /// Where its stock goes; nowhere if the goods have left.
    pub stock: StockMove,
    /// True if the goods are with the customer, whose money the shop keeps.
    pub goods_have_left: bool,
}

impl Command for DeleteOrder {
    type Owner = Orders;
    type Reply = Deleted;

    fn apply(self, unit: &Unit, _: &Orders) -> Result<Deleted, Failure> {
        let Self { id, by } = self;
        let mut order = require_order(unit, id)?;
        if by == Role::Customer && order.status != OrderStatus::Pending {
            return Err(Refusal::OrderNotPending { action: OrderAction::Delete }.into());
        }
        unit.delete(ORDERS, &id)?;
        unpaid::relist(unit, id, Some(&order), None)?;
        if let Some(customer) = order.customer {
            unit.delete(BY_CUSTOMER, &(customer, id))?;
        }
        if let Some(expires_at) = order.expires_at.take() {
            unit.delete(BY_EXPIRY, &(expires_at, id))?;
        }
        crm::forget(unit, id)?;
        forget::unlist(unit, id)?;
        write::count(unit, Some(&order), None)?;
        let from = order.status.holding();
        let goods_are_here = order.status.is_before_shipping();
        let goods_have_left = order.status.holding() == StockHolding::Sold && !goods_are_here;
        let previous_status = goods_are_here.then_some(order.status);
        if goods_are_here {
            order.status = OrderStatus::Cancelled;
        }
        order.version += 1;
        order.updated_at = unit.now();
        if order.status.holding() != StockHolding::Released {
            // Only its stock counts from here on; whose it was and where it went is nobody's business.
            let (customer, recipient) = (None, None);
            let (shipping_address, billing_address) = (String::new(), String::new());
            let gone =
                Order { customer, recipient, shipping_address, billing_address, ..order.clone() };
            unit.put(GONE, &id, &gone)?;
        }
        write::tell(unit, id, &order, OrderEvent::Deleted, previous_status)?;
        let stock = StockMove { from, to: order.status.holding() };
        Ok(Deleted { order, stock, goods_have_left })
    }
}

/// Notes the payment that was started for an order. Refuses an order that is paid or not pending.
#[derive(Clone, Debug)]
pub struct LinkPayment {
    /// The order.
    pub id: OrderId,
    /// The payment.
    pub link: PaymentLink,
}

impl Command for LinkPayment {
    type Owner = Orders;
    type Reply = Order;

    fn apply(self, unit: &Unit, _: &Orders) -> Result<Order, Failure> {
        let Self { id, link } = self;
        let before = require_order(unit, id)?;
        if before.payment.as_ref() == Some(&link) {
            return Ok(before);
        }
        if before.status != OrderStatus::Pending || before.is_paid {
            return Err(Refusal::OrderNotPending { action: OrderAction::Pay }.into());
        }
        let mut after = before.clone();
        after.payment = Some(link);
        write::put_silently(unit, id, &before, &mut after)?;
        Ok(after)
    }
}

/// Marks an order as paid, because the gateway has taken the money. Publishes `order.paid` and
/// mails the customer, unless the order was paid before. One that was cancelled or deleted stays
/// so.
#[derive(Clone, Debug)]
pub struct MarkPaid {
    /// The order.
    pub id: OrderId,
    /// The gateway's intent, which a checkout makes only when it is paid.
    pub intent: Option<Intent>,
    /// Whom to mail.
    pub contact: Option<Contact>,
}

/// What a payment made of an order.
#[derive(Clone, Debug)]
pub enum Paid {
    /// It is paid now.
    Now {
        /// The order after it.
        order: Order,
        /// Where its stock goes.
        stock: StockMove,
    },
    /// It was paid before; nothing changed.
    Before(Order),
    /// It was cancelled or deleted; the money must go back.
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
        write::put(unit, id, &before, &mut after, OrderEvent::Paid)?;
        write::mail(unit, id, &after, contact.as_ref(), OrderMail::Paid, "")?;
        let stock = StockMove { from: before.status.holding(), to: after.status.holding() };
        Ok(Paid::Now { order: after, stock })
    }
}

/// Notes that the gateway could not take the money; the order stays as it is. Publishes
/// `order.payment_failed`, and mails the customer.
#[derive(Clone, Debug)]
pub struct NotePaymentFailure {
    /// The order.
    pub id: OrderId,
    /// The gateway's words for the customer.
    pub reason: String,
    /// Whom to mail.
    pub contact: Option<Contact>,
}

impl Command for NotePaymentFailure {
    type Owner = Orders;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Orders) -> Result<(), Failure> {
        let Self { id, reason, contact } = self;
        let before = require_order(unit, id)?;
        let mut after = before.clone();
        write::put(unit, id, &before, &mut after, OrderEvent::PaymentFailed)?;
        write::mail(unit, id, &after, contact.as_ref(), OrderMail::PaymentFailed, &reason)
    }
}

/// Notes that the gateway has given money back, all of it or a part; the order is unpaid once
/// nothing is left. Publishes `order.refunded`, and mails the customer. Does nothing if the order
/// is gone or goes by another payment.
#[derive(Clone, Debug)]
pub struct MarkRefunded {
    /// The order.
    pub id: OrderId,
    /// The payment whose money went back.
    pub payment: PaymentId,
    /// What went back.
    pub refund: MadeRefund,
    /// Whom to mail.
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
        write::put(unit, id, &before, &mut after, OrderEvent::Refunded)?;
        if refund.amount == Money::ZERO {
            // An order that cost nothing: no money went back.
            return Ok(());
        }
        let (template, reason) = (OrderMail::Refunded, refund.reason.as_str());
        let about = About { template, reason, refunded: Some(refund.amount) };
        write::mail_about(unit, id, &after, contact.as_ref(), &about)
    }
}

/// The order as it stands in this turn; refuses one that was deleted.
///
/// # Errors
/// [`Refusal::NotFound`]; [`Failure`] of the store.
pub fn require_order(unit: &Unit, id: OrderId) -> Result<Order, Failure> {
    Ok(unit.get(ORDERS, &id)?.ok_or(Refusal::NotFound(Missing::Order))?)
}

fn put_cancelled(
    unit: &Unit,
    id: OrderId,
    before: &Order,
    reason: &str,
    contact: Option<&Contact>,
) -> Result<Cancelled, Failure> {
    let mut after = before.clone();
    after.status = OrderStatus::Cancelled;
    after.expires_at = None;
    write::put(unit, id, before, &mut after, OrderEvent::Cancelled)?;
    write::mail(unit, id, &after, contact, OrderMail::Cancelled, reason)?;
    let stock = StockMove { from: before.status.holding(), to: StockHolding::Released };
    Ok(Cancelled { order: after, stock })
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
