//! Placing an order.

use super::mail::mail;
use super::notices::announce_or_list;
use super::publish::append_event;
use super::stored::{BY_CUSTOMER, BY_EXPIRY, ORDERS};
use super::{Contact, Order, Orders, Recipient, totals, unpaid};
use crate::carts::CartKeyHash;
use crate::outbox::{OrderEvent, OrderMail};
use crate::owner::Command;
use crate::store::Unit;
use crate::{Failure, ids};
use souk_domain::{
    Money, OrderId, OrderLine, OrderLineId, OrderStatus, ProductId, Quantity, UserId, order_total,
};
use std::time::Duration;

/// The customer, recipient and addresses of an order.
#[derive(Clone, Debug)]
pub struct OrderDraft {
    /// The customer; `None` for a guest.
    pub customer: Option<UserId>,
    /// The key of the ordering guest; a request with that key may see the order.
    pub guest: Option<CartKeyHash>,
    /// The recipient, if it differs from the customer's profile.
    pub recipient: Option<Recipient>,
    /// The mail recipient, unless `recipient` has an address.
    pub contact: Option<Contact>,
    /// Where the goods go.
    pub shipping_address: String,
    /// Where the bill goes.
    pub billing_address: String,
    /// How long it may stay unpaid before it expires.
    pub time_to_live: Duration,
}

/// A line of a new order, at the current price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PricedLine {
    /// The product.
    pub product: ProductId,
    /// The product's name.
    pub product_name: String,
    /// What the customer pays for one unit.
    pub unit_price: Money,
    /// How many units.
    pub quantity: Quantity,
}

/// Places an order. The sender MUST take the stock of every line in the same turn. Publishes
/// `order.placed`, mails the confirmation to the customer, and notifies the shop's owner. Rejects a
/// total that is too large.
#[derive(Clone, Debug)]
pub struct PlaceOrder {
    /// The customer, recipient and addresses.
    pub draft: OrderDraft,
    /// The lines; at least one, each product once.
    pub lines: Vec<PricedLine>,
}

impl Command for PlaceOrder {
    type Owner = Orders;
    type Reply = (OrderId, Order);

    fn apply(self, unit: &Unit, owner: &Orders) -> Result<(OrderId, Order), Failure> {
        let Self { draft, lines: priced } = self;
        let id = ids::next(unit, "order", OrderId::new)?;
        let mut lines = Vec::with_capacity(priced.len());
        for PricedLine { product, product_name, unit_price, quantity } in priced {
            let id = ids::next(unit, "order_line", OrderLineId::new)?;
            lines.push(OrderLine { id, product, product_name, unit_price, quantity });
        }
        let expires_at = unit.now().after(draft.time_to_live);
        let order = Order {
            number: format!("ORD-{:010}", id.get()),
            customer: draft.customer,
            guest: draft.guest,
            recipient: draft.recipient,
            status: OrderStatus::Pending,
            is_paid: false,
            shipping_address: draft.shipping_address,
            billing_address: draft.billing_address,
            total: order_total(&lines)?,
            lines,
            refunded: Money::ZERO,
            payment: None,
            crm_sync: None,
            crm_version: 0,
            expires_at: Some(expires_at),
            created_at: unit.now(),
            updated_at: unit.now(),
            version: 1,
        };
        unit.put(ORDERS, &id, &order)?;
        if let Some(customer) = order.customer {
            unit.put(BY_CUSTOMER, &(customer, id), &())?;
        }
        unit.put(BY_EXPIRY, &(expires_at, id), &())?;
        unpaid::relist(unit, id, None, Some(&order))?;
        totals::recount(unit, None, Some(&order))?;
        append_event(unit, id, &order, OrderEvent::Placed, None)?;
        mail(unit, id, &order, draft.contact.as_ref(), OrderMail::Placed, "")?;
        announce_or_list(unit, id, &order, draft.contact.as_ref(), owner.notices)?;
        Ok((id, order))
    }
}
