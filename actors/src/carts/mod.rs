//! The owner of carts, of users and of guests. Putting something in a cart reserves nothing.

mod actor;
mod changes;
mod guests;
mod key;
mod lines;
mod open;
mod queries;
mod rows;
#[cfg(test)]
mod tests;

pub use actor::{CartOf, CartOwner, CartsMessage};
pub use changes::CartChange;
pub use guests::prune_guest_carts;
pub use key::{CartKey, CartKeyHash};
pub use open::GUEST_CART_LIFETIME;
pub use queries::{guest_carts, of_guest, of_key, of_user};
pub use rows::{Cart, CartHolder, CartLine};

pub(crate) use queries::check;
#[cfg(any(test, fuzzing))]
pub(crate) use rows::READERS;
pub(crate) use rows::TABLES;
