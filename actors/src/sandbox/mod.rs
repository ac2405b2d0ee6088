//! The sandbox gateway: behaves like Stripe without an account, for trying the shop out.
//!
//! It keeps books of its own, as a foreign system would: the shop learns what is in them only by
//! asking, never by looking into them within a turn.

mod actor;
mod checkouts;
mod commands;
mod gateway;
mod rows;

pub use actor::{SandboxMessage, SandboxOwner};
pub use gateway::{Attempt, CheckoutPages, GatewayCheckout, GatewayIntent, SandboxGateway};

pub(crate) use checkouts::check;
pub(crate) use rows::TABLES;
