//! Setting the quantity of a line.

use super::buyable::require_buyable;
use super::find::{find, line_position};
use super::save::save;
use super::{CartLine, CartOf, Carts, LineOf};
use crate::Failure;
use crate::catalog::ProductView;
use crate::owner::Command;
use crate::store::Unit;
use souk_domain::{Missing, Quantity, Refusal};

/// Sets the quantity of a cart line. Rejects a line that does not exist, and a quantity that cannot
/// be bought now.
#[derive(Clone, Debug)]
pub struct SetCartLine {
    /// The cart to change.
    pub cart: CartOf,
    /// The line.
    pub line: LineOf,
    /// The line's product as of this turn.
    pub product: ProductView,
    /// The new quantity.
    pub quantity: Quantity,
}

impl Command for SetCartLine {
    type Owner = Carts;
    type Reply = CartLine;

    fn apply(self, unit: &Unit, _: &Carts) -> Result<CartLine, Failure> {
        let Self { cart, line, product, quantity } = self;
        let not_found = || Failure::from(Refusal::NotFound(Missing::CartLine));
        let (id, mut cart) = find(unit, &cart)?.ok_or_else(not_found)?;
        let index = line_position(&cart, line)
            .filter(|index| cart.lines[*index].product == product.id)
            .ok_or_else(not_found)?;
        require_buyable(&product, quantity)?;
        cart.lines[index].quantity = quantity;
        let changed = cart.lines[index];
        save(unit, id, cart)?;
        Ok(changed)
    }
}
