//! The supervised owners of the shop's state, the store they write through and the events they
//! tell. See ARCHITECTURE.md for the map.

pub mod clock;
mod failure;
pub mod outbox;
pub mod store;

pub use failure::Failure;
