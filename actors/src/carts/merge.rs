//! Merging a guest's cart into a user's.

use super::find::{line_position, require_cart};
use super::key::CartKey;
use super::save::save;
use super::{CartLine, Carts, LineOf};
use crate::catalog::ProductView;
use crate::owner::Command;
use crate::store::Unit;
use crate::{Failure, ids};
use souk_domain::{CartLineId, MAX_CART_LINES, UserId, merge_quantities};

/// Moves the lines of a guest's cart into a user's cart; does nothing if the guest has no cart.
/// Loses nothing: units beyond [`MAX_CART_LINES`] or the stock stay in the guest's cart, under its
/// key. A second merge moves only what was left. Rejects only a user whose account was closed.
#[derive(Clone, Debug)]
pub struct MergeCarts {
    /// The guest's key.
    pub guest: CartKey,
    /// The user whose cart gets the lines.
    pub user: UserId,
    /// The products in the guest's cart, as of this turn.
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
            let position = line_position(&cart, LineOf::Product(line.product));
            if position.is_none() && cart.lines.len() >= MAX_CART_LINES {
                left.push(*line);
                continue;
            }
            let own = position.map(|index| cart.lines[index].quantity);
            let merged = merge_quantities(own, line.quantity, sellable);
            match position {
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
        save(unit, id, cart)?;
        save(unit, guest_id, guest_cart)
    }
}
