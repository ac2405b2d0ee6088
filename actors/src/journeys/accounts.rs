//! Accounts: a person, their cart, their sessions, and the end of it all. Whoever was a guest before
//! brings the key of their cart, and what was in it becomes part of the person's.

use super::shopping;
use crate::Failure;
use crate::carts::{self, CartKey, CartOf};
use crate::catalog;
use crate::orders::{self, Leaver};
use crate::owner::Turn;
use crate::users::{self, OpenSession, Register, SessionToken, User};
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
    turn: &Turn,
    command: Register,
    guest: Option<CartKey>,
) -> Result<NewAccount, Failure> {
    let (id, user) = add_person(turn, command, guest).await?;
    let open = OpenSession { user: id, password: user.password.clone() };
    let session = log_in(turn, open, None).await?;
    Ok(NewAccount { id, user, session })
}

/// Opens a session for somebody whose password was found good.
///
/// # Errors
/// Refuses if the password changed since it was compared.
pub async fn log_in(
    turn: &Turn,
    command: OpenSession,
    guest: Option<CartKey>,
) -> Result<SessionToken, Failure> {
    let user = command.user;
    let session = turn.ask(command).await?;
    merge_guest_cart(turn, guest, user).await?;
    Ok(session)
}

/// Adds a person with an empty cart.
///
/// # Errors
/// Refuses a taken e-mail address or user name.
pub async fn add_person(
    turn: &Turn,
    command: Register,
    guest: Option<CartKey>,
) -> Result<(UserId, User), Failure> {
    let (id, user) = turn.ask(command).await?;
    turn.ask(carts::OpenCart { user: id }).await?;
    merge_guest_cart(turn, guest, id).await?;
    Ok((id, user))
}

/// Closes an account: the person and their cart go, their orders stay without them. Who gets a
/// paid order that has not arrived, and where, stays with it until it has.
///
/// # Errors
/// Refuses an account that is not there (any more), and the last administrator's.
pub async fn close(turn: &Turn, user: UserId) -> Result<(), Failure> {
    let person = users::require_user(turn.unit(), user)?;
    turn.ask(users::CloseAccount { user }).await?;
    turn.ask(carts::CloseCart { user }).await?;
    forget_in_orders(turn, user, Some(Leaver::of(&person))).await
}

/// Takes a person whose account is closed out of their orders, as many as one turn may. `leaver`
/// is given in the turn that closes the account.
///
/// # Errors
/// [`Failure`] of the owner.
pub async fn forget_in_orders(
    turn: &Turn,
    customer: UserId,
    leaver: Option<Leaver>,
) -> Result<(), Failure> {
    turn.ask(orders::ForgetCustomer { customer, leaver }).await
}

/// Comes after writes of its turn, so nothing in it may be refused: a cart never costs a log-in.
async fn merge_guest_cart(
    turn: &Turn,
    guest: Option<CartKey>,
    user: UserId,
) -> Result<(), Failure> {
    let Some(guest) = guest else { return Ok(()) };
    let lines = shopping::lines_of(turn, &CartOf::Guest(guest.clone()))?;
    let ids: Vec<_> = lines.iter().map(|line| line.product).collect();
    let products = catalog::product_views(turn.unit(), &ids)?;
    turn.ask(carts::MergeCarts { guest, user, products }).await
}
