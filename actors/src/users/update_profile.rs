//! Changing a profile.

use super::Users;
use super::rows::{BY_EMAIL, USERS};
use super::{User, names, password_reset};
use crate::Failure;
use crate::outbox::{self, Outgoing, UserEvent};
use crate::owner::Command;
use crate::store::{Read, Unit};
use souk_domain::{EmailAddress, Missing, Refusal, UserId, Username};

/// What to change; `None` leaves a field as it is.
#[derive(Clone, Debug)]
pub struct UpdateProfile {
    /// Who.
    pub user: UserId,
    /// A new user name. Where it is the e-mail address itself and another user has it from earlier,
    /// it gets a number.
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

impl Command for UpdateProfile {
    type Owner = Users;
    type Reply = User;

    fn apply(self, unit: &Unit, _: &Users) -> Result<User, Failure> {
        let command = self;
        let id = command.user;
        let before = unit.get(USERS, &id)?.ok_or(Refusal::NotFound(Missing::User))?;
        let mut user = before.clone();
        user.email = command.email.unwrap_or(user.email);
        // A name that stays is not judged again, whatever rules came since.
        if let Some(username) = command.username.filter(|wished| *wished != before.username) {
            names::require_allowed(unit, &username, &user.email, Some(id))?;
            user.username = names::free(unit, username, &user.email, id)?;
        }
        user.first_name = command.first_name.unwrap_or(user.first_name);
        user.last_name = command.last_name.unwrap_or(user.last_name);
        command.details.apply(&mut user);
        if user == before {
            return Ok(user);
        }
        let (old_email, new_email) = (before.email.unique_form(), user.email.unique_form());
        if old_email != new_email {
            if unit.get(BY_EMAIL, &new_email)?.is_some() {
                return Err(Refusal::EmailTaken.into());
            }
            unit.delete(BY_EMAIL, &old_email)?;
            unit.put(BY_EMAIL, &new_email, &id)?;
        }
        if user.username != before.username {
            names::delete(unit, &before.username, id)?;
            names::put(unit, &user.username, id)?;
        }
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
}
