//! What a token says about its session.

use souk_domain::{SessionId, UserId};

/// What a token says about its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionToken {
    /// The user whose session it is.
    pub user: UserId,
    /// The session.
    pub session: SessionId,
    /// Which refresh token of the session.
    pub sequence: u64,
}
