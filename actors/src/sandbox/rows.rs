//! The sandbox's own books.

use crate::store::{Row, Table};
use serde::{Deserialize, Serialize};
use souk_domain::{Money, PaymentStatus, UnixMillis};

pub(super) const INTENTS: Table<String, SandboxIntent> = Table::new("sandbox.intents");
/// Intents by the idempotency key they were made with.
pub(super) const BY_KEY: Table<String, String> = Table::new("sandbox.by_key");

pub(crate) const TABLES: &[&str] = &[INTENTS.name(), BY_KEY.name()];

/// An intent to pay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SandboxIntent {
    pub(super) amount: Money,
    pub(super) client_secret: String,
    pub(super) status: PaymentStatus,
    pub(super) created_at: UnixMillis,
}

impl Row for SandboxIntent {}
