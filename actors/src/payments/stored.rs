//! The tables of payments, refunds and the ledger.

use super::ledger::{Account, Balance, LedgerEntry, Movement, Posting};
use super::payment::{Dispute, DisputeStatus, Doubt, Intent, Payment, PaymentFlow};
use super::refund::{Refund, RefundState, RefundedBy};
use crate::gateway::CheckoutPages;
use crate::store::{Row, Stored, Table, Text, tables};
use crate::stored;
use souk_domain::{OrderId, PaymentId, PaymentStatus, UnixMillis};

pub(super) const PAYMENTS: Table<PaymentId, Payment> = Table::new("payments.rows");
/// The current payment of an order: one at a time.
pub(super) const BY_ORDER: Table<OrderId, PaymentId> = Table::new("payments.by_order");
/// Every payment of each order.
pub(super) const OF_ORDER: Table<(OrderId, PaymentId), ()> = Table::new("payments.of_order");
pub(super) const BY_INTENT: Table<String, PaymentId> = Table::new("payments.by_intent");
pub(super) const BY_CHECKOUT: Table<String, PaymentId> = Table::new("payments.by_checkout");
/// Payments that can still be paid at the gateway.
pub(super) const OPEN: Table<PaymentId, ()> = Table::new("payments.open");
/// Open payments that their order no longer needs. Housekeeping closes them at the gateway, or
/// books and refunds money that arrived meanwhile. Deleted when the payment is no longer open.
pub(super) const TO_CLOSE: Table<PaymentId, ()> = Table::new("payments.to_close");
/// Payments about which the gateway must be asked: its answer to a charge is not booked yet, or it
/// claimed something that contradicts the books.
pub(super) const IN_DOUBT: Table<PaymentId, Doubt> = Table::new("payments.in_doubt");
/// Refunds, by their payment and their number within it.
pub(super) const REFUNDS: Table<(PaymentId, u64), Refund> = Table::new("payments.refunds");
/// Refunds that the gateway has not made yet: written when they are decided, deleted when they are
/// made.
pub(super) const REFUNDS_DUE: Table<(PaymentId, u64), ()> = Table::new("payments.refunds_due");
/// The ids of the gateway's messages that were received.
pub(super) const RECEIVED: Table<String, ()> = Table::new("payments.heard");
pub(super) const RECEIVED_BY_TIME: Table<(UnixMillis, String), ()> =
    Table::new("payments.heard_by_time");

/// The ledger's entries in the order in which they were appended.
pub(super) const ENTRIES: Table<u64, LedgerEntry> = Table::new("payments.ledger");
pub(super) const ENTRIES_OF_ORDER: Table<(OrderId, u64), ()> =
    Table::new("payments.ledger_of_order");
/// The balance of each account: the sum of its postings.
pub(super) const BALANCES: Table<u64, Balance> = Table::new("payments.ledger_balances");

tables![
    PAYMENTS,
    BY_ORDER,
    OF_ORDER,
    BY_INTENT,
    BY_CHECKOUT,
    OPEN,
    TO_CLOSE,
    IN_DOUBT,
    REFUNDS,
    REFUNDS_DUE,
    RECEIVED,
    RECEIVED_BY_TIME,
    ENTRIES,
    ENTRIES_OF_ORDER,
    BALANCES,
];

stored! {
    /// A payment of an order.
    pub struct PaymentV1<'a> of Payment {
        order: u64,
        amount: i64,
        status: PaymentStatusV1,
        flow: PaymentFlowV1<'a>,
        intent: Option<IntentV1<'a>>,
        checkout: Option<Text<'a>>,
        pays_at_finalize: bool,
        received: i64,
        refunded: i64,
        refunding: i64,
        lost: i64,
        counts_as: AccountV1,
        owed_back: i64,
        attempts: u32,
        last_declined_charge: Option<Text<'a>>,
        dispute: Option<DisputeV1<'a>>,
        created_at: i64,
        updated_at: i64,
        version: u64,
    }

    /// The gateway's intent of a payment.
    pub(crate) struct IntentV1<'a> of Intent {
        id: Text<'a>,
        client_secret: Text<'a>,
    }

    /// The URLs that a checkout leads to.
    pub(crate) struct CheckoutPagesV1<'a> of CheckoutPages {
        shop: Text<'a>,
        success: Text<'a>,
        cancel: Text<'a>,
    }

    /// A dispute that a customer opened with the bank.
    struct DisputeV1<'a> of Dispute {
        id: Text<'a>,
        amount: i64,
        reason: Text<'a>,
        status: DisputeStatusV1,
    }

    /// An unresolved question about a payment.
    pub struct DoubtV1 of Doubt {
        attempt: u32,
        since: i64,
    }

    /// A refund of a payment.
    pub struct RefundV1<'a> of Refund {
        amount: i64,
        reason: Text<'a>,
        by: RefundedByV1,
        state: RefundStateV1,
        gateway_id: Option<Text<'a>>,
        created_at: i64,
        updated_at: i64,
    }

    /// One movement of money.
    pub struct LedgerEntryV1 of LedgerEntry {
        time: i64,
        order: u64,
        payment: u64,
        movement: MovementV1,
        postings: [PostingV1; 2],
    }

    /// One side of a ledger entry.
    struct PostingV1 of Posting {
        account: AccountV1,
        amount: i64,
    }
}

stored! {
    /// The status of a payment.
    pub(crate) enum PaymentStatusV1 of PaymentStatus {
        RequiresPaymentMethod,
        RequiresAction,
        Processing,
        Succeeded,
        Canceled,
        Refunded,
    }

    /// The method of payment.
    enum PaymentFlowV1<'a> of PaymentFlow {
        Intent,
        Checkout(pages: CheckoutPagesV1<'a>),
    }

    /// The status of a dispute.
    enum DisputeStatusV1 of DisputeStatus {
        Open,
        Won,
        Lost,
    }

    /// The person or party that decided a refund.
    enum RefundedByV1 of RefundedBy {
        Shop,
        Administrator(user: u64),
        Gateway,
    }

    /// The state of a refund.
    enum RefundStateV1 of RefundState {
        Due,
        Made,
        Failed,
    }

    /// An account of the ledger.
    enum AccountV1 of Account {
        Gateway,
        Receivable,
        Sales,
        Refunds,
        Disputes,
        Archived,
    }

    /// The kind of a movement.
    enum MovementV1 of Movement {
        Charged,
        Sold,
        Refunded,
        RefundFailed,
        Deleted,
        DisputeLost,
    }
}

impl Row for Payment {
    type Stored<'a> = PaymentV1<'a>;
}

impl Row for Doubt {
    type Stored<'a> = DoubtV1;
}

impl Row for Refund {
    type Stored<'a> = RefundV1<'a>;
}

impl Row for LedgerEntry {
    type Stored<'a> = LedgerEntryV1;
}

/// A balance in minor units, debits positive.
impl Row for Balance {
    type Stored<'a> = i64;
}

impl Stored<'_, Balance> for i64 {
    fn of(Balance(amount): &Balance) -> Self {
        *amount
    }

    fn value(self) -> Option<Balance> {
        Some(Balance(self))
    }
}
