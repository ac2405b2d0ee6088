//! Changing a password.

use super::set_password::set_password;
use super::{Users, require_user};
use crate::Failure;
use crate::hashing::PasswordHash;
use crate::owner::Command;
use crate::store::Unit;
use souk_domain::{Refusal, SessionId, UserId};

/// Sets a user's new password, ends the user's other sessions and revokes every mailed reset token.
/// Publishes `user.password_changed`. Rejects the change if the old password was changed since it
/// was verified.
#[derive(Clone, Debug)]
pub struct ChangePassword {
    /// The user.
    pub user: UserId,
    /// The hash that the old password was verified with; `None` if no old password was required.
    pub expected: Option<PasswordHash>,
    /// The hash of the new password.
    pub password: PasswordHash,
    /// The session that stays open; every other session ends.
    pub kept_session: Option<SessionId>,
}

impl Command for ChangePassword {
    type Owner = Users;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Users) -> Result<(), Failure> {
        let Self { user, expected, password, kept_session } = self;
        let account = require_user(unit, user)?;
        if expected.is_some_and(|expected| expected != account.password) {
            return Err(Refusal::OldPasswordWrong.into());
        }
        set_password(unit, user, account, password, kept_session)
    }
}
