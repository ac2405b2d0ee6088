//! The types of a session and of password resets.

use souk_domain::{UnixMillis, UserId};

/// A session, from log-in until its newest refresh token expires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The user who logged in.
    pub user: UserId,
    /// The number of the valid refresh token; each rotation increments it.
    pub sequence: u64,
    /// When the newest refresh token expires.
    pub ends_at: UnixMillis,
}

/// The reset tokens of one user that may still be valid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PasswordResets {
    pub(super) live: Vec<LiveReset>,
}

/// A reset token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LiveReset {
    /// SHA-256 of the token.
    pub(super) hash: [u8; 32],
    /// When the token expires.
    pub(super) ends_at: UnixMillis,
}
