//! Questions about carts, answered from a committed snapshot.

use super::Cart;
use super::rows::{BY_USER, CARTS};
use crate::check::Findings;
use crate::store::{Direction, Read, Snapshot, StoreError};
use crate::users;
use souk_domain::{CartId, MAX_CART_LINES, UserId};
use std::ops::ControlFlow;

/// The cart of a user.
///
/// # Errors
/// [`StoreError`].
pub fn of_user(read: &impl Read, user: UserId) -> Result<Option<(CartId, Cart)>, StoreError> {
    let Some(id) = read.get(BY_USER, &user)? else { return Ok(None) };
    Ok(read.get(CARTS, &id)?.map(|cart| (id, cart)))
}

/// Every cart is its user's one cart, within its bounds, each product once.
pub(crate) fn check(snapshot: &Snapshot, findings: &mut Findings) -> Result<(), StoreError> {
    let first = CartId::new(1).expect("1 is an id");
    let mut carts = Vec::new();
    snapshot.visit(CARTS, &first, None, Direction::Ascending, |id, cart| {
        carts.push((id, cart));
        ControlFlow::Continue(())
    })?;
    for (id, cart) in &carts {
        let holder = snapshot.get(BY_USER, &cart.user)?;
        findings.require(holder == Some(*id), || format!("cart {id} is not its user's cart"));
        let user = users::user(snapshot, cart.user)?;
        findings.require(user.is_some(), || format!("cart {id} belongs to nobody"));
        let mut products: Vec<_> = cart.lines.iter().map(|line| line.product).collect();
        products.sort_unstable();
        products.dedup();
        let is_within_bounds =
            products.len() == cart.lines.len() && cart.lines.len() <= MAX_CART_LINES;
        findings.require(is_within_bounds, || format!("cart {id} has repeated or too many lines"));
    }
    let count = u64::try_from(carts.len()).unwrap_or(u64::MAX);
    findings.require(snapshot.count(BY_USER)? == count, || "stray cart index entries".into());
    let users = users::count(snapshot)?;
    findings.require(users == count, || format!("{users} users have {count} carts"));
    findings.counted("carts", count);
    Ok(())
}
