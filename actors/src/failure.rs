//! Why a command had no effect.

use crate::store::StoreError;
use souk_domain::{Misfit, Refusal};

/// A command that changed nothing, and why.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A rule rejects the command.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Too many requests wait already; the client should retry in a moment.
    #[error("too many requests wait")]
    Busy,
    /// Too many attempts from one address or on one account.
    #[error("too many attempts; the next in {retry_after_seconds} s")]
    TooManyAttempts {
        /// When the client may retry.
        retry_after_seconds: u32,
    },
    /// It could not be done or its outcome is unknown; the client should retry in a moment.
    #[error("unavailable")]
    Unavailable,
    /// The disk is nearly full; queries still work.
    #[error("the disk is nearly full")]
    DiskFull,
    /// The disk is mounted read-only; queries still work.
    #[error("the disk is mounted read-only")]
    DiskReadOnly,
    /// Too many events and mails wait to leave; queries still work.
    #[error("the outbox is full")]
    OutboxFull,
    /// The bound on the number of rows of this kind is reached: new ones are rejected, existing
    /// ones still work.
    #[error("as much is kept as may be")]
    NoRoom,
    /// The lease under which the turn was taken has ended, so the turn had no effect. The work stops
    /// and waits until it has the lease again.
    #[error("this process does not hold the lease of {work} any more")]
    LeaseLost {
        /// The leased work.
        work: &'static str,
    },
    /// An owner died while it handled the command.
    #[error("the owner of {owner} died")]
    OwnerDied {
        /// The owner's name.
        owner: &'static str,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The payment gateway could not be reached or did not answer in time. The requested step may
    /// have happened; repeating it is safe.
    #[error("the payment gateway does not answer: {why}")]
    GatewayUnavailable {
        /// For the log, without secrets.
        why: String,
    },
    /// The gateway's answer contradicts our books. The alarm was raised, nothing is booked, and the
    /// gateway is asked again later.
    #[error("what the payment gateway says does not fit the books: {misfit}")]
    GatewayMisfit {
        /// Why it does not fit.
        misfit: Misfit,
    },
    /// The payment gateway rejects our calls, and would reject a retry.
    #[error("the payment gateway refused: {code}: {message}")]
    GatewayRefused {
        /// The gateway's code.
        code: String,
        /// The gateway's message, without secrets.
        message: String,
    },
}
