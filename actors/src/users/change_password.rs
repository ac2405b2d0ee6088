//! Setting a new password.

use super::rows::USERS;
use super::{Users, password_reset, sessions};
use crate::Failure;
use crate::hashing::PasswordHash;
use crate::outbox::{self, Outgoing, UserEvent};
use crate::owner::Command;
use crate::store::{Read, Unit};
use souk_domain::{Missing, Refusal, SessionId, UserId};

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
        change_password(unit, self)
    }
}

pub(super) fn change_password(unit: &Unit, command: ChangePassword) -> Result<(), Failure> {
    let mut user = unit.get(USERS, &command.user)?.ok_or(Refusal::NotFound(Missing::User))?;
    if command.expected.is_some_and(|expected| expected != user.password) {
        return Err(Refusal::OldPasswordWrong.into());
    }
    user.password = command.password;
    user.version += 1;
    unit.put(USERS, &command.user, &user)?;
    sessions::end_others(unit, command.user, command.kept_session)?;
    password_reset::forget(unit, command.user)?;
    outbox::append(
        unit,
        Outgoing::User {
            user: command.user,
            version: user.version,
            what: UserEvent::PasswordChanged,
            role: user.role,
        },
    )
}
