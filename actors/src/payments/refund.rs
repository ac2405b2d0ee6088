//! The types of a refund.

use souk_domain::{Money, UnixMillis, UserId};

/// A refund of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// The amount.
    pub amount: Money,
    /// The reason; may be empty.
    pub reason: String,
    /// The person or party that decided it.
    pub by: RefundedBy,
    /// Its state.
    pub state: RefundState,
    /// The gateway's id of it, once it was made.
    pub gateway_id: Option<String>,
    /// When it was decided.
    pub created_at: UnixMillis,
    /// When it last changed.
    pub updated_at: UnixMillis,
}

/// The person or party that decided a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundedBy {
    /// The shop, because the order does not need the money.
    Shop,
    /// An administrator.
    Administrator(UserId),
    /// Made directly at the gateway.
    Gateway,
}

/// The state of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundState {
    /// The gateway has not made it yet.
    Due,
    /// The gateway made it.
    Made,
    /// The gateway refused it, or it failed after it was made; an operator must look at it.
    Failed,
}

impl RefundState {
    /// The state's name in answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Due => "pending",
            Self::Made => "succeeded",
            Self::Failed => "failed",
        }
    }
}
