//! The conditions under which a stored answer may be repeated.

use super::digest;
use crate::hashing::PasswordHash;
use crate::store::{Read, StoreError};
use crate::users::{self, SessionToken, User};
use souk_domain::{SessionId, UnixMillis, UserId};
use std::time::Duration;

/// The account, password or session that a stored answer depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    pub(super) user: UserId,
    /// The session that the answer created, and the number of its refresh token.
    pub(super) session: Option<(SessionId, u64)>,
    /// A fingerprint of the password hash, if the request needed the password.
    pub(super) password: Option<[u8; 32]>,
    /// A fingerprint of the e-mail address and the user name, either of which the request may have
    /// used.
    pub(super) names: Option<[u8; 32]>,
    /// How long the answer may be repeated, if that is shorter than [`KEPT`].
    pub(super) seconds: Option<u32>,
}

impl Grant {
    /// For a password that was set without a log-in.
    #[must_use]
    pub fn of_reset(user: UserId, password: &PasswordHash) -> Self {
        let password = Some(password.digest());
        Self { user, session: None, password, names: None, seconds: None }
    }

    /// For a new account. The answer contains no token.
    #[must_use]
    pub fn of_account(id: UserId, user: &User) -> Self {
        Self { names: Some(names_of(user)), ..Self::of_reset(id, &user.password) }
    }

    /// For the first session of a new account.
    #[must_use]
    pub fn of_registration(token: SessionToken, user: &User) -> Self {
        let session = Some((token.session, token.sequence));
        Self { session, ..Self::of_account(token.user, user) }
    }

    /// For a log-in. The answer may be repeated while its access token is valid; after that, a new
    /// log-in is better, because its tokens work.
    #[must_use]
    pub fn of_log_in(token: SessionToken, user: &User, access_seconds: u32) -> Self {
        Self { seconds: Some(access_seconds), ..Self::of_registration(token, user) }
    }

    /// For a session that was refreshed.
    #[must_use]
    pub fn of_refresh(token: SessionToken) -> Self {
        let session = Some((token.session, token.sequence));
        Self { user: token.user, session, password: None, names: None, seconds: None }
    }

    /// True if everything the answer depends on is unchanged since `given_at`.
    pub(super) fn is_valid(
        &self,
        read: &impl Read,
        given_at: UnixMillis,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        let lasts = self.seconds.map(|seconds| Duration::from_secs(seconds.into()));
        if lasts.is_some_and(|lasts| given_at.after(lasts) <= now) {
            return Ok(false);
        }
        let Some(user) = users::user(read, self.user)? else { return Ok(false) };
        let has_changed = self.password.is_some_and(|password| password != user.password.digest())
            || self.names.is_some_and(|names| names != names_of(&user));
        if has_changed {
            return Ok(false);
        }
        let Some((id, sequence)) = self.session else { return Ok(true) };
        Ok(users::session(read, id)?.is_some_and(|session| {
            session.user == self.user && session.sequence == sequence && session.ends_at > now
        }))
    }
}

fn names_of(user: &User) -> [u8; 32] {
    digest(&[user.email.unique_form().as_bytes(), user.username.unique_form().as_bytes()])
}
