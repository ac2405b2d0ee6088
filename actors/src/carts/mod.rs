//! The owner of carts, of users and of guests. A cart reserves no stock.

mod add;
mod buyable;
mod cart;
mod clear;
mod close;
#[cfg(test)]
pub(crate) mod examples;
mod find;
mod key;
mod merge;
mod open;
mod prune;
mod queries;
mod remove_line;
mod save;
mod set_line;
mod stored;
#[cfg(test)]
mod tests;

use crate::owner::{Owner, Slot};
use crate::supervision::Owners;

pub use add::AddToCart;
pub use cart::{Cart, CartHolder, CartLine};
pub use clear::ClearCart;
pub use close::CloseCart;
pub use find::{CartOf, LineOf, find};
pub use key::{CartKey, CartKeyHash};
pub use merge::MergeCarts;
pub use open::OpenCart;
pub use prune::prune_guest_carts;
pub use queries::{cart, guest_carts, of_guest, of_key, of_user};
pub use remove_line::RemoveCartLine;
pub use save::GUEST_CART_LIFETIME;
pub use set_line::SetCartLine;

pub(crate) use queries::check;
#[cfg(any(test, fuzzing))]
pub(crate) use stored::READERS;
pub(crate) use stored::TABLES;

/// The owner of carts.
#[derive(Debug)]
pub struct Carts;

impl Owner for Carts {
    const NAME: &'static str = "carts";

    fn slot(owners: &Owners) -> &Slot<Self> {
        &owners.carts
    }
}
