//! Creates, lists and helps administrators for the operator: on the store of a closed shop, or through
//! the socket of the open one.

use serde::{Deserialize, Serialize};
use souk_actors::store::{Read, StoreError};
use souk_actors::users::{self, ChangePassword, Register, User};
use souk_actors::{Failure, Shop};
use souk_domain::{EmailAddress, Password, Refusal, Role, UnixMillis, UserId, Username};

/// Most administrators that are listed.
const LISTED_MAX: usize = 10_000;

/// An administrator as listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Listed {
    /// The user's id.
    pub(crate) id: u64,
    /// The user name.
    pub(crate) username: String,
    /// The e-mail address.
    pub(crate) email: String,
    /// When the account was created, as RFC 3339.
    pub(crate) joined_at: String,
}

/// Whose password to reset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AdministratorName {
    /// By user name.
    Username(Username),
    /// By e-mail address.
    Email(EmailAddress),
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdministratorError {
    /// The e-mail address is taken.
    #[error("email: another user has this address")]
    EmailTaken,
    /// The user name is taken.
    #[error("username: another user has this name")]
    UsernameTaken,
    /// The user name looks like an e-mail address and is not the account's own.
    #[error("username: a name in the form of an e-mail address must be the --email itself")]
    UsernameIsAnAddress,
    /// There is no such user, or the user is a customer.
    #[error("there is no administrator {0}; `souk admin list` shows them all")]
    Unknown(String),
    /// The shop failed.
    #[error("the administrator could not be stored")]
    Shop(#[from] Failure),
}

impl std::fmt::Display for AdministratorName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Username(name) => name.fmt(f),
            Self::Email(email) => email.fmt(f),
        }
    }
}

/// Creates an administrator; returns the user name.
///
/// # Errors
/// [`AdministratorError`].
pub(crate) async fn create(
    shop: &Shop,
    username: Username,
    email: EmailAddress,
    password: Password,
) -> Result<Username, AdministratorError> {
    let command = Register {
        username: username.clone(),
        email,
        password: shop.hasher.hash(password).await?,
        role: Role::Administrator,
        first_name: String::new(),
        last_name: String::new(),
    };
    let made = shop.turn(move |turn| async move {
        souk_actors::journeys::accounts::add_person(&turn, command, None).await
    });
    match made.await {
        Ok(_) => Ok(username),
        Err(Failure::Refused(Refusal::EmailTaken)) => Err(AdministratorError::EmailTaken),
        Err(Failure::Refused(Refusal::UsernameTaken)) => Err(AdministratorError::UsernameTaken),
        Err(Failure::Refused(Refusal::UsernameIsAnAddress)) => {
            Err(AdministratorError::UsernameIsAnAddress)
        }
        Err(failure) => Err(failure.into()),
    }
}

/// Every administrator, the oldest first.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn list(read: &impl Read) -> Result<Vec<Listed>, StoreError> {
    let found = users::administrators(read, LISTED_MAX)?;
    Ok(found.into_iter().map(|(id, user)| listed(id, &user)).collect())
}

/// Whether the shop has an administrator.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn is_there_any(read: &impl Read) -> Result<bool, StoreError> {
    Ok(!users::administrators(read, 1)?.is_empty())
}

/// Sets an administrator's new password and ends all their sessions; returns the user name.
///
/// # Errors
/// [`AdministratorError`].
pub(crate) async fn reset_password(
    shop: &Shop,
    who: &AdministratorName,
    password: Password,
) -> Result<Username, AdministratorError> {
    let unknown = || AdministratorError::Unknown(who.to_string());
    let snapshot = shop.store.snapshot();
    let found = match who {
        AdministratorName::Username(name) => users::by_username(&*snapshot, name),
        AdministratorName::Email(email) => users::by_email(&*snapshot, email),
    };
    drop(snapshot);
    let (id, user) = found.map_err(Failure::from)?.ok_or_else(unknown)?;
    if user.role != Role::Administrator {
        return Err(unknown());
    }
    let password = shop.hasher.hash(password).await?;
    let command = ChangePassword { user: id, expected: None, password, kept_session: None };
    let changed = shop.turn(move |turn| async move { turn.ask(command).await });
    match changed.await {
        Ok(()) => Ok(user.username),
        Err(Failure::Refused(Refusal::NotFound(_))) => Err(unknown()),
        Err(failure) => Err(failure.into()),
    }
}

fn listed(id: UserId, user: &User) -> Listed {
    let joined_at: UnixMillis = user.joined_at;
    Listed {
        id: id.get(),
        username: user.username.to_string(),
        email: user.email.to_string(),
        joined_at: joined_at.to_string(),
    }
}

/// The sentence about a new administrator.
pub(crate) fn created(username: &Username) -> String {
    format!("administrator {username} was created")
}

/// The sentence about a new password.
pub(crate) fn changed(username: &Username) -> String {
    format!("the password of {username} was changed, and their sessions have ended")
}
