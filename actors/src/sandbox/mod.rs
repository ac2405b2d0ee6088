//! The sandbox gateway: behaves like Stripe without an account, for trying the shop out.
//!
//! It keeps books of its own, as a foreign system would: the shop learns what is in them only by
//! asking, or by the signed messages the sandbox sends, never by looking into them within a turn.

mod actor;
mod cards;
mod check;
mod checkouts;
mod events;
mod gateway;
mod intents;
mod rows;

pub use actor::{SandboxMessage, SandboxOwner};
pub use gateway::{CheckoutPage, SandboxEvent, SandboxGateway};

pub(crate) use check::check;
#[cfg(any(test, fuzzing))]
pub(crate) use rows::READERS;
pub(crate) use rows::TABLES;
