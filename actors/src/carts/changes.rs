//! Changes of a cart by product, whoever holds it; and a guest's cart becoming part of a user's.

use super::key::CartKey;
use super::open::{draft_guest_cart, find, open_cart, put, remove_guest_cart};
use super::{Cart, CartLine, CartOf, lines};
use crate::catalog::ProductView;
use crate::store::Unit;
use crate::{Failure, ids};
use souk_domain::{
    CartLineId, MAX_CART_LINES, Missing, ProductId, Quantity, Refusal, UserId, merged_quantity,
};

/// What to do with a cart.
#[derive(Clone, Debug)]
pub enum CartChange {
    /// Put units of a product in, on top of those that are there. Refuses what could not be
    /// bought now.
    Add {
        /// What, as it stands in this turn.
        product: Box<ProductView>,
        /// How many.
        quantity: Quantity,
    },
    /// Set how many units of a product are in it. Refuses what could not be bought now, and a
    /// product that is not in it.
    Set {
        /// What, as it stands in this turn.
        product: Box<ProductView>,
        /// How many.
        quantity: Quantity,
    },
    /// Take a product out. Refuses one that is not in it.
    Remove {
        /// Which.
        product: ProductId,
    },
    /// Take everything out.
    Clear,
}

pub(super) fn change(unit: &Unit, whose: &CartOf, change: CartChange) -> Result<(), Failure> {
    let found = find(unit, whose)?;
    let nothing_there = || Failure::from(Refusal::NotFound(Missing::CartLine));
    match change {
        CartChange::Add { product, quantity } => {
            let (id, mut cart) = match (found, whose) {
                (Some(found), _) => found,
                (None, CartOf::Guest(key)) => {
                    lines::require_buyable(&product, quantity)?;
                    draft_guest_cart(unit, key.hash())?
                }
                (None, CartOf::User(_)) => return Err(nothing_there()),
            };
            lines::add_to(unit, &mut cart, &product, quantity)?;
            put(unit, id, cart)
        }
        CartChange::Set { product, quantity } => {
            let (id, mut cart) = found.ok_or_else(nothing_there)?;
            let index = place_of(&cart, product.id).ok_or_else(nothing_there)?;
            lines::require_buyable(&product, quantity)?;
            cart.lines[index].quantity = quantity;
            put(unit, id, cart)
        }
        CartChange::Remove { product } => {
            let (id, mut cart) = found.ok_or_else(nothing_there)?;
            let index = place_of(&cart, product).ok_or_else(nothing_there)?;
            cart.lines.remove(index);
            put(unit, id, cart)
        }
        CartChange::Clear => match found {
            Some((id, mut cart)) if !cart.lines.is_empty() => {
                cart.lines.clear();
                put(unit, id, cart)
            }
            _ => Ok(()),
        },
    }
}

fn place_of(cart: &Cart, product: ProductId) -> Option<usize> {
    cart.lines.iter().position(|line| line.product == product)
}

/// Adds what a guest had to what a user has; the guest's cart is gone. Refuses nothing: lines past
/// [`MAX_CART_LINES`] stay behind.
pub(super) fn merge(
    unit: &Unit,
    guest: &CartKey,
    user: UserId,
    products: &[ProductView],
) -> Result<(), Failure> {
    let Some((guest_id, guest_cart)) = super::of_guest(unit, guest, unit.now())? else {
        return Ok(());
    };
    let (id, mut cart) = open_cart(unit, user)?;
    for line in &guest_cart.lines {
        let view = products.iter().find(|view| view.id == line.product);
        let sellable = view.filter(|view| view.is_for_sale()).map_or(0, |view| view.sellable);
        match place_of(&cart, line.product) {
            Some(index) => {
                let own = cart.lines[index].quantity;
                cart.lines[index].quantity = merged_quantity(Some(own), line.quantity, sellable);
            }
            None if cart.lines.len() >= MAX_CART_LINES => {}
            None => cart.lines.push(CartLine {
                id: ids::next(unit, "cart_line", CartLineId::new)?,
                quantity: merged_quantity(None, line.quantity, sellable),
                ..*line
            }),
        }
    }
    put(unit, id, cart)?;
    remove_guest_cart(unit, guest_id, &guest_cart)
}
