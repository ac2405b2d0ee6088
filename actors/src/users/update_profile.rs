//! Changing a profile.

use super::rows::{BY_EMAIL, BY_USERNAME, USERS};
use super::{User, password_reset};
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
    /// What only the services profile shows.
    pub details: ProfileDetails,
}

/// Where somebody lives and can be called. The outer `None` leaves a field as it is, the inner
/// one clears it.
#[derive(Clone, Debug, Default)]
pub struct ProfileDetails {
    /// A new phone number.
    pub phone_number: Option<Option<String>>,
    /// A new city.
    pub city: Option<Option<String>>,
    /// A new street address.
    pub address: Option<Option<String>>,
    /// A new postcode.
    pub postcode: Option<Option<String>>,
}

impl ProfileDetails {
    fn apply(self, user: &mut User) {
        let Self { phone_number, city, address, postcode } = self;
        for (wished, field) in [
            (phone_number, &mut user.phone_number),
            (city, &mut user.city),
            (address, &mut user.address),
            (postcode, &mut user.postcode),
        ] {
            if let Some(value) = wished {
                *field = value;
            }
        }
    }
}

pub(super) fn update_profile(unit: &Unit, command: UpdateProfile) -> Result<User, Failure> {
    let id = command.user;
    let before = unit.get(USERS, &id)?.ok_or(Refusal::NotFound(Missing::User))?;
    let mut user = before.clone();
    user.username = command.username.unwrap_or(user.username);
    user.email = command.email.unwrap_or(user.email);
    user.first_name = command.first_name.unwrap_or(user.first_name);
    user.last_name = command.last_name.unwrap_or(user.last_name);
    command.details.apply(&mut user);
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
    if user.email != before.email {
        password_reset::forget(unit, id)?;
    }
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
