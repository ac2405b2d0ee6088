//! What a delivery is.

use souk_domain::UnixMillis;

/// One event at one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// How a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// Not taken; to be tried again then.
    Waiting(UnixMillis),
    /// Taken.
    Taken,
    /// Not taken, and not tried again.
    GivenUp,
}
