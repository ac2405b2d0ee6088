//! Adding a product to a cart.

use super::buyable::require_buyable;
use super::find::{line_position, require_cart};
use super::save::{draft_guest_cart, save};
use super::{Cart, CartLine, CartOf, Carts, LineOf};
use crate::catalog::ProductView;
use crate::owner::Command;
use crate::store::Unit;
use crate::{Failure, ids};
use souk_domain::{CartLineId, MAX_CART_LINES, Quantity, Refusal};

/// Adds units of a product to a cart. A guest's first product creates the guest's cart. Rejects a
/// quantity that cannot be bought now, and more than [`MAX_CART_LINES`] lines.
#[derive(Clone, Debug)]
pub struct AddToCart {
    /// The cart to change.
    pub cart: CartOf,
    /// The product as of this turn.
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
                    // Checked first: creating the cart takes an id, and a refusal must come before
                    // the first write.
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

/// Adds units to a cart, which the caller then saves.
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
