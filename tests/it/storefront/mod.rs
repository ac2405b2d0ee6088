//! The storefront contract, as its document prints it.

mod auth;
mod cart;
mod categories;
mod operations;
mod orders;
mod payments;
mod products;
mod reports;
mod walk;
mod webhook;
