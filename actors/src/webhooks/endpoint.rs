//! The types of an endpoint.

use souk_domain::UnixMillis;

/// A URL that events are posted to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its URL.
    pub url: String,
    /// Patterns of the events: `*`, `order.*`, `order.paid`.
    pub events: Vec<String>,
    /// A note for administrators; may be empty.
    pub description: String,
    /// The key that signs its messages. Shown once, when the endpoint is created.
    pub secret: String,
    /// True if events are sent to it.
    pub is_active: bool,
    /// When its deliveries began to fail; `None` if the last one succeeded.
    pub failing_since: Option<UnixMillis>,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When an administrator last changed it, or it was switched off.
    pub updated_at: UnixMillis,
}

/// The progress of an endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Every event up to this row of the outbox was attempted, or is not for it.
    pub cursor: u64,
    /// Deliveries that wait for a retry.
    pub waiting: u64,
    /// Deliveries in the log, including those that wait.
    pub logged: u64,
}
