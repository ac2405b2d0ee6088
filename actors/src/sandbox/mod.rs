//! The sandbox gateway: behaves like Stripe without an account, for trying the shop out.
//!
//! It has books of its own, like a remote system: the shop learns about them only by calling the
//! gateway or from the signed messages. Unlike a remote system it can be called within a turn, with
//! the commands of its owner (`journeys/paying/in_turn.rs`).

mod books;
mod cards;
mod check;
mod checkouts;
mod events;
#[cfg(test)]
pub(crate) mod examples;
mod forget_events;
mod gateway;
mod intents;
mod objects;
mod stored;

use crate::owner::{Owner, Slot};
use crate::supervision::Owners;

pub use checkouts::{CheckoutPage, ExpireCheckout, OpenCheckout, PayCheckout};
pub use forget_events::ForgetEvents;
pub(crate) use gateway::as_gateway_answers;
pub use gateway::{SandboxEvent, SandboxGateway};
pub use intents::{CancelIntent, ConfirmInBrowser, ConfirmIntent, CreateIntent, RefundIntent};

pub(crate) use check::check;
#[cfg(any(test, fuzzing))]
pub(crate) use stored::READERS;
pub(crate) use stored::TABLES;

/// The owner of the sandbox gateway's books.
#[derive(Debug)]
pub struct Sandbox;

impl Owner for Sandbox {
    const NAME: &'static str = "sandbox";

    fn slot(owners: &Owners) -> &Slot<Self> {
        &owners.sandbox
    }
}
