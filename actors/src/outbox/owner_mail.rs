//! Mails to the shop's owner about orders, and how other systems read them. What
//! a customer wrote stands in them as plain text, each field on one line.

use super::wire::{LineContext, line_context};
use schemars::JsonSchema;
use serde::Serialize;
use souk_domain::text::mail_line;
use souk_domain::{Currency, Money, OrderLine, UnixMillis};

/// A new order, with what is needed to send it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrder {
    /// `ORD-…`.
    pub number: String,
    /// Who gets it; may be empty.
    pub customer_name: String,
    /// Where mails about it go; may be empty.
    pub email: String,
    /// May be empty.
    pub phone_number: String,
    /// Where it goes; may be empty.
    pub shipping_address: String,
    /// May be empty.
    pub postcode: String,
    /// May be empty.
    pub city: String,
    /// What the customer wants the shop to know; may be empty.
    pub notes: String,
    /// What was bought.
    pub lines: Vec<OrderLine>,
    /// What it costs.
    pub total: Money,
}

/// A new order among others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedOrder {
    /// `ORD-…`.
    pub number: String,
    /// Who gets it; may be empty.
    pub customer_name: String,
    /// Where it goes; may be empty.
    pub city: String,
    /// What it costs.
    pub total: Money,
    /// When it was placed.
    pub placed_at: UnixMillis,
}

/// Fills `new_order`.
#[derive(Serialize, JsonSchema)]
pub(super) struct NewOrderContext {
    /// `ORD-…`.
    order_number: String,
    /// Who gets it; may be empty.
    customer_name: String,
    /// Where mails about it go; may be empty.
    email: String,
    /// May be empty.
    phone_number: String,
    /// Where it goes; may be empty.
    shipping_address: String,
    /// May be empty.
    postcode: String,
    /// May be empty.
    city: String,
    /// What the customer wants the shop to know; may be empty.
    notes: String,
    /// What was bought.
    lines: Vec<LineContext>,
    /// What it costs.
    total: String,
    /// ISO 4217.
    currency: String,
}

/// Fills `order_digest`.
#[derive(Serialize, JsonSchema)]
pub(super) struct OrderDigestContext {
    /// The new orders, oldest first.
    orders: Vec<ListedOrderContext>,
    /// How many they are.
    count: usize,
    /// ISO 4217.
    currency: String,
}

/// An order as a digest shows it.
#[derive(Serialize, JsonSchema)]
struct ListedOrderContext {
    /// `ORD-…`.
    order_number: String,
    /// Who gets it; may be empty.
    customer_name: String,
    /// Where it goes; may be empty.
    city: String,
    /// What it costs.
    total: String,
    /// When it was placed.
    #[schemars(extend("format" = "date-time"))]
    placed_at: String,
}

impl NewOrderContext {
    pub(super) fn new(order: &NewOrder, currency: Currency) -> Self {
        Self {
            order_number: order.number.clone(),
            customer_name: mail_line(&order.customer_name),
            email: mail_line(&order.email),
            phone_number: mail_line(&order.phone_number),
            shipping_address: mail_line(&order.shipping_address),
            postcode: mail_line(&order.postcode),
            city: mail_line(&order.city),
            notes: mail_line(&order.notes),
            lines: order.lines.iter().map(|line| line_context(line, currency)).collect(),
            total: currency.format(order.total),
            currency: currency.code().to_owned(),
        }
    }
}

impl OrderDigestContext {
    pub(super) fn new(orders: &[ListedOrder], currency: Currency) -> Self {
        let listed = orders.iter().map(|order| ListedOrderContext {
            order_number: order.number.clone(),
            customer_name: mail_line(&order.customer_name),
            city: mail_line(&order.city),
            total: currency.format(order.total),
            placed_at: order.placed_at.to_string(),
        });
        let currency = currency.code().to_owned();
        Self { orders: listed.collect(), count: orders.len(), currency }
    }
}
