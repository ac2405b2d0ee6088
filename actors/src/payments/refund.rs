//! What a refund is.

use souk_domain::{Money, UnixMillis, UserId};

/// Money that goes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// How much.
    pub amount: Money,
    /// Why; perhaps empty.
    pub reason: String,
    /// Who decided it.
    pub by: RefundedBy,
    /// Where it stands.
    pub state: RefundState,
    /// What the gateway calls it, once it was made there.
    pub gateway_id: Option<String>,
    /// When it was decided.
    pub created_at: UnixMillis,
    /// When it last changed.
    pub updated_at: UnixMillis,
}

/// Who decided that money goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundedBy {
    /// The shop: the order does not need it.
    Shop,
    /// An administrator.
    Administrator(UserId),
    /// Somebody at the gateway.
    Gateway,
}

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundState {
    /// The gateway has still to make it.
    Due,
    /// The gateway made it.
    Made,
    /// The gateway will not make it, or could not in the end; somebody must look at it.
    Failed,
}

impl RefundState {
    /// The word for it in answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Due => "pending",
            Self::Made => "succeeded",
            Self::Failed => "failed",
        }
    }
}
