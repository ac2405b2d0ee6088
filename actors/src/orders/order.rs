//! The types of an order.

use super::Recipient;
use crate::carts::CartKeyHash;
use crate::outbox::OrderSnapshot;
use crate::payments::Intent;
use souk_domain::{Money, OrderLine, OrderStatus, PaymentId, UnixMillis, UserId};

/// An order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// `ORD-` and digits, unique.
    pub number: String,
    /// The customer; `None` for guests and closed accounts.
    pub customer: Option<UserId>,
    /// The key of the guest who placed it; a request with that key may see the order.
    pub guest: Option<CartKeyHash>,
    /// Its state.
    pub status: OrderStatus,
    /// True if the shop has the money.
    pub is_paid: bool,
    /// The recipient, if it differs from the customer's profile.
    pub recipient: Option<Recipient>,
    /// Where the goods go.
    pub shipping_address: String,
    /// Where the bill goes.
    pub billing_address: String,
    /// The lines, at the prices of the order's time.
    pub lines: Vec<OrderLine>,
    /// What it costs.
    pub total: Money,
    /// How much of the paid amount was refunded.
    pub refunded: Money,
    /// The payment started for it.
    pub payment: Option<PaymentLink>,
    /// The CRM's answer; `None` if the order was never sent.
    pub crm_sync: Option<CrmSync>,
    /// The version of the last event that is scheduled for the CRM; 0 before the first.
    pub crm_version: u64,
    /// When it expires unpaid; `None` if it does not expire.
    pub expires_at: Option<UnixMillis>,
    /// When it was placed.
    pub created_at: UnixMillis,
    /// When it last changed.
    pub updated_at: UnixMillis,
    /// Counts the events about this order: 1, 2, 3 …
    pub version: u64,
}

/// The payment of an order, as the storefront shows it on the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentLink {
    /// Our payment.
    pub payment: PaymentId,
    /// The gateway's intent; `None` if the customer pays at a checkout page, which creates its own.
    pub intent: Option<Intent>,
}

/// The state of an order's delivery to the CRM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrmSync {
    /// Not accepted yet.
    Pending,
    /// Accepted.
    Success,
    /// Given up after repeated failures.
    Failed,
}

impl Order {
    /// True for the order of a closed account.
    #[must_use]
    pub fn is_of_closed_account(&self) -> bool {
        self.customer.is_none() && self.guest.is_none()
    }

    pub(super) fn snapshot(&self, previous_status: Option<OrderStatus>) -> OrderSnapshot {
        OrderSnapshot {
            number: self.number.clone(),
            customer: self.customer,
            status: self.status,
            previous_status,
            is_paid: self.is_paid,
            lines: self.lines.clone(),
            total: self.total,
            refunded: self.refunded,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

/// Totals over all orders that were not deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OrderSummary {
    /// Orders.
    pub orders: u64,
    /// Orders that are paid.
    pub paid: u64,
    /// Orders in state `pending`.
    pub pending: u64,
}

/// What the totals count of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    is_pending: bool,
    is_paid: bool,
}

impl Counted {
    pub(super) fn of(order: &Order) -> Self {
        Self { is_pending: order.status == OrderStatus::Pending, is_paid: order.is_paid }
    }
}

impl OrderSummary {
    /// Adds an order to the totals.
    pub(super) fn add(&mut self, order: Counted) {
        self.orders += 1;
        self.pending += u64::from(order.is_pending);
        self.paid += u64::from(order.is_paid);
    }

    /// Subtracts an order in the state in which it was added.
    pub(super) fn subtract(&mut self, order: Counted) {
        self.orders = self.orders.saturating_sub(1);
        self.pending = self.pending.saturating_sub(u64::from(order.is_pending));
        self.paid = self.paid.saturating_sub(u64::from(order.is_paid));
    }
}
