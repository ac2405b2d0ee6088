//! The owner of carts. Putting something in a cart reserves nothing.

mod actor;
mod lines;
mod open;
mod queries;
mod rows;

pub use actor::{CartOwner, CartsMessage};
pub use queries::of_user;
pub use rows::{Cart, CartLine};

pub(crate) use queries::check;
pub(crate) use rows::TABLES;
