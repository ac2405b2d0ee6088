//! Endpoints of other systems that administrators registered, and what became of each event that
//! they were to hear.
//!
//! Each endpoint has a cursor into the outbox. What it took or refused is in its log; what it did
//! not take is tried again aside, so that later events go on.

mod advance_cursor;
mod create;
mod delete;
mod delivery;
mod endpoint;
#[cfg(test)]
pub(crate) mod examples;
mod log;
mod patterns;
mod queries;
mod record_try;
mod redeliver;
mod stored;
mod update;

use crate::owner::{Owner, Slot};
use crate::supervision::Owners;

pub use advance_cursor::AdvanceCursor;
pub use create::CreateEndpoint;
pub use delete::DeleteEndpoint;
pub use delivery::{Delivery, DeliveryState};
pub use endpoint::{Endpoint, Progress};
pub use patterns::{PatternError, check_pattern, matches};
pub use queries::{active, deliveries, delivery, endpoint, endpoints, next_due, progress};
pub use record_try::{RecordTry, Recorded, Verdict};
pub use redeliver::Redeliver;
pub use update::{EndpointChange, UpdateEndpoint};

pub(crate) use queries::{check, held_rows};
#[cfg(any(test, fuzzing))]
pub(crate) use stored::READERS;
pub(crate) use stored::TABLES;

/// Endpoints one shop may have.
pub const ENDPOINTS_MAX: usize = 32;
/// Events that may wait for another try at one endpoint; beyond, no new ones are begun there.
pub const WAITING_MAX: u64 = 256;
/// Deliveries an endpoint's log keeps, those that wait not counted.
pub const LOG_MAX: u64 = 500;
/// An endpoint that took nothing for so long is switched off.
pub const SWITCHED_OFF_AFTER: std::time::Duration =
    std::time::Duration::from_secs(3 * 24 * 60 * 60);

/// The owner of webhook endpoints and their deliveries.
#[derive(Debug)]
pub struct Webhooks;

impl Owner for Webhooks {
    const NAME: &'static str = "webhooks";

    fn slot(owners: &Owners) -> &Slot<Self> {
        &owners.webhooks
    }
}

#[cfg(test)]
mod tests;
