//! The types of a cart.

use super::key::{CartKey, CartKeyHash};
use souk_domain::{CartLineId, ProductId, Quantity, UnixMillis, UserId};

/// A cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cart {
    /// The user or the guest who owns the cart.
    pub holder: CartHolder,
    /// The lines, oldest first; each product once. An empty guest cart has no row.
    pub lines: Vec<CartLine>,
    /// When it was created.
    pub created_at: UnixMillis,
    /// When it last changed.
    pub updated_at: UnixMillis,
}

/// The owner of a cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CartHolder {
    /// A registered user.
    User {
        /// The user.
        user: UserId,
        /// Shown to the user and to services; nobody else can use it.
        key: CartKey,
    },
    /// A guest, identified by the cart's key.
    Guest {
        /// The hash of the key; only the guest has the key itself.
        key: CartKeyHash,
        /// When the cart expires, unless it changes before.
        ends_at: UnixMillis,
    },
}

impl Cart {
    /// The user; `None` for a guest's cart.
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

/// A line of a cart. It has no price: the product's current price applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CartLine {
    /// Its own id.
    pub id: CartLineId,
    /// The product.
    pub product: ProductId,
    /// How many units.
    pub quantity: Quantity,
    /// When the product was first added.
    pub created_at: UnixMillis,
}
