//! Refreshing a session.

use super::SessionToken;
use super::save::{REFRESH_LIFETIME, end, save};
use crate::Failure;
use crate::owner::Command;
use crate::store::{Read, Unit};
use crate::users::stored::{SESSIONS, SESSIONS_BY_END};
use crate::users::{Session, Users};

/// Exchanges a refresh token for its successor. A reused token ends the session, which is an
/// outcome and not a refusal, because it must be committed.
#[derive(Clone, Debug)]
pub struct RotateSession {
    /// The claims of the refresh token.
    pub token: SessionToken,
}

/// The result of a refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// The token was valid; this is its successor.
    Renewed(SessionToken),
    /// The token had been used before. Somebody has a copy, so the session was ended.
    Reused,
    /// The session does not exist (any more).
    Unknown,
}

impl Command for RotateSession {
    type Owner = Users;
    type Reply = Rotation;

    fn apply(self, unit: &Unit, _: &Users) -> Result<Rotation, Failure> {
        let Self { token } = self;
        let Some(row) = unit.get(SESSIONS, &token.session)? else { return Ok(Rotation::Unknown) };
        if row.user != token.user || row.ends_at <= unit.now() {
            return Ok(Rotation::Unknown);
        }
        if row.sequence != token.sequence {
            end(unit, token.session)?;
            return Ok(Rotation::Reused);
        }
        unit.delete(SESSIONS_BY_END, &(row.ends_at, token.session))?;
        let renewed = Session {
            sequence: row.sequence + 1,
            ends_at: unit.now().after(REFRESH_LIFETIME),
            ..row
        };
        save(unit, token.session, &renewed)?;
        Ok(Rotation::Renewed(SessionToken { sequence: renewed.sequence, ..token }))
    }
}
