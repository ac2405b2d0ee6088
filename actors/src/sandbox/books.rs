//! The rows of the sandbox's books.

use crate::gateway::{CheckoutPages, Decline};
use souk_domain::{Money, PaymentStatus, UnixMillis};

/// An intent to pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SandboxIntent {
    pub(super) amount: Money,
    /// ISO 4217 code in lower case, as Stripe writes it.
    pub(super) currency: String,
    pub(super) client_secret: String,
    pub(super) status: PaymentStatus,
    /// Why the last attempt was declined; `None` after a newer attempt.
    pub(super) last_decline: Option<Decline>,
    /// The idempotency key of the last attempt: a call with the same key is the same attempt.
    pub(super) last_attempt: Option<String>,
    pub(super) refunds: Vec<SandboxRefund>,
    pub(super) created_at: UnixMillis,
}

/// A refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SandboxRefund {
    pub(super) id: String,
    pub(super) key: String,
    pub(super) amount: Money,
}

/// A checkout page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SandboxCheckout {
    pub(super) amount: Money,
    /// ISO 4217 code in lower case.
    pub(super) currency: String,
    pub(super) pages: CheckoutPages,
    /// Created when the customer pays.
    pub(super) intent: Option<String>,
    pub(super) is_expired: bool,
    pub(super) created_at: UnixMillis,
}

/// A message to the shop, as signed and sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SandboxEventRow {
    pub(super) id: String,
    pub(super) body: String,
}
