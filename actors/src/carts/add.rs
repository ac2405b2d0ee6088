//! Putting a product in a cart.

use super::buyable::require_buyable;
use super::find::{line_position, require_cart};
use super::save::{draft_guest_cart, save};
use super::{Cart, CartLine, CartOf, Carts, LineOf};
use crate::catalog::ProductView;
use crate::owner::Command;
use crate::store::Unit;
use crate::{Failure, ids};
use souk_domain::{CartLineId, MAX_CART_LINES, Quantity, Refusal};

/// Puts units of a product in a cart, on top of those that are there. A guest's first product makes
/// the guest's cart. Refuses what could not be bought now, and a line more than [`MAX_CART_LINES`].
#[derive(Clone, Debug)]
pub struct AddToCart {
    /// Whose cart.
    pub cart: CartOf,
    /// The product as it stands in this turn.
    pub product: ProductView,
    /// How many units to add.
    pub quantity: Quantity,
}

impl Command for AddToCart {
    type Owner = Carts;
    type Reply = CartLine;

    fn apply(self, unit: &Unit, _: &Carts) -> Result<CartLine, Failure> {
        let Self { cart, product, quantity } = self;
        let (id, mut cart) = match cart {
            CartOf::User(user) => require_cart(unit, user)?,
            CartOf::Guest(key) => match super::of_guest(unit, &key, unit.now())? {
                Some(found) => found,
                None => {
                    // A draft takes a number, and a refusal must come before the first write.
                    require_buyable(&product, quantity)?;
                    draft_guest_cart(unit, key.hash())?
                }
            },
        };
        let line = add_to(unit, &mut cart, &product, quantity)?;
        save(unit, id, cart)?;
        Ok(line)
    }
}

/// Puts units in a cart that is saved afterwards.
fn add_to(
    unit: &Unit,
    cart: &mut Cart,
    product: &ProductView,
    quantity: Quantity,
) -> Result<CartLine, Failure> {
    let known = line_position(cart, LineOf::Product(product.id));
    let wished = match known {
        Some(index) => cart.lines[index]
            .quantity
            .plus(quantity)
            .ok_or(Refusal::QuantityTooLarge { product: product.id })?,
        None if cart.lines.len() >= MAX_CART_LINES => return Err(Refusal::TooManyLines.into()),
        None => quantity,
    };
    require_buyable(product, wished)?;
    if let Some(index) = known {
        cart.lines[index].quantity = wished;
        return Ok(cart.lines[index]);
    }
    let line = CartLine {
        id: ids::next(unit, "cart_line", CartLineId::new)?,
        product: product.id,
        quantity: wished,
        created_at: unit.now(),
    };
    cart.lines.push(line);
    Ok(line)
}
