//! What an endpoint is.

use souk_domain::UnixMillis;

/// Where events are posted.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// How far an endpoint has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Every event up to this row of the outbox was tried, or is not for it.
    pub cursor: u64,
    /// Deliveries that wait for another try.
    pub waiting: u64,
    /// Deliveries in the log, those that wait included.
    pub logged: u64,
}
