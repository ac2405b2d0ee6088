//! The sandbox's own books.

use crate::gateway::{CheckoutPages, Decline};
use crate::store::{Table, tables};
use serde::{Deserialize, Serialize};
use souk_domain::{Money, PaymentStatus, UnixMillis};

pub(super) const INTENTS: Table<String, SandboxIntent> = Table::new("sandbox.intents");
/// Intents by the idempotency key they were made with.
pub(super) const BY_KEY: Table<String, String> = Table::new("sandbox.by_key");

/// Checkouts, by the id of their session.
pub(super) const CHECKOUTS: Table<String, SandboxCheckout> = Table::new("sandbox.checkouts");
/// Checkouts by the idempotency key they were made with.
pub(super) const CHECKOUT_BY_KEY: Table<String, String> = Table::new("sandbox.checkout_by_key");

/// Messages to the shop that it has not taken yet, in the order in which they happened.
pub(super) const EVENTS: Table<u64, SandboxEventRow> = Table::new("sandbox.events");

tables![INTENTS, BY_KEY, CHECKOUTS, CHECKOUT_BY_KEY, EVENTS];

/// An intent to pay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SandboxIntent {
    pub(super) amount: Money,
    /// ISO 4217 code in lower case, as Stripe writes it.
    pub(super) currency: String,
    pub(super) client_secret: String,
    pub(super) status: PaymentStatus,
    /// Why the last attempt was refused, while it is the last one.
    pub(super) last_decline: Option<Decline>,
    /// The idempotency key of the last attempt: asked again, it is the same attempt.
    pub(super) last_attempt: Option<String>,
    pub(super) refunds: Vec<SandboxRefund>,
    pub(super) created_at: UnixMillis,
}

crate::store::as_is!(SandboxIntent);

/// Money that was given back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SandboxRefund {
    pub(super) id: String,
    pub(super) key: String,
    pub(super) amount: Money,
}

/// A page where somebody pays or gives up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SandboxCheckout {
    pub(super) amount: Money,
    /// ISO 4217 code in lower case.
    pub(super) currency: String,
    pub(super) pages: CheckoutPages,
    /// Made when somebody pays.
    pub(super) intent: Option<String>,
    pub(super) is_expired: bool,
    pub(super) created_at: UnixMillis,
}

crate::store::as_is!(SandboxCheckout);

/// A message to the shop, as it is signed and sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SandboxEventRow {
    pub(super) id: String,
    pub(super) body: String,
}

crate::store::as_is!(SandboxEventRow);
