//! Registering a user.

use super::stored::{ADMINISTRATORS, BY_EMAIL, USERS};
use super::{User, Users, names};
use crate::hashing::PasswordHash;
use crate::outbox::{self, Cause, MailContent, Outgoing, UserEvent};
use crate::owner::Command;
use crate::store::{Read, Unit};
use crate::{Failure, ids};
use souk_domain::{EmailAddress, Refusal, Role, UserId, Username};

/// Registers a user. Publishes `user.registered`, and sends the welcome mail. Rejects an e-mail
/// address that another user has, and a user name that is not allowed.
#[derive(Clone, Debug)]
pub struct Register {
    /// The requested user name. If it equals `email` and an older account already uses it, the new
    /// user gets it with a number.
    pub username: Username,
    /// The e-mail address.
    pub email: EmailAddress,
    /// The hash of the chosen password.
    pub password: PasswordHash,
    /// The user's role; the caller has checked who may request `Administrator`.
    pub role: Role,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
}

impl Command for Register {
    type Owner = Users;
    type Reply = (UserId, User);

    fn apply(self, unit: &Unit, _: &Users) -> Result<(UserId, User), Failure> {
        let email_key = self.email.unique_form();
        if unit.get(BY_EMAIL, &email_key)?.is_some() {
            return Err(Refusal::EmailTaken.into());
        }
        names::require_allowed(unit, &self.username, &self.email, None)?;
        let id = ids::next(unit, "user", UserId::new)?;
        let user = User {
            username: names::free(unit, self.username, &self.email, id)?,
            email: self.email,
            password: self.password,
            role: self.role,
            first_name: self.first_name,
            last_name: self.last_name,
            phone_number: None,
            city: None,
            address: None,
            postcode: None,
            joined_at: unit.now(),
            version: 1,
        };
        unit.put(USERS, &id, &user)?;
        unit.put(BY_EMAIL, &email_key, &id)?;
        names::put(unit, &user.username, id)?;
        if user.role == Role::Administrator {
            unit.put(ADMINISTRATORS, &id, &())?;
        }
        outbox::append(
            unit,
            Outgoing::User { user: id, version: 1, what: UserEvent::Registered, role: user.role },
        )?;
        outbox::append(
            unit,
            Outgoing::Mail {
                cause: Cause::User(id, 1),
                to: user.email.to_string(),
                content: MailContent::Welcome { customer_name: user.full_name() },
            },
        )?;
        Ok((id, user))
    }
}
