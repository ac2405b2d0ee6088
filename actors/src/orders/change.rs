//! Changes of a placed order. The rules are `souk_domain::step`'s.

use super::Orders;
use super::rows::{BY_CUSTOMER, BY_EXPIRY, GONE, ORDERS};
use super::write::{self, About, Contact};
use super::{Order, PaymentLink, crm, forget, unpaid};
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

/// What to change; `None` leaves a field as it is.
#[derive(Clone, Debug)]
pub struct UpdateOrder {
    /// Which order.
    pub id: OrderId,
    /// Whose it was when the request was let in; an account may have been closed since.
    pub customer: Option<UserId>,
    /// Who asks; a customer may change a pending order only.
    pub by: Role,
    /// The wished state.
    pub status: Option<OrderStatus>,
    /// A new shipping address.
    pub shipping_address: Option<String>,
    /// A new billing address.
    pub billing_address: Option<String>,
    /// Whom to tell about it.
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

/// What a cancellation made of an order.
#[derive(Clone, Debug)]
pub struct Cancelled {
    /// The order after it.
    pub order: Order,
    /// Where its stock goes; nowhere if it was called off before.
    pub stock: StockMove,
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
    /// It was called off or deleted; the money must go back.
    TooLate,
}

/// The order as it stands in this turn; refuses one that was deleted.
///
/// # Errors
/// [`Refusal::NotFound`]; [`Failure`] of the store.
pub fn require_order(unit: &Unit, id: OrderId) -> Result<Order, Failure> {
    Ok(unit.get(ORDERS, &id)?.ok_or(Refusal::NotFound(Missing::Order))?)
}

impl Command for UpdateOrder {
    type Owner = Orders;
    type Reply = Updated;

    fn apply(self, unit: &Unit, _: &Orders) -> Result<Updated, Failure> {
        let command = self;
        let id = command.id;
        let before = require_order(unit, id)?;
        if before.customer != command.customer {
            // What the request brings belongs to somebody who asked to be forgotten.
            return Err(Refusal::NotFound(Missing::Order).into());
        }
        if command.by == Role::Customer && before.status != OrderStatus::Pending {
            return Err(Refusal::OrderNotPending { action: OrderAction::Update }.into());
        }
        let wished = command.status.unwrap_or(before.status);
        let moved = match step(before.status, wished, command.by) {
            Ok(StatusStep::Move { to, .. }) => Some(to),
            Ok(StatusStep::Stay) => None,
            Err(refusal) if command.status.is_some() => return Err(refusal.into()),
            Err(_) => None,
        };
        let mut current = before.clone();
        let shipping_address = command.shipping_address.unwrap_or(before.shipping_address.clone());
        let billing_address = command.billing_address.unwrap_or(before.billing_address.clone());
        if (&shipping_address, &billing_address)
            != (&before.shipping_address, &before.billing_address)
        {
            current.shipping_address = shipping_address;
            current.billing_address = billing_address;
            // No news to other systems: events carry no addresses.
            write::put_silently(unit, id, &before, &mut current)?;
        }
        let Some(to) = moved else {
            let holding = before.status.holding();
            let stock = StockMove { from: holding, to: holding };
            return Ok(Updated { order: current, stock });
        };
        if to == OrderStatus::Cancelled {
            let cancelled = put_cancelled(unit, id, &current, "", command.contact.as_ref())?;
            let Cancelled { order, stock } = cancelled;
            return Ok(Updated { order, stock });
        }
        let mut after = current.clone();
        after.status = to;
        if command.by == Role::Administrator {
            // A shop that moves an order itself does not let it expire.
            after.expires_at = None;
        }
        write::put(unit, id, &current, &mut after, event_of(to))?;
        if to == OrderStatus::Shipped {
            write::mail(unit, id, &after, command.contact.as_ref(), OrderMail::Shipped, "")?;
        }
        let stock = StockMove { from: before.status.holding(), to: to.holding() };
        Ok(Updated { order: after, stock })
    }
}

/// Call an order off. Tells `order.cancelled`; an order that is called off already is left.
#[derive(Clone, Debug)]
pub struct CancelOrder {
    /// Which.
    pub id: OrderId,
    /// Why, for the customer's mail.
    pub reason: String,
    /// Whom to tell.
    pub contact: Option<Contact>,
}

impl Command for CancelOrder {
    type Owner = Orders;
    type Reply = Cancelled;

    fn apply(self, unit: &Unit, _: &Orders) -> Result<Cancelled, Failure> {
        let Self { id, reason, contact } = self;
        let reason = &reason;
        let contact = contact.as_ref();
        let before = require_order(unit, id)?;
        match step(before.status, OrderStatus::Cancelled, Role::Administrator)? {
            StatusStep::Move { .. } => put_cancelled(unit, id, &before, reason, contact),
            StatusStep::Stay => {
                let stock = StockMove { from: StockHolding::Released, to: StockHolding::Released };
                Ok(Cancelled { order: before, stock })
            }
        }
    }
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

/// Delete an order; a customer may delete a pending one only.
#[derive(Clone, Debug)]
pub struct DeleteOrder {
    /// Which.
    pub id: OrderId,
    /// Who asks.
    pub by: Role,
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

/// Note the payment that was started for an order. Refuses if the order is not pending.
#[derive(Clone, Debug)]
pub struct LinkPayment {
    /// Which.
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

/// The gateway has taken the money. Tells `order.paid`, unless it is paid already.
#[derive(Clone, Debug)]
pub struct MarkPaid {
    /// Which.
    pub id: OrderId,
    /// The gateway's intent, which a checkout makes only when it is paid.
    pub intent: Option<Intent>,
    /// Whom to tell.
    pub contact: Option<Contact>,
}

impl Command for MarkPaid {
    type Owner = Orders;
    type Reply = Paid;

    fn apply(self, unit: &Unit, _: &Orders) -> Result<Paid, Failure> {
        let Self { id, intent, contact } = self;
        let contact = contact.as_ref();
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
        write::mail(unit, id, &after, contact, OrderMail::Paid, "")?;
        let stock = StockMove { from: before.status.holding(), to: after.status.holding() };
        Ok(Paid::Now { order: after, stock })
    }
}

/// The gateway could not take the money, and the order stays. Tells `order.payment_failed`.
#[derive(Clone, Debug)]
pub struct NotePaymentFailure {
    /// Which.
    pub id: OrderId,
    /// The gateway's words for the customer.
    pub reason: String,
    /// Whom to tell.
    pub contact: Option<Contact>,
}

impl Command for NotePaymentFailure {
    type Owner = Orders;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Orders) -> Result<(), Failure> {
        let Self { id, reason, contact } = self;
        let reason = &reason;
        let contact = contact.as_ref();
        let before = require_order(unit, id)?;
        let mut after = before.clone();
        write::put(unit, id, &before, &mut after, OrderEvent::PaymentFailed)?;
        write::mail(unit, id, &after, contact, OrderMail::PaymentFailed, reason)
    }
}

/// The gateway has given money back, all of it or a part. Tells `order.refunded`, if it is this
/// payment that the order goes by; the order is unpaid once nothing is left.
#[derive(Clone, Debug)]
pub struct MarkRefunded {
    /// Which.
    pub id: OrderId,
    /// The payment whose money went back.
    pub payment: PaymentId,
    /// What went back.
    pub refund: MadeRefund,
    /// Whom to tell.
    pub contact: Option<Contact>,
}

impl Command for MarkRefunded {
    type Owner = Orders;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Orders) -> Result<(), Failure> {
        let Self { id, payment, refund, contact } = self;
        let refund = &refund;
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
