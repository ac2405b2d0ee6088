//! Accounts: a person, their cart, perhaps their first session; and the end of it all.

use crate::Failure;
use crate::carts::CartsMessage;
use crate::orders::OrdersMessage;
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

/// Closes an account: the person and their cart go, their orders stay without them.
///
/// # Errors
/// Refuses an account that is not there (any more).
pub async fn close(owners: &Owners, unit: &Unit, user: UserId) -> Result<(), Failure> {
    owners.users.ask(|reply_to| UsersMessage::Close { unit: unit.clone(), user, reply_to }).await?;
    owners.carts.ask(|reply_to| CartsMessage::Close { unit: unit.clone(), user, reply_to }).await?;
    forget_in_orders(owners, unit, user).await
}

/// Takes a person whose account is closed out of their orders, as many as one turn may.
///
/// # Errors
/// [`Failure`] of the owner.
pub async fn forget_in_orders(
    owners: &Owners,
    unit: &Unit,
    customer: UserId,
) -> Result<(), Failure> {
    let forget =
        |reply_to| OrdersMessage::ForgetCustomer { unit: unit.clone(), customer, reply_to };
    owners.orders.ask(forget).await
}
