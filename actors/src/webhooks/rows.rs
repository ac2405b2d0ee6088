//! How endpoints and deliveries lie in the file.

use crate::store::{Table, tables};
use serde::{Deserialize, Serialize};
use souk_domain::UnixMillis;

pub(super) const ENDPOINTS: Table<u64, Endpoint> = Table::new("webhooks.endpoints");
pub(super) const PROGRESS: Table<u64, Progress> = Table::new("webhooks.progress");
/// By endpoint and the event's place in the outbox.
pub(super) const DELIVERIES: Table<(u64, u64), Delivery> = Table::new("webhooks.deliveries");
/// By endpoint, when to try again, and the event's place in the outbox.
pub(super) const WAITING: Table<(u64, (UnixMillis, u64)), ()> = Table::new("webhooks.waiting");

tables![ENDPOINTS, PROGRESS, DELIVERIES, WAITING];

/// Where events are posted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Its URL.
    pub url: String,
    /// Which events: `*`, `order.*`, `order.paid`.
    pub events: Vec<String>,
    /// What the administrator wants to know of it; may be empty.
    pub description: String,
    /// What its messages are signed with. Shown once, when the endpoint is made.
    pub secret: String,
    /// Whether it is told anything.
    pub is_active: bool,
    /// Since when it has taken nothing, if the last try failed.
    pub failing_since: Option<UnixMillis>,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When an administrator changed it, or it was switched off.
    pub updated_at: UnixMillis,
}

crate::store::as_is!(Endpoint);

/// How far an endpoint has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Every event up to this row of the outbox was tried, or is not for it.
    pub cursor: u64,
    /// Deliveries that wait for another try.
    pub waiting: u64,
    /// Deliveries in the log, those that wait included.
    pub logged: u64,
}

crate::store::as_is!(Progress);

/// One event at one endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The event's id.
    pub event_id: String,
    /// `order.paid` and its like.
    pub event: String,
    /// How it stands.
    pub state: DeliveryState,
    /// Tries so far.
    pub tries: u32,
    /// When it was first tried, or an administrator had it sent again.
    pub since: UnixMillis,
    /// When it was last tried.
    pub tried_at: UnixMillis,
    /// The status of the last answer, if there was one.
    pub answer: Option<u16>,
    /// Why it was not taken; empty if it was.
    pub reason: String,
}

crate::store::as_is!(Delivery);

/// How a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeliveryState {
    /// Not taken; to be tried again then.
    Waiting(UnixMillis),
    /// Taken.
    Taken,
    /// Not taken, and not tried again.
    GivenUp,
}
