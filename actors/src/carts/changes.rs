//! Changes of a cart by product, whoever holds it; and a guest's cart becoming part of a user's.

use super::key::CartKey;
use super::open::{draft_guest_cart, find, put, require_cart};
use super::{Cart, CartLine, CartOf, Carts, lines};
use crate::catalog::ProductView;
use crate::owner::Command;
use crate::store::Unit;
use crate::{Failure, ids};
use souk_domain::{
    CartLineId, MAX_CART_LINES, Missing, ProductId, Quantity, Refusal, UserId, merge_quantities,
};

/// Changes a cart by product, whoever holds it. A guest's first product makes the guest's cart.
/// [`CartChange`] says what each change refuses.
#[derive(Clone, Debug)]
pub struct ChangeCart {
    /// Whose cart.
    pub whose: CartOf,
    /// What to do with it.
    pub change: CartChange,
}

/// What to do with a cart.
#[derive(Clone, Debug)]
pub enum CartChange {
    /// Puts units of a product in, on top of those that are there. Refuses what could not be
    /// bought now.
    Add {
        /// The product as it stands in this turn.
        product: Box<ProductView>,
        /// How many.
        quantity: Quantity,
    },
    /// Sets how many units of a product are in it. Refuses what could not be bought now, and a
    /// product that is not in it.
    Set {
        /// The product as it stands in this turn.
        product: Box<ProductView>,
        /// How many.
        quantity: Quantity,
    },
    /// Takes a product out. Refuses one that is not in it.
    Remove {
        /// The product.
        product: ProductId,
    },
    /// Takes everything out.
    Clear,
}

impl Command for ChangeCart {
    type Owner = Carts;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Carts) -> Result<(), Failure> {
        let Self { whose, change } = self;
        let found = find(unit, &whose)?;
        let nothing_there = || Failure::from(Refusal::NotFound(Missing::CartLine));
        match change {
            CartChange::Add { product, quantity } => {
                let (id, mut cart) = match (found, &whose) {
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
}

/// Moves what a guest's cart holds into a user's cart; does nothing if the guest has no cart.
/// Loses nothing: what the user's cart cannot take (past [`MAX_CART_LINES`], past the stock) stays
/// in the guest's cart, under its key. A second merge moves only what was left. Refuses only a user
/// whose account was closed.
#[derive(Clone, Debug)]
pub struct MergeCarts {
    /// The guest's key.
    pub guest: CartKey,
    /// The user whose cart it becomes part of.
    pub user: UserId,
    /// The products in the guest's cart, as they stand in this turn.
    pub products: Vec<ProductView>,
}

impl Command for MergeCarts {
    type Owner = Carts;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Carts) -> Result<(), Failure> {
        let Self { guest, user, products } = self;
        let Some((guest_id, mut guest_cart)) = super::of_guest(unit, &guest, unit.now())? else {
            return Ok(());
        };
        let (id, mut cart) = require_cart(unit, user)?;
        let mut left = Vec::new();
        for line in &guest_cart.lines {
            let view = products.iter().find(|view| view.id == line.product);
            let sellable = view.filter(|view| view.is_for_sale()).map_or(0, |view| view.sellable);
            let place = place_of(&cart, line.product);
            if place.is_none() && cart.lines.len() >= MAX_CART_LINES {
                left.push(*line);
                continue;
            }
            let own = place.map(|index| cart.lines[index].quantity);
            let merged = merge_quantities(own, line.quantity, sellable);
            match place {
                Some(index) => cart.lines[index].quantity = merged.own,
                None => cart.lines.push(CartLine {
                    id: ids::next(unit, "cart_line", CartLineId::new)?,
                    quantity: merged.own,
                    ..*line
                }),
            }
            left.extend(merged.left.map(|quantity| CartLine { quantity, ..*line }));
        }
        if left == guest_cart.lines {
            return Ok(());
        }
        guest_cart.lines = left;
        put(unit, id, cart)?;
        put(unit, guest_id, guest_cart)
    }
}

fn place_of(cart: &Cart, product: ProductId) -> Option<usize> {
    cart.lines.iter().position(|line| line.product == product)
}
