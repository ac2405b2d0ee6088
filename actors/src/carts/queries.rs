//! Queries about carts, answered from a committed snapshot.

use super::stored::{BY_KEY, BY_USER, CARTS, GUESTS_BY_END};
use super::{Cart, CartHolder, CartKey, CartOf};
use crate::check::Findings;
use crate::store::{Direction, Read, Snapshot, StoreError};
use crate::users;
use souk_domain::{CartId, MAX_CART_LINES, UnixMillis, UserId};
use std::ops::ControlFlow;

/// The cart of a user or a guest.
///
/// # Errors
/// [`StoreError`].
pub fn cart(
    read: &impl Read,
    of: &CartOf,
    now: UnixMillis,
) -> Result<Option<(CartId, Cart)>, StoreError> {
    match of {
        CartOf::User(user) => of_user(read, *user),
        CartOf::Guest(key) => of_guest(read, key, now),
    }
}

/// The cart of a user.
///
/// # Errors
/// [`StoreError`].
pub fn of_user(read: &impl Read, user: UserId) -> Result<Option<(CartId, Cart)>, StoreError> {
    let Some(id) = read.get(BY_USER, &user)? else { return Ok(None) };
    Ok(read.get(CARTS, &id)?.map(|cart| (id, cart)))
}

/// The cart with this key, a user's or a guest's. Only for services, which may see any cart.
///
/// # Errors
/// [`StoreError`].
pub fn of_key(
    read: &impl Read,
    key: &CartKey,
    now: UnixMillis,
) -> Result<Option<(CartId, Cart)>, StoreError> {
    let Some(id) = read.get(BY_KEY, &key.hash().bytes())? else { return Ok(None) };
    let cart = read.get(CARTS, &id)?.filter(|cart| !cart.has_ended(now));
    Ok(cart.map(|cart| (id, cart)))
}

/// The cart of the guest with this key. Returns `None` for the key of a user's cart.
///
/// # Errors
/// [`StoreError`].
pub fn of_guest(
    read: &impl Read,
    key: &CartKey,
    now: UnixMillis,
) -> Result<Option<(CartId, Cart)>, StoreError> {
    Ok(of_key(read, key, now)?.filter(|(_, cart)| cart.user().is_none()))
}

/// The number of guest carts.
///
/// # Errors
/// [`StoreError`].
pub fn guest_carts(read: &impl Read) -> Result<u64, StoreError> {
    read.count(GUESTS_BY_END)
}

/// Checks that every cart is its user's only cart or a guest's non-empty one, can be found by its
/// key, is within its bounds, and has each product once.
pub(crate) fn check(snapshot: &Snapshot, findings: &mut Findings) -> Result<(), StoreError> {
    let first = CartId::new(1).expect("1 is an id");
    let mut carts = Vec::new();
    snapshot.visit(CARTS, &first, None, Direction::Ascending, |id, cart| {
        carts.push((id, cart));
        ControlFlow::Continue(())
    })?;
    let mut guests = 0;
    for (id, cart) in &carts {
        match &cart.holder {
            CartHolder::User { user, .. } => {
                let holder = snapshot.get(BY_USER, user)?;
                findings
                    .require(holder == Some(*id), || format!("cart {id} is not its user's cart"));
                let user = users::user(snapshot, *user)?;
                findings
                    .require(user.is_some(), || format!("cart {id} belongs to no existing user"));
            }
            CartHolder::Guest { ends_at, .. } => {
                guests += 1;
                let will_expire = snapshot.get(GUESTS_BY_END, &(*ends_at, *id))?.is_some();
                findings.require(will_expire, || format!("cart {id} will not expire"));
                findings.require(!cart.lines.is_empty(), || format!("guest cart {id} is empty"));
            }
        }
        let by_key = snapshot.get(BY_KEY, &cart.key_hash().bytes())?;
        findings.require(by_key == Some(*id), || format!("cart {id} is not found by its key"));
        let mut products: Vec<_> = cart.lines.iter().map(|line| line.product).collect();
        products.sort_unstable();
        products.dedup();
        let is_within_bounds =
            products.len() == cart.lines.len() && cart.lines.len() <= MAX_CART_LINES;
        findings.require(is_within_bounds, || format!("cart {id} has repeated or too many lines"));
    }
    let count = u64::try_from(carts.len()).unwrap_or(u64::MAX);
    let indexes_agree = snapshot.count(BY_USER)? == count - guests
        && snapshot.count(BY_KEY)? == count
        && snapshot.count(GUESTS_BY_END)? == guests;
    findings.require(indexes_agree, || "stray cart index entries".into());
    let users = users::count(snapshot)?;
    let of_users = count - guests;
    findings.require(users == of_users, || format!("{users} users have {of_users} carts"));
    findings.counted("carts", count - guests);
    findings.counted("guests' carts", guests);
    Ok(())
}
