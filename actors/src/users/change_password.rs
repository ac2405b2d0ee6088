//! Changing a password.

use super::set_password::set_password;
use super::{Users, require_user};
use crate::Failure;
use crate::hashing::PasswordHash;
use crate::owner::Command;
use crate::store::Unit;
use souk_domain::{Refusal, SessionId, UserId};

/// Sets a user's new password, ends their other sessions and makes every mailed reset token
/// worthless. Publishes `user.password_changed`. Refuses if the old password is not the one that
/// was compared.
#[derive(Clone, Debug)]
pub struct ChangePassword {
    /// The user.
    pub user: UserId,
    /// The hash the old password was compared with; `None` where none was asked for.
    pub expected: Option<PasswordHash>,
    /// The hash of the new one.
    pub password: PasswordHash,
    /// The session that asked goes on; every other ends.
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
