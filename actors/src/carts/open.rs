//! A user's one cart: made when they register, found ever after. A guest's: made when something is
//! put in, gone when nothing is left in it.

use super::key::{CartKey, CartKeyHash};
use super::rows::{BY_KEY, BY_USER, CARTS, GUESTS_BY_END};
use super::{Cart, CartHolder, Carts};
use crate::owner::Command;
use crate::store::{Read, Unit};
use crate::{Failure, ids};
use souk_domain::{CartId, Missing, Refusal, UserId};
use std::time::Duration;

/// Whose cart is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CartOf {
    /// The one of a registered person.
    User(UserId),
    /// The one of whoever presents this key. The sender MUST know that the shop gave it out.
    Guest(CartKey),
}

/// A guest's cart is forgotten so long after its last change.
pub const GUEST_CART_LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Gives a new user an empty cart.
#[derive(Clone, Debug)]
pub struct OpenCart {
    /// The new user.
    pub user: UserId,
}

impl Command for OpenCart {
    type Owner = Carts;
    type Reply = CartId;

    fn apply(self, unit: &Unit, _: &Carts) -> Result<CartId, Failure> {
        let id = ids::next(unit, "cart", CartId::new)?;
        let key = CartKey::random();
        unit.put(BY_KEY, &key.hash().bytes(), &id)?;
        let holder = CartHolder::User { user: self.user, key };
        let now = unit.now();
        let cart = Cart { holder, lines: Vec::new(), created_at: now, updated_at: now };
        unit.put(CARTS, &id, &cart)?;
        unit.put(BY_USER, &self.user, &id)?;
        Ok(id)
    }
}

/// Deletes the cart of a user who closes their account. Refuses a user who has none.
#[derive(Clone, Debug)]
pub struct CloseCart {
    /// The user.
    pub user: UserId,
}

impl Command for CloseCart {
    type Owner = Carts;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Carts) -> Result<(), Failure> {
        let (id, cart) = require_cart(unit, self.user)?;
        unit.delete(CARTS, &id)?;
        unit.delete(BY_USER, &self.user)?;
        unit.delete(BY_KEY, &cart.key_hash().bytes())?;
        Ok(())
    }
}

/// The user's cart; refuses a user who has closed their account since the request came in.
pub fn require_cart(unit: &Unit, user: UserId) -> Result<(CartId, Cart), Failure> {
    Ok(super::of_user(unit, user)?.ok_or(Refusal::NotFound(Missing::User))?)
}

/// The cart somebody means; `None` for a guest who has nothing in theirs.
pub fn find(unit: &Unit, whose: &CartOf) -> Result<Option<(CartId, Cart)>, Failure> {
    match whose {
        CartOf::User(user) => require_cart(unit, *user).map(Some),
        CartOf::Guest(key) => Ok(super::of_guest(unit, key, unit.now())?),
    }
}

/// An id and an empty cart for a guest; nothing is written before [`put`].
pub(super) fn draft_guest_cart(unit: &Unit, key: CartKeyHash) -> Result<(CartId, Cart), Failure> {
    let id = ids::next(unit, "cart", CartId::new)?;
    let holder = CartHolder::Guest { key, ends_at: unit.now().after(GUEST_CART_LIFETIME) };
    let now = unit.now();
    Ok((id, Cart { holder, lines: Vec::new(), created_at: now, updated_at: now }))
}

/// Writes a changed cart. A guest's cart stays for another [`GUEST_CART_LIFETIME`], or is deleted
/// if nothing is left in it. Whoever lets a guest begin a cart MUST have looked at
/// [`super::guest_carts`]: nothing here refuses one cart more, or makes room for it.
pub(super) fn put(unit: &Unit, id: CartId, mut cart: Cart) -> Result<(), Failure> {
    cart.updated_at = unit.now();
    if let CartHolder::Guest { key, ends_at } = &mut cart.holder {
        if cart.lines.is_empty() {
            return remove_guest_cart(unit, id, &cart);
        }
        match unit.get(BY_KEY, &key.bytes())? {
            Some(known) if known == id => {
                unit.delete(GUESTS_BY_END, &(*ends_at, id))?;
            }
            Some(ended) => forget(unit, ended)?,
            None => {}
        }
        *ends_at = unit.now().after(GUEST_CART_LIFETIME);
        unit.put(GUESTS_BY_END, &(*ends_at, id), &())?;
        unit.put(BY_KEY, &key.bytes(), &id)?;
    }
    unit.put(CARTS, &id, &cart)?;
    Ok(())
}

fn remove_guest_cart(unit: &Unit, id: CartId, cart: &Cart) -> Result<(), Failure> {
    unit.delete(CARTS, &id)?;
    unit.delete(BY_KEY, &cart.key_hash().bytes())?;
    if let CartHolder::Guest { ends_at, .. } = cart.holder {
        unit.delete(GUESTS_BY_END, &(ends_at, id))?;
    }
    Ok(())
}

/// Removes a guest's cart whose time is over.
pub(super) fn forget(unit: &Unit, id: CartId) -> Result<(), Failure> {
    match unit.get(CARTS, &id)? {
        Some(cart) if cart.user().is_none() => remove_guest_cart(unit, id, &cart),
        _ => Ok(()),
    }
}
