//! Emptying a cart.

use super::find::find;
use super::save::save;
use super::{CartOf, Carts};
use crate::Failure;
use crate::owner::Command;
use crate::store::Unit;

/// Removes every line of a cart. Does nothing if the cart is empty.
#[derive(Clone, Debug)]
pub struct ClearCart {
    /// The cart to change.
    pub cart: CartOf,
}

impl Command for ClearCart {
    type Owner = Carts;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Carts) -> Result<(), Failure> {
        match find(unit, &self.cart)? {
            Some((id, mut cart)) if !cart.lines.is_empty() => {
                cart.lines.clear();
                save(unit, id, cart)
            }
            _ => Ok(()),
        }
    }
}
