//! Changing a profile.

use super::stored::{BY_EMAIL, USERS};
use super::{User, Users, names, password_reset};
use crate::Failure;
use crate::outbox::{self, Outgoing, UserEvent};
use crate::owner::Command;
use crate::store::{Read, Unit};
use souk_domain::{EmailAddress, Missing, Refusal, UserId, Username};

/// Changes a user's profile; `None` leaves a field as it is. Publishes `user.updated`, unless
/// nothing changes. Rejects an e-mail address that another user has, and a new user name that is
/// not allowed.
#[derive(Clone, Debug)]
pub struct UpdateProfile {
    /// The user.
    pub user: UserId,
    /// A new user name. If it equals the e-mail address and an older account already uses it, it
    /// gets a number.
    pub username: Option<Username>,
    /// A new e-mail address.
    pub email: Option<EmailAddress>,
    /// A new first name.
    pub first_name: Option<String>,
    /// A new last name.
    pub last_name: Option<String>,
    /// The fields of the services profile.
    pub details: ProfileDetails,
}

impl Command for UpdateProfile {
    type Owner = Users;
    type Reply = User;

    fn apply(self, unit: &Unit, _: &Users) -> Result<User, Failure> {
        let before = unit.get(USERS, &self.user)?.ok_or(Refusal::NotFound(Missing::User))?;
        let mut after = before.clone();
        after.email = self.email.unwrap_or(after.email);
        // An unchanged name is not checked again, even if newer rules would reject it.
        if let Some(username) = self.username.filter(|wished| *wished != before.username) {
            names::require_allowed(unit, &username, &after.email, Some(self.user))?;
            after.username = names::free(unit, username, &after.email, self.user)?;
        }
        after.first_name = self.first_name.unwrap_or(after.first_name);
        after.last_name = self.last_name.unwrap_or(after.last_name);
        self.details.apply(&mut after);
        if after == before {
            return Ok(after);
        }
        let (old_email, new_email) = (before.email.unique_form(), after.email.unique_form());
        if old_email != new_email {
            if unit.get(BY_EMAIL, &new_email)?.is_some() {
                return Err(Refusal::EmailTaken.into());
            }
            unit.delete(BY_EMAIL, &old_email)?;
            unit.put(BY_EMAIL, &new_email, &self.user)?;
        }
        if after.username != before.username {
            names::delete(unit, &before.username, self.user)?;
            names::put(unit, &after.username, self.user)?;
        }
        if after.email != before.email {
            password_reset::revoke_all(unit, self.user)?;
        }
        after.version += 1;
        unit.put(USERS, &self.user, &after)?;
        outbox::append(
            unit,
            Outgoing::User {
                user: self.user,
                version: after.version,
                what: UserEvent::Updated,
                role: after.role,
            },
        )?;
        Ok(after)
    }
}

/// Address and phone number. The outer `None` leaves a field as it is, the inner one clears it.
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
