//! How orders lie in the file: one row each, lines included.

use super::{CrmDelivery, Leaver, Recipient};
use crate::carts::CartKeyHash;
use crate::outbox::OrderSnapshot;
use crate::payments::Intent;
use crate::store::{Table, tables};
use serde::{Deserialize, Serialize};
use souk_domain::{Money, OrderId, OrderLine, OrderStatus, PaymentId, UnixMillis, UserId};

pub(super) const ORDERS: Table<OrderId, Order> = Table::new("orders.rows");
/// Deleted orders whose stock left with them: it must stay accounted for. Of others earlier
/// versions left a row, too.
pub(super) const GONE: Table<OrderId, Order> = Table::new("orders.gone");
pub(super) const BY_CUSTOMER: Table<(UserId, OrderId), ()> = Table::new("orders.by_customer");
/// Unpaid orders on the clock.
pub(super) const BY_EXPIRY: Table<(UnixMillis, OrderId), ()> = Table::new("orders.by_expiry");
/// Guests' orders that were never paid, by when they ended, or will end if nobody pays.
pub(super) const GUESTS_UNPAID: Table<(UnixMillis, OrderId), ()> =
    Table::new("orders.guests_unpaid");
/// One row, under key 0, once every order is in [`GUESTS_UNPAID`] that belongs there.
pub(super) const GUESTS_LISTED: Table<u64, ()> = Table::new("orders.guests_listed");
/// Customers who closed their account and still stand in orders.
pub(super) const TO_FORGET: Table<UserId, Leaver> = Table::new("orders.to_forget");
/// Orders of closed accounts that keep their recipient until they arrive, and until when at most.
pub(super) const KEPT_RECIPIENTS: Table<OrderId, UnixMillis> = Table::new("orders.kept_recipients");
/// The same by time.
pub(super) const RECIPIENTS_DUE: Table<(UnixMillis, OrderId), ()> =
    Table::new("orders.recipients_due");
/// Completed orders that the CRM has not taken.
pub(super) const CRM: Table<OrderId, CrmDelivery> = Table::new("orders.crm");
/// When each of them is to be told next.
pub(super) const CRM_DUE: Table<(UnixMillis, OrderId), ()> = Table::new("orders.crm_due");
/// One row, under key 0, where there is a CRM.
pub(super) const CRM_WANTED: Table<u64, ()> = Table::new("orders.crm_wanted");
/// New orders that wait for the next digest to the owner.
pub(super) const TO_ANNOUNCE: Table<OrderId, ()> = Table::new("orders.to_announce");
/// One row, under key 0.
pub(super) const SUMMARY: Table<u64, OrderSummary> = Table::new("orders.summary");

tables![
    ORDERS,
    GONE,
    BY_CUSTOMER,
    BY_EXPIRY,
    GUESTS_UNPAID,
    GUESTS_LISTED,
    TO_FORGET,
    KEPT_RECIPIENTS,
    RECIPIENTS_DUE,
    CRM,
    CRM_DUE,
    CRM_WANTED,
    TO_ANNOUNCE,
    SUMMARY,
];

/// An order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// `ORD-` and digits, unique.
    pub number: String,
    /// Whose; `None` for guests and closed accounts.
    pub customer: Option<UserId>,
    /// The key of the guest who placed it: whoever presents it may see the order.
    pub guest: Option<CartKeyHash>,
    /// Its state.
    pub status: OrderStatus,
    /// Whether the shop has the money.
    pub is_paid: bool,
    /// Who gets it, where that is not the customer's profile.
    pub recipient: Option<Recipient>,
    /// Where the goods go.
    pub shipping_address: String,
    /// Where the bill goes.
    pub billing_address: String,
    /// What was bought, at the prices of that moment.
    pub lines: Vec<OrderLine>,
    /// What it costs.
    pub total: Money,
    /// What was given back of what was paid.
    pub refunded: Money,
    /// The payment started for it.
    pub payment: Option<PaymentLink>,
    /// What the CRM said: `None` before it was asked.
    pub crm_sync: Option<CrmSync>,
    /// The version of the event the CRM was last to hear of; 0 before the first.
    pub crm_version: u64,
    /// When it expires unpaid; `None` once it is off that clock.
    pub expires_at: Option<UnixMillis>,
    /// When it was placed.
    pub created_at: UnixMillis,
    /// When it last changed.
    pub updated_at: UnixMillis,
    /// Counts the events about this order: 1, 2, 3 …
    pub version: u64,
}

crate::store::as_is!(Order);

/// The payment of an order, as the storefront shows it on the order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentLink {
    /// Our payment.
    pub payment: PaymentId,
    /// The gateway's intent; `None` where the customer pays at a page of the gateway, which makes
    /// its own.
    pub intent: Option<Intent>,
}

/// Where the CRM stands with an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CrmSync {
    /// On its way.
    Pending,
    /// Taken.
    Success,
    /// Given up.
    Failed,
}

/// Totals over all orders that were not deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderSummary {
    /// Orders.
    pub orders: u64,
    /// Orders that are paid.
    pub paid: u64,
    /// Orders in state `pending`.
    pub pending: u64,
}

crate::store::as_is!(OrderSummary);

impl Order {
    /// True for the order of a closed account.
    #[must_use]
    pub fn is_nobodys(&self) -> bool {
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

impl OrderSummary {
    /// Counts an order in.
    pub(super) fn add(&mut self, order: &Order) {
        self.orders += 1;
        self.pending += u64::from(order.status == OrderStatus::Pending);
        self.paid += u64::from(order.is_paid);
    }

    /// Counts an order out that was counted in as it is here.
    pub(super) fn subtract(&mut self, order: &Order) {
        self.orders = self.orders.saturating_sub(1);
        let pending = u64::from(order.status == OrderStatus::Pending);
        self.pending = self.pending.saturating_sub(pending);
        self.paid = self.paid.saturating_sub(u64::from(order.is_paid));
    }
}
