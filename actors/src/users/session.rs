//! What a log-in is, and what is kept for people who cannot log in.

use souk_domain::{UnixMillis, UserId};

/// One log-in. It lives as long as its youngest refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The user who logged in.
    pub user: UserId,
    /// Number of the one refresh token that is good; a rotation counts it up.
    pub sequence: u64,
    /// When its youngest refresh token ends.
    pub ends_at: UnixMillis,
}

/// The tokens of one user that may still be good; few of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PasswordResets {
    pub(super) live: Vec<LiveReset>,
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LiveReset {
    /// SHA-256 of the token.
    pub(super) hash: [u8; 32],
    /// Not good from then on.
    pub(super) ends_at: UnixMillis,
}
