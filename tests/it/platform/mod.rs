//! The platform contract, as its document prints it.

mod orders;
mod products;
mod users;
