//! Webhook endpoints that administrators registered, and the log of their deliveries.
//!
//! Each endpoint has a cursor into the outbox. Its log has the accepted and the failed deliveries.
//! Failed ones are retried separately, so that later events are not delayed.

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

pub(crate) use queries::{check, first_row_needed};
#[cfg(any(test, fuzzing))]
pub(crate) use stored::READERS;
pub(crate) use stored::TABLES;

/// Most endpoints of one shop.
pub const ENDPOINTS_MAX: usize = 32;
/// Most events that may wait for a retry at one endpoint; at the bound, no new deliveries begin
/// there.
pub const WAITING_MAX: u64 = 256;
/// Most deliveries in an endpoint's log, not counting those that wait.
pub const LOG_MAX: u64 = 500;
/// An endpoint that accepted nothing for this long is switched off.
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
