//! Removing a line from a cart.

use super::find::{find, line_position};
use super::save::save;
use super::{CartOf, Carts, LineOf};
use crate::Failure;
use crate::owner::Command;
use crate::store::Unit;
use souk_domain::{Missing, Refusal};

/// Removes a line from a cart. Rejects a line that does not exist.
#[derive(Clone, Debug)]
pub struct RemoveCartLine {
    /// The cart to change.
    pub cart: CartOf,
    /// The line.
    pub line: LineOf,
}

impl Command for RemoveCartLine {
    type Owner = Carts;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Carts) -> Result<(), Failure> {
        let Self { cart, line } = self;
        let not_found = || Failure::from(Refusal::NotFound(Missing::CartLine));
        let (id, mut cart) = find(unit, &cart)?.ok_or_else(not_found)?;
        let index = line_position(&cart, line).ok_or_else(not_found)?;
        cart.lines.remove(index);
        save(unit, id, cart)
    }
}
