//! Accounts: a person, their cart, their sessions, and the end of it all. Whoever was a guest before
//! brings the key of their cart, and what was in it becomes part of the person's.

use crate::Failure;
use crate::carts::{CartKey, CartOf, CartsMessage};
use crate::catalog::CatalogMessage;
use crate::orders::{Leaver, OrdersMessage};
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
    guest: Option<CartKey>,
) -> Result<NewAccount, Failure> {
    let (id, user) = add_person(owners, unit, command, guest).await?;
    let open = OpenSession { user: id, password: user.password.clone() };
    let session = log_in(owners, unit, open, None).await?;
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
    guest: Option<CartKey>,
) -> Result<SessionToken, Failure> {
    let user = command.user;
    let open = |reply_to| UsersMessage::OpenSession { unit: unit.clone(), command, reply_to };
    let session = owners.users.ask(open).await?;
    merge_guest_cart(owners, unit, guest, user).await?;
    Ok(session)
}

/// Adds a person with an empty cart.
///
/// # Errors
/// Refuses a taken e-mail address or user name.
pub async fn add_person(
    owners: &Owners,
    unit: &Unit,
    command: Register,
    guest: Option<CartKey>,
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
    merge_guest_cart(owners, unit, guest, id).await?;
    Ok((id, user))
}

/// Closes an account: the person and their cart go, their orders stay without them. Who gets a
/// paid order that has not arrived, and where, stays with it until it has.
///
/// # Errors
/// Refuses an account that is not there (any more), and the last administrator's.
pub async fn close(owners: &Owners, unit: &Unit, user: UserId) -> Result<(), Failure> {
    let person = owners
        .users
        .ask(|reply_to| UsersMessage::Show { unit: unit.clone(), user, reply_to })
        .await?;
    owners.users.ask(|reply_to| UsersMessage::Close { unit: unit.clone(), user, reply_to }).await?;
    owners.carts.ask(|reply_to| CartsMessage::Close { unit: unit.clone(), user, reply_to }).await?;
    forget_in_orders(owners, unit, user, Some(Leaver::of(&person))).await
}

/// Takes a person whose account is closed out of their orders, as many as one turn may. `leaver`
/// is given in the turn that closes the account.
///
/// # Errors
/// [`Failure`] of the owner.
pub async fn forget_in_orders(
    owners: &Owners,
    unit: &Unit,
    customer: UserId,
    leaver: Option<Leaver>,
) -> Result<(), Failure> {
    let (unit, leaver) = (unit.clone(), leaver.map(Box::new));
    let forget = |reply_to| OrdersMessage::ForgetCustomer { unit, customer, leaver, reply_to };
    owners.orders.ask(forget).await
}

/// Comes after writes of its turn, so nothing in it may be refused: a cart never costs a log-in.
async fn merge_guest_cart(
    owners: &Owners,
    unit: &Unit,
    guest: Option<CartKey>,
    user: UserId,
) -> Result<(), Failure> {
    let Some(guest) = guest else { return Ok(()) };
    let whose = CartOf::Guest(guest.clone());
    let find = |reply_to| CartsMessage::Find { unit: unit.clone(), whose, reply_to };
    let Some((_, cart)) = owners.carts.ask(find).await? else { return Ok(()) };
    let ids = cart.lines.iter().map(|line| line.product).collect();
    let describe = |reply_to| CatalogMessage::Describe { unit: unit.clone(), ids, reply_to };
    let products = owners.catalog.ask(describe).await?;
    let merge =
        |reply_to| CartsMessage::Merge { unit: unit.clone(), guest, user, products, reply_to };
    owners.carts.ask(merge).await
}
