//! A user's one cart: made when they register, found ever after.

use super::Cart;
use super::rows::{BY_USER, CARTS};
use crate::store::{StoreError, Unit};
use crate::{Failure, ids};
use souk_domain::{CartId, UserId};

pub(super) fn open(unit: &Unit, user: UserId) -> Result<CartId, Failure> {
    let id = ids::next(unit, "cart", CartId::new)?;
    let cart = Cart { user, lines: Vec::new(), created_at: unit.now(), updated_at: unit.now() };
    unit.put(CARTS, &id, &cart)?;
    unit.put(BY_USER, &user, &id)?;
    Ok(id)
}

pub(super) fn open_cart(unit: &Unit, user: UserId) -> Result<(CartId, Cart), Failure> {
    super::of_user(unit, user)?
        .ok_or_else(|| StoreError::Contradiction { what: "a user without a cart" }.into())
}

/// Writes a changed cart.
pub(super) fn put(unit: &Unit, id: CartId, mut cart: Cart) -> Result<(), Failure> {
    cart.updated_at = unit.now();
    unit.put(CARTS, &id, &cart)?;
    Ok(())
}
