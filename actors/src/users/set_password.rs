//! The effects of a new password.

use super::stored::USERS;
use super::{User, password_reset, sessions};
use crate::Failure;
use crate::hashing::PasswordHash;
use crate::outbox::{self, Outgoing, UserEvent};
use crate::store::Unit;
use souk_domain::{SessionId, UserId};

/// Sets a user's password, ends the user's sessions except `kept_session`, and revokes every mailed
/// reset token. Publishes `user.password_changed`.
pub(super) fn set_password(
    unit: &Unit,
    id: UserId,
    mut user: User,
    password: PasswordHash,
    kept_session: Option<SessionId>,
) -> Result<(), Failure> {
    user.password = password;
    user.version += 1;
    unit.put(USERS, &id, &user)?;
    sessions::end_others(unit, id, kept_session)?;
    password_reset::revoke_all(unit, id)?;
    outbox::append(
        unit,
        Outgoing::User {
            user: id,
            version: user.version,
            what: UserEvent::PasswordChanged,
            role: user.role,
        },
    )
}
