//! Why a command had no effect.

use crate::store::StoreError;
use souk_domain::{Misfit, Refusal};

/// A command that changed nothing, and why.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It was understood and refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Too many wait already; try again in a moment.
    #[error("too many requests wait")]
    Busy,
    /// Too many attempts from one place or at one account.
    #[error("too many attempts; the next in {retry_after_seconds} s")]
    TooManyAttempts {
        /// When to try again.
        retry_after_seconds: u32,
    },
    /// It could not be done or its outcome is unknown; try again in a moment.
    #[error("unavailable")]
    Unavailable,
    /// The disk is nearly full; queries go on.
    #[error("the disk is nearly full")]
    DiskFull,
    /// The disk is mounted read-only; queries go on.
    #[error("the disk is mounted read-only")]
    DiskReadOnly,
    /// Too much waits to be told to others; queries go on.
    #[error("the outbox is full")]
    OutboxFull,
    /// As much of a kind is kept as may be: newcomers are refused, and everybody else goes on.
    #[error("as much is kept as may be")]
    NoRoom,
    /// An owner died over it.
    #[error("the owner of {owner} died")]
    OwnerDied {
        /// Which.
        owner: &'static str,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The payment gateway could not be reached, or did not answer in time: what it was asked to
    /// do may have happened, and asking again is safe.
    #[error("the payment gateway does not answer: {why}")]
    GatewayUnavailable {
        /// For the log, without secrets.
        why: String,
    },
    /// What the payment gateway says does not fit the books. The alarm was raised, nothing is
    /// booked, and the gateway is asked again.
    #[error("what the payment gateway says does not fit the books: {misfit}")]
    GatewayMisfit {
        /// Why it does not fit.
        misfit: Misfit,
    },
    /// The payment gateway does not serve us, and would not if asked again.
    #[error("the payment gateway refused: {code}: {message}")]
    GatewayRefused {
        /// The gateway's code.
        code: String,
        /// The gateway's words, without secrets.
        message: String,
    },
}
