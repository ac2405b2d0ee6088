//! What a cart is.

use super::key::{CartKey, CartKeyHash};
use souk_domain::{CartLineId, ProductId, Quantity, UnixMillis, UserId};

/// A cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cart {
    /// The user or the guest whose cart it is.
    pub holder: CartHolder,
    /// What is in it, oldest first; each product once. A guest's cart with nothing in it has no row.
    pub lines: Vec<CartLine>,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it last changed.
    pub updated_at: UnixMillis,
}

/// Whose a cart is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CartHolder {
    /// A registered person's one cart.
    User {
        /// The person.
        user: UserId,
        /// Shown to them and to services; worth nothing to anybody else.
        key: CartKey,
    },
    /// The cart of whoever presents its key.
    Guest {
        /// Of the key; the key itself is its holder's alone.
        key: CartKeyHash,
        /// When it is forgotten, unless it changes before.
        ends_at: UnixMillis,
    },
}

impl Cart {
    /// The user whose it is; `None` for a guest's.
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        match self.holder {
            CartHolder::User { user, .. } => Some(user),
            CartHolder::Guest { .. } => None,
        }
    }

    pub(super) fn key_hash(&self) -> CartKeyHash {
        match &self.holder {
            CartHolder::User { key, .. } => key.hash(),
            CartHolder::Guest { key, .. } => *key,
        }
    }

    pub(super) fn has_ended(&self, now: UnixMillis) -> bool {
        matches!(self.holder, CartHolder::Guest { ends_at, .. } if ends_at <= now)
    }
}

/// A line of a cart. It has no price: the product's current one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CartLine {
    /// Its own id.
    pub id: CartLineId,
    /// The product.
    pub product: ProductId,
    /// How many units.
    pub quantity: Quantity,
    /// When the product was first put in.
    pub created_at: UnixMillis,
}
