//! Registering: a person, their cart, perhaps their first session.

use crate::Failure;
use crate::carts::CartsMessage;
use crate::store::Unit;
use crate::supervision::Owners;
use crate::users::{OpenSession, Register, SessionToken, User, UsersMessage};
use souk_domain::UserId;

/// Somebody who just registered and is logged in.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Their id.
    pub id: UserId,
    /// Their row.
    pub user: User,
    /// What their tokens must say.
    pub session: SessionToken,
}

/// Adds a person with an empty cart and opens their first session.
///
/// # Errors
/// Refuses a taken e-mail address or user name.
pub async fn register(
    owners: &Owners,
    unit: &Unit,
    command: Register,
) -> Result<NewAccount, Failure> {
    let (id, user) = add_person(owners, unit, command).await?;
    let open = OpenSession { user: id, password: user.password.clone() };
    let session = log_in(owners, unit, open).await?;
    Ok(NewAccount { id, user, session })
}

/// Opens a session for somebody whose password was found good.
///
/// # Errors
/// Refuses if the password changed since it was compared.
pub async fn log_in(
    owners: &Owners,
    unit: &Unit,
    command: OpenSession,
) -> Result<SessionToken, Failure> {
    let open = |reply_to| UsersMessage::OpenSession { unit: unit.clone(), command, reply_to };
    owners.users.ask(open).await
}

/// Adds a person with an empty cart.
///
/// # Errors
/// Refuses a taken e-mail address or user name.
pub async fn add_person(
    owners: &Owners,
    unit: &Unit,
    command: Register,
) -> Result<(UserId, User), Failure> {
    let command = Box::new(command);
    let (id, user) = owners
        .users
        .ask(|reply_to| UsersMessage::Register { unit: unit.clone(), command, reply_to })
        .await?;
    owners
        .carts
        .ask(|reply_to| CartsMessage::Open { unit: unit.clone(), user: id, reply_to })
        .await?;
    Ok((id, user))
}
