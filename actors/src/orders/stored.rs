//! The tables of orders. An order is one row, lines included.

use super::order::{CrmSync, Order, OrderSummary, PaymentLink};
use super::{CrmDelivery, FormerCustomer, Recipient};
use crate::payments::IntentV1;
use crate::store::{Row, Table, Text, read_all, tables};
use crate::stored;
use souk_domain::{OrderId, OrderLine, OrderStatus, UnixMillis, UserId};

pub(super) const ORDERS: Table<OrderId, Order> = Table::new("orders.rows");
/// Deleted orders whose goods were shipped, kept because their stock must stay accounted for.
/// Earlier versions kept rows of other deleted orders too.
pub(super) const GONE: Table<OrderId, Order> = Table::new("orders.gone");
pub(super) const BY_CUSTOMER: Table<(UserId, OrderId), ()> = Table::new("orders.by_customer");
/// Unpaid orders by their expiry.
pub(super) const BY_EXPIRY: Table<(UnixMillis, OrderId), ()> = Table::new("orders.by_expiry");
/// Guests' orders that were never paid, by when they ended or will expire.
pub(super) const GUESTS_UNPAID: Table<(UnixMillis, OrderId), ()> =
    Table::new("orders.guests_unpaid");
/// One row, under key 0, once [`GUESTS_UNPAID`] is complete.
pub(super) const GUESTS_LISTED: Table<u64, ()> = Table::new("orders.guests_listed");
/// Customers who closed their account and are still named in orders.
pub(super) const TO_FORGET: Table<UserId, FormerCustomer> = Table::new("orders.to_forget");
/// Orders of closed accounts that keep their recipient, with the latest time to wipe it.
pub(super) const KEPT_RECIPIENTS: Table<OrderId, UnixMillis> = Table::new("orders.kept_recipients");
/// [`KEPT_RECIPIENTS`] by time.
pub(super) const RECIPIENTS_DUE: Table<(UnixMillis, OrderId), ()> =
    Table::new("orders.recipients_due");
/// Completed orders that the CRM has not accepted.
pub(super) const CRM: Table<OrderId, CrmDelivery> = Table::new("orders.crm");
/// [`CRM`] by the time of the next attempt.
pub(super) const CRM_DUE: Table<(UnixMillis, OrderId), ()> = Table::new("orders.crm_due");
/// One row, under key 0, if a CRM is configured.
pub(super) const CRM_WANTED: Table<u64, ()> = Table::new("orders.crm_wanted");
/// New orders that wait for the next digest to the shop's owner.
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

stored! {
    /// An order.
    pub struct OrderV1<'a> of Order {
        number: Text<'a>,
        customer: Option<u64>,
        guest: Option<[u8; 32]>,
        status: OrderStatusV1,
        is_paid: bool,
        recipient: Option<RecipientV1<'a>>,
        shipping_address: Text<'a>,
        billing_address: Text<'a>,
        lines: Vec<OrderLineV1<'a>>,
        total: i64,
        refunded: i64,
        payment: Option<PaymentLinkV1<'a>>,
        crm_sync: Option<CrmSyncV1>,
        crm_version: u64,
        expires_at: Option<i64>,
        created_at: i64,
        updated_at: i64,
        version: u64,
    }

    /// The recipient of an order.
    struct RecipientV1<'a> of Recipient {
        first_name: Text<'a>,
        last_name: Text<'a>,
        phone_number: Text<'a>,
        email: Text<'a>,
        city: Text<'a>,
        postcode: Text<'a>,
        notes: Text<'a>,
    }

    /// A line of an order.
    pub(crate) struct OrderLineV1<'a> of OrderLine {
        id: u64,
        product: u64,
        product_name: Text<'a>,
        unit_price: i64,
        quantity: u32,
    }

    /// The payment of an order.
    struct PaymentLinkV1<'a> of PaymentLink {
        payment: u64,
        intent: Option<IntentV1<'a>>,
    }

    /// Totals over all orders.
    pub struct OrderSummaryV1 of OrderSummary {
        orders: u64,
        paid: u64,
        pending: u64,
    }

    /// The personal data that orders of a closed account need. Version 1 kept nothing.
    pub struct FormerCustomerV2<'a> of FormerCustomer {
        first_name: Text<'a>,
        last_name: Text<'a>,
        phone_number: Text<'a>,
        address: Text<'a>,
        city: Text<'a>,
        postcode: Text<'a>,
    }

    /// A completed order that the CRM has not accepted.
    pub struct CrmDeliveryV1 of CrmDelivery {
        version: u64,
        tries: u32,
        since: i64,
        next_try: Option<i64>,
    }
}

stored! {
    /// The state of an order.
    pub(crate) enum OrderStatusV1 of OrderStatus {
        Pending,
        Processing,
        Completed,
        Shipped,
        Delivered,
        Cancelled,
    }

    /// The state of an order's delivery to the CRM.
    enum CrmSyncV1 of CrmSync {
        Pending,
        Success,
        Failed,
    }
}

impl Row for Order {
    type Stored<'a> = OrderV1<'a>;
}

impl Row for OrderSummary {
    type Stored<'a> = OrderSummaryV1;
}

impl Row for CrmDelivery {
    type Stored<'a> = CrmDeliveryV1;
}

impl Row for FormerCustomer {
    const VERSION: u8 = 2;
    type Stored<'a> = FormerCustomerV2<'a>;

    fn read(version: u8, bytes: &[u8]) -> Option<Self> {
        match version {
            1 => read_all::<()>(bytes).map(|()| Self::default()),
            2 => Self::read_newest(bytes),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_of_version_1_is_read() {
        assert_eq!(FormerCustomer::read(1, &[]), Some(FormerCustomer::default()));
        assert_eq!(FormerCustomer::read(1, &[0]), None);
        let bytes = b"\x03Ann\0\0\0\0\0";
        let former_customer =
            FormerCustomer { first_name: "Ann".to_owned(), ..FormerCustomer::default() };
        assert_eq!(FormerCustomer::read(2, bytes), Some(former_customer));
        assert_eq!(FormerCustomer::read(3, bytes), None);
    }
}
