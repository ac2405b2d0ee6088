//! Recording an attempt to deliver an event.

use super::log::put_delivery;
use super::stored::{DELIVERIES, ENDPOINTS};
use super::{AdvanceCursor, Delivery, DeliveryState, SWITCHED_OFF_AFTER, Webhooks};
use crate::Failure;
use crate::owner::Command;
use crate::store::{Read, Unit};
use souk_domain::UnixMillis;

/// Records an attempt. Does nothing if the endpoint was deleted or the delivery is already settled.
#[derive(Clone, Debug)]
pub struct RecordTry {
    /// The endpoint.
    pub endpoint: u64,
    /// The event's row number in the outbox.
    pub sequence: u64,
    /// Every event up to this row was attempted, or is not for the endpoint.
    pub cursor: u64,
    /// The event's id.
    pub event_id: String,
    /// The event's name, such as `order.paid`.
    pub event: String,
    /// The HTTP status of the answer, if there was one.
    pub answer: Option<u16>,
    /// Why it failed; empty if it succeeded.
    pub reason: String,
    /// What to do next.
    pub verdict: Verdict,
}

/// What to do after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing: the endpoint accepted it.
    Taken,
    /// Retry at this time.
    Again(UnixMillis),
    /// Give up.
    GivenUp,
}

/// The further effect of recording an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// None.
    Noted,
    /// The endpoint accepted nothing for [`SWITCHED_OFF_AFTER`] and is switched off.
    SwitchedOff,
}

impl Command for RecordTry {
    type Owner = Webhooks;
    type Reply = Recorded;

    fn apply(self, unit: &Unit, webhooks: &Webhooks) -> Result<Recorded, Failure> {
        let Some(endpoint) = unit.get(ENDPOINTS, &self.endpoint)? else {
            return Ok(Recorded::Noted);
        };
        let Self { endpoint: id, sequence, cursor, verdict, .. } = self;
        let now = unit.now();
        let before = unit.get(DELIVERIES, &(id, sequence))?;
        let (tries, since) =
            before.as_ref().map_or((0, now), |before| (before.tries, before.since));
        let state = match verdict {
            Verdict::Taken => DeliveryState::Taken,
            Verdict::Again(at) => DeliveryState::Waiting(at),
            Verdict::GivenUp => DeliveryState::GivenUp,
        };
        let delivery = Delivery {
            event_id: self.event_id,
            event: self.event,
            state,
            tries: tries.saturating_add(1),
            since,
            tried_at: now,
            answer: self.answer,
            reason: self.reason,
        };
        put_delivery(unit, id, sequence, delivery)?;
        AdvanceCursor { endpoint: id, cursor }.apply(unit, webhooks)?;
        let mut judged = endpoint.clone();
        if verdict == Verdict::Taken {
            judged.failing_since = None;
        } else {
            let since = *judged.failing_since.get_or_insert(now);
            if judged.is_active && since.after(SWITCHED_OFF_AFTER) <= now {
                judged.is_active = false;
                judged.updated_at = now;
            }
        }
        if judged != endpoint {
            unit.put(ENDPOINTS, &id, &judged)?;
        }
        let is_off = endpoint.is_active && !judged.is_active;
        Ok(if is_off { Recorded::SwitchedOff } else { Recorded::Noted })
    }
}
