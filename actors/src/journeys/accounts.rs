//! Accounts: users with their carts and sessions, from registration to closing. A guest who logs in
//! or registers sends the key of the guest cart, and its lines move to the user's cart.

use super::shopping;
use crate::Failure;
use crate::carts::{self, CartKey, CartOf};
use crate::catalog;
use crate::orders::{self, FormerCustomer};
use crate::owner::Turn;
use crate::users::{self, OpenSession, Register, SessionToken, User};
use souk_domain::UserId;

/// A user who has just registered and is logged in.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// The user's id.
    pub id: UserId,
    /// The user's row.
    pub user: User,
    /// The claims of the user's tokens.
    pub session: SessionToken,
}

/// Registers a user with an empty cart and opens the first session.
///
/// # Errors
/// Rejects an e-mail address or user name that is taken.
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

/// Opens a session for a user whose password was verified.
///
/// # Errors
/// Rejects the log-in if the password changed since it was verified.
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

/// Adds a user with an empty cart.
///
/// # Errors
/// Rejects an e-mail address or user name that is taken.
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

/// Closes an account: deletes the user and the cart, and keeps the orders without the user. A paid
/// order keeps its recipient and address until it has arrived.
///
/// # Errors
/// Rejects an account that does not exist (any more), and the last administrator's account.
pub async fn close(turn: &Turn, user: UserId) -> Result<(), Failure> {
    let person = users::require_user(turn.unit(), user)?;
    turn.ask(users::CloseAccount { user }).await?;
    turn.ask(carts::CloseCart { user }).await?;
    forget_in_orders(turn, user, Some(FormerCustomer::of(&person))).await
}

/// Removes a user with a closed account from their orders, as many orders as one turn allows.
/// `former_customer` comes from the turn that closes the account.
///
/// # Errors
/// [`Failure`] of the owner.
pub async fn forget_in_orders(
    turn: &Turn,
    customer: UserId,
    former_customer: Option<FormerCustomer>,
) -> Result<(), Failure> {
    turn.ask(orders::ForgetCustomer { customer, former_customer }).await
}

/// Never rejects, because it runs after writes of its turn: a full cart must not prevent a log-in.
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
