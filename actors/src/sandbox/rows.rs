//! The sandbox's own books.

use super::CheckoutPages;
use crate::store::{Row, Table};
use serde::{Deserialize, Serialize};
use souk_domain::{Money, PaymentStatus, UnixMillis};

pub(super) const INTENTS: Table<String, SandboxIntent> = Table::new("sandbox.intents");
/// Intents by the idempotency key they were made with.
pub(super) const BY_KEY: Table<String, String> = Table::new("sandbox.by_key");

/// Checkout pages, by the id of their session.
pub(super) const CHECKOUTS: Table<String, SandboxCheckout> = Table::new("sandbox.checkouts");
pub(super) const CHECKOUT_BY_INTENT: Table<String, String> =
    Table::new("sandbox.checkout_by_intent");

pub(crate) const TABLES: &[&str] =
    &[INTENTS.name(), BY_KEY.name(), CHECKOUTS.name(), CHECKOUT_BY_INTENT.name()];

/// An intent to pay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SandboxIntent {
    pub(super) amount: Money,
    pub(super) client_secret: String,
    pub(super) status: PaymentStatus,
    pub(super) created_at: UnixMillis,
}

impl Row for SandboxIntent {}

/// A page where an intent is paid or given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SandboxCheckout {
    pub(super) intent: String,
    pub(super) pages: CheckoutPages,
}

impl Row for SandboxCheckout {}
