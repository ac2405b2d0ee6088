//! The tables of carts. A cart is one row, lines included, because they are read and written
//! together and bounded in number.

use super::cart::{Cart, CartHolder, CartLine};
use super::key::{CartKey, CartKeyHash};
use crate::store::{Row, Stored, Table, Text, tables};
use crate::stored;
use souk_domain::{CartId, UnixMillis, UserId};

pub(super) const CARTS: Table<CartId, Cart> = Table::new("carts.rows");
pub(super) const BY_USER: Table<UserId, CartId> = Table::new("carts.by_user");
/// Every cart by the hash of its key.
pub(super) const BY_KEY: Table<[u8; 32], CartId> = Table::new("carts.by_key");
/// Guest carts by their expiry.
pub(super) const GUESTS_BY_END: Table<(UnixMillis, CartId), ()> = Table::new("carts.guests_by_end");

tables![CARTS, BY_USER, BY_KEY, GUESTS_BY_END];

stored! {
    /// A cart.
    pub struct CartV1<'a> of Cart {
        holder: CartHolderV1<'a>,
        lines: Vec<CartLineV1>,
        created_at: i64,
        updated_at: i64,
    }

    /// A line of a cart.
    struct CartLineV1 of CartLine {
        id: u64,
        product: u64,
        quantity: u32,
        created_at: i64,
    }
}

stored! {
    /// The owner of a cart.
    enum CartHolderV1<'a> of CartHolder {
        User { user: u64, key: Text<'a> },
        Guest { key: [u8; 32], ends_at: i64 },
    }
}

impl Row for Cart {
    type Stored<'a> = CartV1<'a>;
}

impl<'a> Stored<'a, CartKey> for Text<'a> {
    fn of(value: &'a CartKey) -> Self {
        value.as_str().into()
    }

    fn value(self) -> Option<CartKey> {
        CartKey::parse(&self)
    }
}

impl Stored<'_, CartKeyHash> for [u8; 32] {
    fn of(value: &CartKeyHash) -> Self {
        value.bytes()
    }

    fn value(self) -> Option<CartKeyHash> {
        Some(CartKeyHash::of_bytes(self))
    }
}
