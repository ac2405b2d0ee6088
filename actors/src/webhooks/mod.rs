//! Endpoints of other systems that administrators registered, and what became of each event that
//! they were to hear. The rows are written like the outbox's own: within a turn, by the functions
//! here and by nobody else.
//!
//! Each endpoint has a cursor into the outbox. What it took or refused is in its log; what it did
//! not take is tried again aside, so that later events go on.

mod changes;
mod patterns;
mod queries;
mod rows;
mod tries;

pub use changes::{Draft, EndpointChange, create, delete, redeliver, update};
pub use patterns::{PatternError, check_pattern, matches};
pub use queries::{active, deliveries, delivery, endpoint, endpoints, next_due, progress};
pub use rows::{Delivery, DeliveryState, Endpoint, Progress};
pub use tries::{Recorded, Tried, Verdict, advance, record};

pub(crate) use queries::{check, held_rows};
#[cfg(any(test, fuzzing))]
pub(crate) use rows::READERS;
pub(crate) use rows::TABLES;

/// Endpoints one shop may have.
pub const ENDPOINTS_MAX: usize = 32;
/// Events that may wait for another try at one endpoint; beyond, no new ones are begun there.
pub const WAITING_MAX: u64 = 256;
/// Deliveries an endpoint's log keeps, those that wait not counted.
pub const LOG_MAX: u64 = 500;
/// An endpoint that took nothing for so long is switched off.
pub const SWITCHED_OFF_AFTER: std::time::Duration =
    std::time::Duration::from_secs(3 * 24 * 60 * 60);

#[cfg(test)]
mod tests;
