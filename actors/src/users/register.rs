//! Registering a person.

use super::User;
use super::rows::{ADMINISTRATORS, BY_EMAIL, BY_USERNAME, USERS};
use crate::hashing::PasswordHash;
use crate::outbox::{self, Cause, MailContent, Outgoing, UserEvent};
use crate::store::{Read, Unit};
use crate::{Failure, ids};
use souk_domain::{EmailAddress, Refusal, Role, UserId, Username};

/// Who registers.
#[derive(Clone, Debug)]
pub struct Register {
    /// The wished user name.
    pub username: Username,
    /// The e-mail address.
    pub email: EmailAddress,
    /// The hash of the chosen password.
    pub password: PasswordHash,
    /// What they may do; the caller has checked who may ask for `Administrator`.
    pub role: Role,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
}

pub(super) fn register(unit: &Unit, command: Register) -> Result<(UserId, User), Failure> {
    let email_key = command.email.unique_form();
    let username_key = command.username.unique_form();
    if unit.get(BY_EMAIL, &email_key)?.is_some() {
        return Err(Refusal::EmailTaken.into());
    }
    if unit.get(BY_USERNAME, &username_key)?.is_some() {
        return Err(Refusal::UsernameTaken.into());
    }
    let id = ids::next(unit, "user", UserId::new)?;
    let user = User {
        username: command.username,
        email: command.email,
        password: command.password,
        role: command.role,
        first_name: command.first_name,
        last_name: command.last_name,
        phone_number: None,
        city: None,
        address: None,
        postcode: None,
        joined_at: unit.now(),
        version: 1,
    };
    unit.put(USERS, &id, &user)?;
    unit.put(BY_EMAIL, &email_key, &id)?;
    unit.put(BY_USERNAME, &username_key, &id)?;
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
