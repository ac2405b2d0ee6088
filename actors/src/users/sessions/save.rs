//! Saving and ending sessions, with their indexes.

use crate::Failure;
use crate::store::{Direction, Read, Unit};
use crate::users::Session;
use crate::users::stored::{SESSIONS, SESSIONS_BY_END, SESSIONS_BY_USER};
use souk_domain::{SessionId, UserId};
use std::time::Duration;

/// How long a refresh token is valid.
pub const REFRESH_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// Ends a session; does nothing if it has ended.
pub(super) fn end(unit: &Unit, session: SessionId) -> Result<(), Failure> {
    let Some(row) = unit.get(SESSIONS, &session)? else { return Ok(()) };
    unit.delete(SESSIONS, &session)?;
    unit.delete(SESSIONS_BY_USER, &(row.user, session))?;
    unit.delete(SESSIONS_BY_END, &(row.ends_at, session))?;
    Ok(())
}

/// Ends every session of a user except `kept`.
pub(in crate::users) fn end_others(
    unit: &Unit,
    user: UserId,
    kept: Option<SessionId>,
) -> Result<(), Failure> {
    for session in sessions_of(unit, user)? {
        if Some(session) != kept {
            end(unit, session)?;
        }
    }
    Ok(())
}

pub(super) fn save(unit: &Unit, session: SessionId, row: &Session) -> Result<(), Failure> {
    unit.put(SESSIONS, &session, row)?;
    unit.put(SESSIONS_BY_USER, &(row.user, session), &())?;
    unit.put(SESSIONS_BY_END, &(row.ends_at, session), &())?;
    Ok(())
}

/// The sessions of a user, oldest first.
pub(super) fn sessions_of(unit: &Unit, user: UserId) -> Result<Vec<SessionId>, Failure> {
    let rows = unit.under(SESSIONS_BY_USER, &user, Direction::Ascending, usize::MAX)?;
    Ok(rows.into_iter().map(|(session, ())| session).collect())
}
