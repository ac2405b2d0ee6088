//! The tables of the sandbox's books.

use super::books::{SandboxCheckout, SandboxEventRow, SandboxIntent, SandboxRefund};
use crate::gateway::Decline;
use crate::payments::{CheckoutPagesV1, PaymentStatusV1};
use crate::store::{Row, Table, Text, tables};
use crate::stored;

pub(super) const INTENTS: Table<String, SandboxIntent> = Table::new("sandbox.intents");
/// Intents by their creation's idempotency key.
pub(super) const BY_KEY: Table<String, String> = Table::new("sandbox.by_key");
/// Checkouts, by the id of their session.
pub(super) const CHECKOUTS: Table<String, SandboxCheckout> = Table::new("sandbox.checkouts");
/// Checkouts by their creation's idempotency key.
pub(super) const CHECKOUT_BY_KEY: Table<String, String> = Table::new("sandbox.checkout_by_key");
/// Messages that the shop has not accepted yet, in the order of events.
pub(super) const EVENTS: Table<u64, SandboxEventRow> = Table::new("sandbox.events");

tables![INTENTS, BY_KEY, CHECKOUTS, CHECKOUT_BY_KEY, EVENTS];

stored! {
    /// An intent to pay.
    pub(super) struct SandboxIntentV1<'a> of SandboxIntent {
        amount: i64,
        currency: Text<'a>,
        client_secret: Text<'a>,
        status: PaymentStatusV1,
        last_decline: Option<DeclineV1<'a>>,
        last_attempt: Option<Text<'a>>,
        refunds: Vec<SandboxRefundV1<'a>>,
        created_at: i64,
    }

    /// A declined charge.
    struct DeclineV1<'a> of Decline {
        charge: Option<Text<'a>>,
        reason: Text<'a>,
    }

    /// A refund.
    struct SandboxRefundV1<'a> of SandboxRefund {
        id: Text<'a>,
        key: Text<'a>,
        amount: i64,
    }

    /// A checkout page.
    pub(super) struct SandboxCheckoutV1<'a> of SandboxCheckout {
        amount: i64,
        currency: Text<'a>,
        pages: CheckoutPagesV1<'a>,
        intent: Option<Text<'a>>,
        is_expired: bool,
        created_at: i64,
    }

    /// A message to the shop.
    pub(super) struct SandboxEventV1<'a> of SandboxEventRow {
        id: Text<'a>,
        body: Text<'a>,
    }
}

impl Row for SandboxIntent {
    type Stored<'a> = SandboxIntentV1<'a>;
}

impl Row for SandboxCheckout {
    type Stored<'a> = SandboxCheckoutV1<'a>;
}

impl Row for SandboxEventRow {
    type Stored<'a> = SandboxEventV1<'a>;
}
