//! The tables of endpoints and deliveries.

use super::delivery::{Delivery, DeliveryState};
use super::endpoint::{Endpoint, Progress};
use crate::store::{Row, Table, Text, tables};
use crate::stored;
use souk_domain::UnixMillis;

pub(super) const ENDPOINTS: Table<u64, Endpoint> = Table::new("webhooks.endpoints");
pub(super) const PROGRESS: Table<u64, Progress> = Table::new("webhooks.progress");
/// By endpoint and the event's row number in the outbox.
pub(super) const DELIVERIES: Table<(u64, u64), Delivery> = Table::new("webhooks.deliveries");
/// By endpoint, the time of the next attempt, and the event's row number in the outbox.
pub(super) const WAITING: Table<(u64, (UnixMillis, u64)), ()> = Table::new("webhooks.waiting");

tables![ENDPOINTS, PROGRESS, DELIVERIES, WAITING];

stored! {
    /// A URL that events are posted to.
    pub struct EndpointV1<'a> of Endpoint {
        url: Text<'a>,
        events: Vec<Text<'a>>,
        description: Text<'a>,
        secret: Text<'a>,
        is_active: bool,
        failing_since: Option<i64>,
        created_at: i64,
        updated_at: i64,
    }

    /// The progress of an endpoint.
    pub struct ProgressV1 of Progress {
        cursor: u64,
        waiting: u64,
        logged: u64,
    }

    /// The delivery of one event to one endpoint.
    pub struct DeliveryV1<'a> of Delivery {
        event_id: Text<'a>,
        event: Text<'a>,
        state: DeliveryStateV1,
        tries: u32,
        since: i64,
        tried_at: i64,
        answer: Option<u16>,
        reason: Text<'a>,
    }
}

stored! {
    /// The state of a delivery.
    enum DeliveryStateV1 of DeliveryState {
        Waiting(until: i64),
        Taken,
        GivenUp,
    }
}

impl Row for Endpoint {
    type Stored<'a> = EndpointV1<'a>;
}

impl Row for Progress {
    type Stored<'a> = ProgressV1;
}

impl Row for Delivery {
    type Stored<'a> = DeliveryV1<'a>;
}
