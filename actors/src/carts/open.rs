//! A user's one cart: made when they register, found ever after.

use super::Cart;
use super::rows::{BY_USER, CARTS};
use crate::store::Unit;
use crate::{Failure, ids};
use souk_domain::{CartId, Missing, Refusal, UserId};

pub(super) fn open(unit: &Unit, user: UserId) -> Result<CartId, Failure> {
    let id = ids::next(unit, "cart", CartId::new)?;
    let cart = Cart { user, lines: Vec::new(), created_at: unit.now(), updated_at: unit.now() };
    unit.put(CARTS, &id, &cart)?;
    unit.put(BY_USER, &user, &id)?;
    Ok(id)
}

/// The user's cart; refuses who has closed their account since the request came in.
pub(super) fn open_cart(unit: &Unit, user: UserId) -> Result<(CartId, Cart), Failure> {
    Ok(super::of_user(unit, user)?.ok_or(Refusal::NotFound(Missing::User))?)
}

pub(super) fn close(unit: &Unit, user: UserId) -> Result<(), Failure> {
    let (id, _) = open_cart(unit, user)?;
    unit.delete(CARTS, &id)?;
    unit.delete(BY_USER, &user)?;
    Ok(())
}

/// Writes a changed cart.
pub(super) fn put(unit: &Unit, id: CartId, mut cart: Cart) -> Result<(), Failure> {
    cart.updated_at = unit.now();
    unit.put(CARTS, &id, &cart)?;
    Ok(())
}
