//! The classic contract, as its document prints it.

mod orders;
mod payments;
mod products;
mod users;
