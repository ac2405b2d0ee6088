//! Saves a changed cart with its indexes. A guest's cart exists only while it has lines.

use super::stored::{BY_KEY, CARTS, GUESTS_BY_END};
use super::{Cart, CartHolder, CartKeyHash};
use crate::store::{Read, Unit};
use crate::{Failure, ids};
use souk_domain::CartId;
use std::time::Duration;

/// How long a guest's cart is kept after its last change.
pub const GUEST_CART_LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A new id and an empty cart for a guest; nothing is written before [`save`].
pub(super) fn draft_guest_cart(unit: &Unit, key: CartKeyHash) -> Result<(CartId, Cart), Failure> {
    let id = ids::next(unit, "cart", CartId::new)?;
    let holder = CartHolder::Guest { key, ends_at: unit.now().after(GUEST_CART_LIFETIME) };
    let now = unit.now();
    Ok((id, Cart { holder, lines: Vec::new(), created_at: now, updated_at: now }))
}

/// Saves a changed cart. A guest's cart is kept for another [`GUEST_CART_LIFETIME`], or deleted if
/// it is empty. Before a guest begins a cart, the caller MUST check the bound with
/// [`super::guest_carts`]; this function enforces no bound.
pub(super) fn save(unit: &Unit, id: CartId, mut cart: Cart) -> Result<(), Failure> {
    cart.updated_at = unit.now();
    if let CartHolder::Guest { key, ends_at } = &mut cart.holder {
        if cart.lines.is_empty() {
            return delete_guest_cart(unit, id, &cart);
        }
        match unit.get(BY_KEY, &key.bytes())? {
            Some(known) if known == id => {
                unit.delete(GUESTS_BY_END, &(*ends_at, id))?;
            }
            Some(ended) => delete_ended(unit, ended)?,
            None => {}
        }
        *ends_at = unit.now().after(GUEST_CART_LIFETIME);
        unit.put(GUESTS_BY_END, &(*ends_at, id), &())?;
        unit.put(BY_KEY, &key.bytes(), &id)?;
    }
    unit.put(CARTS, &id, &cart)?;
    Ok(())
}

fn delete_guest_cart(unit: &Unit, id: CartId, cart: &Cart) -> Result<(), Failure> {
    unit.delete(CARTS, &id)?;
    unit.delete(BY_KEY, &cart.key_hash().bytes())?;
    if let CartHolder::Guest { ends_at, .. } = cart.holder {
        unit.delete(GUESTS_BY_END, &(ends_at, id))?;
    }
    Ok(())
}

/// Deletes an expired guest cart.
pub(super) fn delete_ended(unit: &Unit, id: CartId) -> Result<(), Failure> {
    match unit.get(CARTS, &id)? {
        Some(cart) if cart.user().is_none() => delete_guest_cart(unit, id, &cart),
        _ => Ok(()),
    }
}
