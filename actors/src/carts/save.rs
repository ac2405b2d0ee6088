//! Saving a changed cart with its indexes. A guest's cart is there only while something is in it.

use super::stored::{BY_KEY, CARTS, GUESTS_BY_END};
use super::{Cart, CartHolder, CartKeyHash};
use crate::store::{Read, Unit};
use crate::{Failure, ids};
use souk_domain::CartId;
use std::time::Duration;

/// A guest's cart is deleted so long after its last change.
pub const GUEST_CART_LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// An id and an empty cart for a guest; nothing is written before [`save`].
pub(super) fn draft_guest_cart(unit: &Unit, key: CartKeyHash) -> Result<(CartId, Cart), Failure> {
    let id = ids::next(unit, "cart", CartId::new)?;
    let holder = CartHolder::Guest { key, ends_at: unit.now().after(GUEST_CART_LIFETIME) };
    let now = unit.now();
    Ok((id, Cart { holder, lines: Vec::new(), created_at: now, updated_at: now }))
}

/// Writes a changed cart. A guest's cart stays for another [`GUEST_CART_LIFETIME`], or is deleted
/// if nothing is left in it. Whoever lets a guest begin a cart MUST have looked at
/// [`super::guest_carts`]: nothing here refuses one cart more, or makes room for it.
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

/// Deletes a guest's cart that has ended.
pub(super) fn delete_ended(unit: &Unit, id: CartId) -> Result<(), Failure> {
    match unit.get(CARTS, &id)? {
        Some(cart) if cart.user().is_none() => delete_guest_cart(unit, id, &cart),
        _ => Ok(()),
    }
}
