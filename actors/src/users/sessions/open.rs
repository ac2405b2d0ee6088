//! Opening a session.

use super::SessionToken;
use super::save::{REFRESH_LIFETIME, end, save, sessions_of};
use crate::hashing::PasswordHash;
use crate::owner::Command;
use crate::store::{Read, Unit};
use crate::users::stored::USERS;
use crate::users::{Session, Users};
use crate::{Failure, ids};
use souk_domain::{Refusal, SessionId, UserId};

/// Most sessions per user; a new one ends the oldest.
const MAX_SESSIONS_PER_USER: usize = 100;

/// Opens a session for a user who has logged in. If the user has too many, the oldest ends. Rejects
/// a user who has closed the account or changed the password since the password was verified.
#[derive(Clone, Debug)]
pub struct OpenSession {
    /// The user.
    pub user: UserId,
    /// The hash that the password was verified with.
    pub password: PasswordHash,
}

impl Command for OpenSession {
    type Owner = Users;
    type Reply = SessionToken;

    fn apply(self, unit: &Unit, _: &Users) -> Result<SessionToken, Failure> {
        let Self { user, password } = self;
        let account = unit.get(USERS, &user)?.ok_or(Refusal::InvalidCredentials)?;
        if account.password != password {
            return Err(Refusal::InvalidCredentials.into());
        }
        for oldest in sessions_of(unit, user)?.iter().rev().skip(MAX_SESSIONS_PER_USER - 1) {
            end(unit, *oldest)?;
        }
        let session = ids::next(unit, "session", SessionId::new)?;
        let row = Session { user, sequence: 1, ends_at: unit.now().after(REFRESH_LIFETIME) };
        save(unit, session, &row)?;
        Ok(SessionToken { user, session, sequence: 1 })
    }
}
