//! How payments lie in the file.

use crate::outbox::PaymentSnapshot;
use crate::store::{Row, Table};
use serde::{Deserialize, Serialize};
use souk_domain::{Money, OrderId, PaymentId, PaymentStatus, UnixMillis};

pub(super) const PAYMENTS: Table<PaymentId, Payment> = Table::new("payments.rows");
/// The current payment of an order: one at a time.
pub(super) const BY_ORDER: Table<OrderId, PaymentId> = Table::new("payments.by_order");
pub(super) const BY_INTENT: Table<String, PaymentId> = Table::new("payments.by_intent");
/// Payments whose money must go back: written with the cancellation, deleted with the refund.
pub(super) const REFUNDS_DUE: Table<PaymentId, ()> = Table::new("payments.refunds_due");

/// Open payments whose order needs them no more: the gateway must be told, or asked for the money
/// that came meanwhile. Deleted when the payment is no longer open.
pub(super) const TO_CLOSE: Table<PaymentId, ()> = Table::new("payments.to_close");

pub(crate) const TABLES: &[&str] =
    &[PAYMENTS.name(), BY_ORDER.name(), BY_INTENT.name(), REFUNDS_DUE.name(), TO_CLOSE.name()];

/// A payment of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// What it pays.
    pub order: OrderId,
    /// How much, from our own rows.
    pub amount: Money,
    /// Where it stands, as the gateway told.
    pub status: PaymentStatus,
    /// The gateway's intent, once it has answered.
    pub intent: Option<Intent>,
    /// True if `finalize` of the classic contract may hand over the sandbox's card.
    pub pays_at_finalize: bool,
    /// When it was begun.
    pub created_at: UnixMillis,
    /// When it last changed.
    pub updated_at: UnixMillis,
    /// Counts the events about this payment.
    pub version: u64,
}

impl Row for Payment {}

/// What the gateway calls a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// `pi_…`.
    pub id: String,
    /// What the customer's browser pays with.
    pub client_secret: String,
}

impl Payment {
    pub(super) fn snapshot(&self) -> PaymentSnapshot {
        PaymentSnapshot {
            order: self.order,
            amount: self.amount,
            status: self.status,
            intent: self.intent.as_ref().map(|intent| intent.id.clone()),
        }
    }
}
