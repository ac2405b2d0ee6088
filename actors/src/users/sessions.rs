//! Sessions: opened at log-in, rotated at refresh, ended at log-out (contracts README, "Who may").

use super::rows::{SESSIONS, SESSIONS_BY_END, SESSIONS_BY_USER, USERS};
use super::{Session, Users};
use crate::hashing::PasswordHash;
use crate::owner::Command;
use crate::store::{Direction, Read, Store, Unit};
use crate::{Failure, ids};
use souk_domain::{Refusal, SessionId, UnixMillis, UserId};
use std::time::Duration;

/// How long a refresh token is good.
pub const REFRESH_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// Sessions one user may have; the oldest ends when one more begins.
const MAX_SESSIONS_PER_USER: usize = 100;
/// Ended sessions deleted by one turn of [`prune_ended_sessions`].
const MAX_SESSIONS_PRUNED_PER_TURN: usize = 500;

/// Session numbers left out when a generation begins: more than were given in any life, and a
/// random number more, so that two lives begun from one copy share none.
const MIN_SESSIONS_LEFT_OUT: u64 = 1 << 32;
const SPREAD_OF_SESSIONS: u64 = 1 << 48;

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

/// Opens a session for a user who has logged in; if the user has too many, the oldest ends. Refuses
/// a user who has closed the account, or changed the password, since the password was compared.
#[derive(Clone, Debug)]
pub struct OpenSession {
    /// The user.
    pub user: UserId,
    /// The hash their password was compared with.
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
        put(unit, session, &row)?;
        Ok(SessionToken { user, session, sequence: 1 })
    }
}

/// Trades a refresh token for its successor. A spent one ends the session, which is an outcome, not
/// a refusal: it must be committed.
#[derive(Clone, Debug)]
pub struct RotateSession {
    /// What the refresh token says.
    pub token: SessionToken,
}

/// What came of a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// It was good, and this is its successor.
    Renewed(SessionToken),
    /// It had been used before: somebody has a copy, so the session was ended.
    Reused,
    /// There is no such session (any more).
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
        put(unit, token.session, &renewed)?;
        Ok(Rotation::Renewed(SessionToken { sequence: renewed.sequence, ..token }))
    }
}

/// Ends a session; does nothing if it has ended.
#[derive(Clone, Debug)]
pub struct EndSession {
    /// The session.
    pub session: SessionId,
}

impl Command for EndSession {
    type Owner = Users;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Users) -> Result<(), Failure> {
        end(unit, self.session)
    }
}

pub(super) fn end(unit: &Unit, session: SessionId) -> Result<(), Failure> {
    let Some(row) = unit.get(SESSIONS, &session)? else { return Ok(()) };
    unit.delete(SESSIONS, &session)?;
    unit.delete(SESSIONS_BY_USER, &(row.user, session))?;
    unit.delete(SESSIONS_BY_END, &(row.ends_at, session))?;
    Ok(())
}

/// Ends every session of a user but `kept`.
pub(super) fn end_others(
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

fn put(unit: &Unit, session: SessionId, row: &Session) -> Result<(), Failure> {
    unit.put(SESSIONS, &session, row)?;
    unit.put(SESSIONS_BY_USER, &(row.user, session), &())?;
    unit.put(SESSIONS_BY_END, &(row.ends_at, session), &())?;
    Ok(())
}

/// The sessions of a user, oldest first.
fn sessions_of(unit: &Unit, user: UserId) -> Result<Vec<SessionId>, Failure> {
    let rows = unit.under(SESSIONS_BY_USER, &user, Direction::Ascending, usize::MAX)?;
    Ok(rows.into_iter().map(|(session, ())| session).collect())
}

/// Leaves out the numbers of sessions that an earlier life of the store may have given: a token of
/// one of those must not open the session of somebody else.
///
/// # Errors
/// [`Failure`] of the store.
pub(crate) fn begin_generation(unit: &Unit) -> Result<(), Failure> {
    let numbers = MIN_SESSIONS_LEFT_OUT + crate::random_u64() % SPREAD_OF_SESSIONS;
    Ok(unit.skip_numbers("session", numbers)?)
}

/// Deletes sessions whose last token has expired; true if more may be left.
///
/// # Errors
/// [`Failure`] of the store.
pub async fn prune_ended_sessions(store: &Store) -> Result<bool, Failure> {
    let first = (UnixMillis::new(0), SessionId::new(1).expect("1 is an id"));
    let now = (crate::clock::now(), first.1);
    let is_due = !store
        .snapshot()
        .range(SESSIONS_BY_END, &first, Some(&now), Direction::Ascending, 1)?
        .is_empty();
    if !is_due {
        return Ok(false);
    }
    store
        .transact(move |unit| async move {
            let limit = MAX_SESSIONS_PRUNED_PER_TURN;
            let ended =
                unit.range(SESSIONS_BY_END, &first, Some(&now), Direction::Ascending, limit)?;
            for ((_, session), ()) in &ended {
                end(&unit, *session)?;
            }
            Ok(ended.len() == limit)
        })
        .await
}
