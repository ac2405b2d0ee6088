//! Rows of carts, for the fixtures.

use super::cart::{Cart, CartHolder, CartLine};
use super::stored::{BY_KEY, BY_USER, CARTS, GUESTS_BY_END};
use super::{CartKey, CartKeyHash};
use crate::fixtures::{Example, TIME, id};
use souk_domain::{CartId, CartLineId, ProductId, Quantity, UnixMillis, UserId};

pub(crate) fn rows() -> Vec<Example> {
    let user = id(UserId::new, 300);
    let users = Cart {
        holder: CartHolder::User { user, key: key() },
        lines: Vec::new(),
        created_at: UnixMillis::new(0),
        updated_at: TIME,
    };
    let line = |number, units| CartLine {
        id: id(CartLineId::new, number),
        product: id(ProductId::new, number + 1),
        quantity: Quantity::new(units).expect("a quantity"),
        created_at: TIME,
    };
    let guests = Cart {
        holder: CartHolder::Guest { key: key_hash(), ends_at: UnixMillis::new(1) },
        lines: vec![line(1, 1), line(200, 1_000_000)],
        created_at: TIME,
        updated_at: TIME,
    };
    let (first, other) = (id(CartId::new, 1), id(CartId::new, 300));
    vec![
        Example::of(CARTS, "a user's cart with nothing in it", &first, &users),
        Example::of(CARTS, "a guest's cart with two lines", &other, &guests),
        Example::of(BY_USER, "the cart of a user", &user, &first),
        Example::of(BY_KEY, "the cart of a key", &key_hash().bytes(), &other),
        Example::of(GUESTS_BY_END, "when a guest's cart ends", &(TIME, other), &()),
    ]
}

fn key() -> CartKey {
    CartKey::of_bytes(&[0xa1; CartKey::BYTES])
}

/// The key hash that an order of the same guest keeps.
pub(crate) fn key_hash() -> CartKeyHash {
    key().hash()
}
