//! Opening a user's cart.

use super::stored::{BY_KEY, BY_USER, CARTS};
use super::{Cart, CartHolder, CartKey, Carts};
use crate::owner::Command;
use crate::store::Unit;
use crate::{Failure, ids};
use souk_domain::{CartId, UserId};

/// Creates the empty cart of a new user.
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
