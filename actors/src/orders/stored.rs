//! How orders lie in the file: one row each, lines included.

use super::order::{CrmSync, Order, OrderSummary, PaymentLink};
use super::{CrmDelivery, Leaver, Recipient};
use crate::payments::IntentV1;
use crate::store::{Row, Table, Text, read_all, tables};
use crate::stored;
use souk_domain::{OrderId, OrderLine, OrderStatus, UnixMillis, UserId};

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

    /// Who gets an order.
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

    /// What the orders of a closed account still need. Version 1 kept nothing.
    pub struct LeaverV2<'a> of Leaver {
        first_name: Text<'a>,
        last_name: Text<'a>,
        phone_number: Text<'a>,
        address: Text<'a>,
        city: Text<'a>,
        postcode: Text<'a>,
    }

    /// What the CRM has still to hear of.
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

    /// Where the CRM stands with an order.
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

impl Row for Leaver {
    const VERSION: u8 = 2;
    type Stored<'a> = LeaverV2<'a>;

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
        assert_eq!(Leaver::read(1, &[]), Some(Leaver::default()));
        assert_eq!(Leaver::read(1, &[0]), None);
        let bytes = b"\x03Ann\0\0\0\0\0";
        let leaver = Leaver { first_name: "Ann".to_owned(), ..Leaver::default() };
        assert_eq!(Leaver::read(2, bytes), Some(leaver));
        assert_eq!(Leaver::read(3, bytes), None);
    }
}
