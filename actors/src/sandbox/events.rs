//! What the sandbox sends to the shop by itself: Stripe's events in small
//! (<https://docs.stripe.com/api/events/object>). Each is written with the change it is about, and
//! kept until the shop has taken it.

use super::books::SandboxEventRow;
use super::stored::EVENTS;
use crate::store::Unit;
use crate::{Failure, ids};
use serde_json::{Value, json};

/// Writes an event down; whoever delivers them is woken by the commit.
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
