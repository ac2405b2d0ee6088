//! The types of a delivery.

use souk_domain::UnixMillis;

/// The delivery of one event to one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The event's id.
    pub event_id: String,
    /// The event's name, such as `order.paid`.
    pub event: String,
    /// Its state.
    pub state: DeliveryState,
    /// Attempts so far.
    pub tries: u32,
    /// When it was first attempted, or when an administrator had it sent again.
    pub since: UnixMillis,
    /// When it was last attempted.
    pub tried_at: UnixMillis,
    /// The HTTP status of the last answer, if there was one.
    pub answer: Option<u16>,
    /// Why it failed; empty if it succeeded.
    pub reason: String,
}

/// The state of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// It failed and is retried at this time.
    Waiting(UnixMillis),
    /// The endpoint accepted it.
    Taken,
    /// It failed and is not retried.
    GivenUp,
}
