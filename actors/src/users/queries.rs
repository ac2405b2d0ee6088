//! Queries about users, answered from a committed snapshot or within a turn.

use super::stored::{ADMINISTRATORS, BY_EMAIL, BY_USERNAME, PASSWORD_RESETS, SESSIONS, USERS};
use super::{Session, User, addresses, names};
use crate::Failure;
use crate::check::Findings;
use crate::store::{Direction, Read, Snapshot, StoreError, Unit};
use souk_domain::{EmailAddress, Missing, Refusal, Role, SessionId, UserId, Username};
use std::ops::ControlFlow;

/// The user with this id.
///
/// # Errors
/// [`StoreError`].
pub fn user(read: &impl Read, id: UserId) -> Result<Option<User>, StoreError> {
    read.get(USERS, &id)
}

/// The account as of this turn. Rejects one that was closed.
///
/// # Errors
/// [`Refusal::NotFound`]; [`Failure`] of the store.
pub fn require_user(unit: &Unit, id: UserId) -> Result<User, Failure> {
    Ok(unit.get(USERS, &id)?.ok_or(Refusal::NotFound(Missing::User))?)
}

/// The user with this e-mail address, ignoring case.
///
/// # Errors
/// [`StoreError`].
pub fn by_email(
    read: &impl Read,
    email: &EmailAddress,
) -> Result<Option<(UserId, User)>, StoreError> {
    let Some(id) = read.get(BY_EMAIL, &email.unique_form())? else { return Ok(None) };
    Ok(user(read, id)?.map(|user| (id, user)))
}

/// The user with this name, ignoring case and look-alike characters.
///
/// # Errors
/// [`StoreError`].
pub fn by_username(
    read: &impl Read,
    username: &Username,
) -> Result<Option<(UserId, User)>, StoreError> {
    let Some(id) = names::holder(read, username)? else { return Ok(None) };
    Ok(user(read, id)?.map(|user| (id, user)))
}

/// A session that has not been ended.
///
/// # Errors
/// [`StoreError`].
pub fn session(read: &impl Read, id: SessionId) -> Result<Option<Session>, StoreError> {
    read.get(SESSIONS, &id)
}

/// The first administrators, at most `limit`.
///
/// # Errors
/// [`StoreError`].
pub fn administrators(read: &impl Read, limit: usize) -> Result<Vec<(UserId, User)>, StoreError> {
    let first = UserId::new(1).expect("1 is an id");
    let ids = read.range(ADMINISTRATORS, &first, None, Direction::Ascending, limit)?;
    let mut people = Vec::with_capacity(ids.len());
    for (id, ()) in ids {
        people.extend(user(read, id)?.map(|user| (id, user)));
    }
    Ok(people)
}

/// How many users there are.
pub(crate) fn count(read: &impl Read) -> Result<u64, StoreError> {
    read.count(USERS)
}

/// Checks that exactly the existing users are indexed by e-mail address and name.
pub(crate) fn check(snapshot: &Snapshot, findings: &mut Findings) -> Result<(), StoreError> {
    let first = UserId::new(1).expect("1 is an id");
    let mut people = Vec::new();
    snapshot.visit(USERS, &first, None, Direction::Ascending, |id, user| {
        people.push((id, user.email.unique_form(), user.username, user.role));
        ControlFlow::Continue(())
    })?;
    let count = u64::try_from(people.len()).unwrap_or(u64::MAX);
    let mut administrators = 0;
    for (id, email, username, role) in people {
        let by_email = snapshot.get(BY_EMAIL, &email)?;
        let by_username = names::holder(snapshot, &username)?;
        findings.require(by_email == Some(id), || format!("user {id} is not found by e-mail"));
        findings.require(by_username == Some(id), || format!("user {id} is not found by name"));
        if role == Role::Administrator {
            administrators += 1;
            let is_listed = snapshot.get(ADMINISTRATORS, &id)?.is_some();
            findings.require(is_listed, || format!("administrator {id} is not listed"));
        }
    }
    findings.require(snapshot.count(ADMINISTRATORS)? == administrators, || {
        "the list of administrators contains a user who is not one".into()
    });
    findings.require(snapshot.count(BY_EMAIL)? == count, || "stray e-mail index entries".into());
    findings.require(snapshot.count(BY_USERNAME)? == count, || "stray name index entries".into());
    let mut resetting = Vec::new();
    snapshot.visit(PASSWORD_RESETS, &first, None, Direction::Ascending, |id, _| {
        resetting.push(id);
        ControlFlow::Continue(())
    })?;
    for id in resetting {
        let user_exists = user(snapshot, id)?.is_some();
        findings.require(user_exists, || {
            format!("a mailed token is for user {id}, who does not exist")
        });
    }
    addresses::check(snapshot, findings)?;
    findings.counted("users", count);
    Ok(())
}
