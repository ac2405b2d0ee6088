//! Changing a profile.

use super::User;
use super::rows::{BY_EMAIL, BY_USERNAME, USERS};
use crate::Failure;
use crate::outbox::{self, Outgoing, UserEvent};
use crate::store::{Read, Table, Unit};
use souk_domain::{EmailAddress, Missing, Refusal, UserId, Username};

/// What to change; `None` leaves a field as it is.
#[derive(Clone, Debug)]
pub struct UpdateProfile {
    /// Who.
    pub user: UserId,
    /// A new user name.
    pub username: Option<Username>,
    /// A new e-mail address.
    pub email: Option<EmailAddress>,
    /// A new first name.
    pub first_name: Option<String>,
    /// A new last name.
    pub last_name: Option<String>,
}

pub(super) fn update_profile(unit: &Unit, command: UpdateProfile) -> Result<User, Failure> {
    let id = command.user;
    let before = unit.get(USERS, &id)?.ok_or(Refusal::NotFound(Missing::User))?;
    let mut user = before.clone();
    user.username = command.username.unwrap_or(user.username);
    user.email = command.email.unwrap_or(user.email);
    user.first_name = command.first_name.unwrap_or(user.first_name);
    user.last_name = command.last_name.unwrap_or(user.last_name);
    if user == before {
        return Ok(user);
    }
    if is_taken(unit, BY_EMAIL, &user.email.unique_form(), id)? {
        return Err(Refusal::EmailTaken.into());
    }
    if is_taken(unit, BY_USERNAME, &user.username.unique_form(), id)? {
        return Err(Refusal::UsernameTaken.into());
    }
    rename(unit, BY_EMAIL, &before.email.unique_form(), &user.email.unique_form(), id)?;
    rename(unit, BY_USERNAME, &before.username.unique_form(), &user.username.unique_form(), id)?;
    user.version += 1;
    unit.put(USERS, &id, &user)?;
    outbox::append(
        unit,
        Outgoing::User {
            user: id,
            version: user.version,
            what: UserEvent::Updated,
            role: user.role,
        },
    )?;
    Ok(user)
}

fn is_taken(
    unit: &Unit,
    index: Table<String, UserId>,
    key: &String,
    by_other_than: UserId,
) -> Result<bool, Failure> {
    Ok(unit.get(index, key)?.is_some_and(|holder| holder != by_other_than))
}

fn rename(
    unit: &Unit,
    index: Table<String, UserId>,
    before: &String,
    after: &String,
    user: UserId,
) -> Result<(), Failure> {
    if before != after {
        unit.delete(index, before)?;
        unit.put(index, after, &user)?;
    }
    Ok(())
}
