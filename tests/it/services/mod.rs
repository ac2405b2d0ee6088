//! The services contract, as its document prints it.

mod cart;
mod guests;
mod orders;
mod payments;
mod products;
mod tokens;
mod users;
