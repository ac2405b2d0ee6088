//! The owner of carts, of users and of guests. Putting something in a cart reserves nothing.

mod changes;
mod guests;
mod key;
mod lines;
mod open;
mod queries;
mod rows;
#[cfg(test)]
mod tests;

use crate::owner::{Owner, Slot};
use crate::supervision::Owners;

pub use changes::{CartChange, ChangeCart, MergeCarts};
pub use guests::prune_guest_carts;
pub use key::{CartKey, CartKeyHash};
pub use lines::{AddCartLine, ClearCart, RemoveCartLine, SetCartLine};
pub use open::{CartOf, CloseCart, GUEST_CART_LIFETIME, OpenCart, find, require_cart};
pub use queries::{guest_carts, of_guest, of_key, of_user};
pub use rows::{Cart, CartHolder, CartLine};

pub(crate) use queries::check;
#[cfg(any(test, fuzzing))]
pub(crate) use rows::READERS;
pub(crate) use rows::TABLES;

/// The owner of carts.
#[derive(Debug)]
pub struct Carts;

impl Owner for Carts {
    const NAME: &'static str = "carts";

    fn slot(owners: &Owners) -> &Slot<Self> {
        &owners.carts
    }
}
