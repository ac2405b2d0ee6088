//! What a stored answer is worth nothing without.

use super::digest;
use crate::hashing::PasswordHash;
use crate::store::{Read, StoreError};
use crate::users::{self, SessionToken, User};
use souk_domain::{SessionId, UnixMillis, UserId};
use std::time::Duration;

/// What an answer is worth nothing without: an account, its password, a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    pub(super) user: UserId,
    /// The session the answer handed out, and the number of its refresh token.
    pub(super) session: Option<(SessionId, u64)>,
    /// Names the hash of the password the request knew, if it needed one.
    pub(super) password: Option<[u8; 32]>,
    /// Names the e-mail address and the user name the request may have called the account by.
    pub(super) names: Option<[u8; 32]>,
    /// How long the answer may be given again, where that is shorter than [`KEPT`].
    pub(super) seconds: Option<u32>,
}

impl Grant {
    /// A password that was set without a log-in.
    #[must_use]
    pub fn of_reset(user: UserId, password: &PasswordHash) -> Self {
        let password = Some(password.digest());
        Self { user, session: None, password, names: None, seconds: None }
    }

    /// An account that was made. The answer holds no token.
    #[must_use]
    pub fn of_account(id: UserId, user: &User) -> Self {
        Self { names: Some(names_of(user)), ..Self::of_reset(id, &user.password) }
    }

    /// The first session of a new account.
    #[must_use]
    pub fn of_registration(token: SessionToken, user: &User) -> Self {
        let session = Some((token.session, token.sequence));
        Self { session, ..Self::of_account(token.user, user) }
    }

    /// The session of a log-in, whose answer is good for as long as its access token is: after
    /// that, logging in again costs nothing and gives tokens that work.
    #[must_use]
    pub fn of_log_in(token: SessionToken, user: &User, access_seconds: u32) -> Self {
        Self { seconds: Some(access_seconds), ..Self::of_registration(token, user) }
    }

    /// A session that goes on with new tokens.
    #[must_use]
    pub fn of_refresh(token: SessionToken) -> Self {
        let session = Some((token.session, token.sequence));
        Self { user: token.user, session, password: None, names: None, seconds: None }
    }

    /// Whether everything the answer needs is as it was when it was `given_at`.
    pub(super) fn stands(
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
