//! What came of a try.

use super::rows::{DELIVERIES, ENDPOINTS, PROGRESS, WAITING};
use super::{Delivery, DeliveryState, LOG_MAX, SWITCHED_OFF_AFTER};
use crate::Failure;
use crate::store::{Direction, Read, Unit};
use souk_domain::UnixMillis;
use std::ops::ControlFlow;

/// A try.
#[derive(Clone, Debug)]
pub struct Tried {
    /// At which endpoint.
    pub endpoint: u64,
    /// The event's place in the outbox.
    pub sequence: u64,
    /// Everything up to this place was tried, or is not for the endpoint.
    pub cursor: u64,
    /// The event's id.
    pub event_id: String,
    /// `order.paid` and its like.
    pub event: String,
    /// The status of the answer, if there was one.
    pub answer: Option<u16>,
    /// Why it was not taken; empty if it was.
    pub reason: String,
    /// What follows.
    pub verdict: Verdict,
}

/// What follows from a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Taken.
    Taken,
    /// To be tried again then.
    Again(UnixMillis),
    /// Not tried again.
    GivenUp,
}

/// What recording a try did beside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// Nothing.
    Noted,
    /// The endpoint took nothing for [`SWITCHED_OFF_AFTER`] and is switched off.
    SwitchedOff,
}

/// Writes a try down. Of an endpoint that is gone, or a delivery somebody else has settled, nothing.
///
/// # Errors
/// [`Failure`] of the store.
pub fn record(unit: &Unit, tried: Tried) -> Result<Recorded, Failure> {
    let Some(endpoint) = unit.get(ENDPOINTS, &tried.endpoint)? else { return Ok(Recorded::Noted) };
    let Tried { endpoint: id, sequence, cursor, verdict, .. } = tried;
    let now = unit.now();
    let before = unit.get(DELIVERIES, &(id, sequence))?;
    let (tries, since) = before.as_ref().map_or((0, now), |before| (before.tries, before.since));
    let state = match verdict {
        Verdict::Taken => DeliveryState::Taken,
        Verdict::Again(at) => DeliveryState::Waiting(at),
        Verdict::GivenUp => DeliveryState::GivenUp,
    };
    let delivery = Delivery {
        event_id: tried.event_id,
        event: tried.event,
        state,
        tries: tries.saturating_add(1),
        since,
        tried_at: now,
        answer: tried.answer,
        reason: tried.reason,
    };
    put_delivery(unit, id, sequence, delivery)?;
    advance(unit, id, cursor)?;
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

/// Everything up to this place in the outbox was tried, or is not for the endpoint. Never moves
/// back.
///
/// # Errors
/// [`Failure`] of the store.
pub fn advance(unit: &Unit, endpoint: u64, cursor: u64) -> Result<(), Failure> {
    let Some(mut progress) = unit.get(PROGRESS, &endpoint)? else { return Ok(()) };
    if cursor > progress.cursor {
        progress.cursor = cursor;
        unit.put(PROGRESS, &endpoint, &progress)?;
    }
    Ok(())
}

/// Writes a delivery with its place among those that wait, and keeps the log within its bound.
pub(super) fn put_delivery(
    unit: &Unit,
    endpoint: u64,
    sequence: u64,
    delivery: Delivery,
) -> Result<(), Failure> {
    let mut progress = unit.get(PROGRESS, &endpoint)?.unwrap_or_default();
    match unit.get(DELIVERIES, &(endpoint, sequence))?.map(|before| before.state) {
        None => progress.logged += 1,
        Some(DeliveryState::Waiting(due)) => {
            unit.delete(WAITING, &(endpoint, (due, sequence)))?;
            progress.waiting = progress.waiting.saturating_sub(1);
        }
        Some(_) => {}
    }
    if let DeliveryState::Waiting(due) = delivery.state {
        unit.put(WAITING, &(endpoint, (due, sequence)), &())?;
        progress.waiting += 1;
    }
    unit.put(DELIVERIES, &(endpoint, sequence), &delivery)?;
    if progress.logged > LOG_MAX + progress.waiting
        && let Some(oldest) = oldest_settled(unit, endpoint)?
    {
        unit.delete(DELIVERIES, &(endpoint, oldest))?;
        progress.logged -= 1;
    }
    Ok(unit.put(PROGRESS, &endpoint, &progress)?)
}

fn oldest_settled(unit: &Unit, endpoint: u64) -> Result<Option<u64>, Failure> {
    let mut oldest = None;
    unit.visit_under(DELIVERIES, &endpoint, Direction::Ascending, |sequence, delivery| {
        if matches!(delivery.state, DeliveryState::Waiting(_)) {
            return ControlFlow::Continue(());
        }
        oldest = Some(sequence);
        ControlFlow::Break(())
    })?;
    Ok(oldest)
}
