//! The supervised owners of the shop's state, the store they write through and the events they
//! publish. See ARCHITECTURE.md for the map.

#[cfg(test)]
extern crate self as souk_actors;

pub mod carts;
pub mod catalog;
pub mod check;
pub mod clock;
mod failure;
pub mod fair_queue;
#[cfg(test)]
mod fixtures;
#[cfg(any(test, fuzzing))]
#[path = "../../tests/fuzz/targets/stored.rs"]
pub mod fuzz;
pub mod gateway;
pub mod hashing;
pub mod housekeeping;
pub mod idempotency;
mod ids;
pub mod journeys;
pub mod leases;
pub mod orders;
pub mod outbox;
mod owner;
pub mod payments;
mod put_back;
mod random;
pub mod sandbox;
mod shop;
pub mod store;
pub mod supervision;
mod terms;
pub mod users;
pub mod webhooks;

pub use failure::Failure;
pub use owner::{Command, Owner, Slot, Turn, take_turn};
pub use put_back::{FILE_NAME as START_FILE, moved_to, restored};
pub use random::{random_hex, random_u64};
pub use shop::{OpenShopError, Shop, ShopSettings, copy_store, open_store, schema, tables};
pub use terms::TermsDiffer;

pub(crate) use random::random_bytes;
