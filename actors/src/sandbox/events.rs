//! The events that the sandbox sends to the shop: Stripe's events, reduced
//! (<https://docs.stripe.com/api/events/object>). Each is written together with its change, and
//! kept until the shop has accepted it.

use super::books::SandboxEventRow;
use super::stored::EVENTS;
use crate::store::Unit;
use crate::{Failure, ids};
use serde_json::{Value, json};

/// Stores an event. The commit wakes the task that delivers events.
pub(super) fn append_event(unit: &Unit, kind: &str, object: Value) -> Result<(), Failure> {
    let id = format!("evt_{}", crate::random_hex(12));
    let event = json!({
        "id": id,
        "object": "event",
        "type": kind,
        "created": unit.now().seconds(),
        "livemode": false,
        "data": {"object": object},
    });
    let sequence = ids::next(unit, "sandbox_event", Some)?;
    unit.put(EVENTS, &sequence, &SandboxEventRow { id, body: event.to_string() })?;
    Ok(())
}
