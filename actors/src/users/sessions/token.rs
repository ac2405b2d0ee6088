//! The session claims of a token.

use souk_domain::{SessionId, UserId};

/// The session claims of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionToken {
    /// The session's user.
    pub user: UserId,
    /// The session.
    pub session: SessionId,
    /// The number of the refresh token within the session.
    pub sequence: u64,
}
