//! How carts lie in the file: one row each, lines included, because they are read and written
//! together and bounded in number.

use crate::store::{Row, Table};
use serde::{Deserialize, Serialize};
use souk_domain::{CartId, CartLineId, ProductId, Quantity, UnixMillis, UserId};

pub(super) const CARTS: Table<CartId, Cart> = Table::new("carts.rows");
pub(super) const BY_USER: Table<UserId, CartId> = Table::new("carts.by_user");

pub(crate) const TABLES: &[&str] = &[CARTS.name(), BY_USER.name()];

/// A cart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cart {
    /// Whose.
    pub user: UserId,
    /// What is in it, oldest first; each product once.
    pub lines: Vec<CartLine>,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it last changed.
    pub updated_at: UnixMillis,
}

impl Row for Cart {}

/// A line of a cart. It has no price: the product's current one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartLine {
    /// Its own id.
    pub id: CartLineId,
    /// What.
    pub product: ProductId,
    /// How many units.
    pub quantity: Quantity,
    /// When the product was first put in.
    pub created_at: UnixMillis,
}
