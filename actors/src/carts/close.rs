//! Deleting the cart of a closed account.

use super::Carts;
use super::find::require_cart;
use super::stored::{BY_KEY, BY_USER, CARTS};
use crate::Failure;
use crate::owner::Command;
use crate::store::Unit;
use souk_domain::UserId;

/// Deletes the cart of a user who closes the account. Rejects a user without a cart.
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
