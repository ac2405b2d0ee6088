//! What administrators do to endpoints.

use super::rows::{DELIVERIES, ENDPOINTS, PROGRESS, WAITING};
use super::tries::put_delivery;
use super::{Delivery, DeliveryState, ENDPOINTS_MAX, Endpoint, LOG_MAX, Progress, WAITING_MAX};
use crate::store::{Direction, Read, Unit};
use crate::{Failure, ids, outbox};

/// Octets of a made secret.
const SECRET_BYTES: usize = 32;

/// A new endpoint.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Its URL, checked.
    pub url: String,
    /// Which events, each a pattern.
    pub events: Vec<String>,
    /// What to know of it; may be empty.
    pub description: String,
    /// Whether it is told anything from the start.
    pub is_active: bool,
}

/// What to change; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct EndpointChange {
    /// Another URL, checked.
    pub url: Option<String>,
    /// Other events.
    pub events: Option<Vec<String>>,
    /// Another description.
    pub description: Option<String>,
    /// Switch it on or off.
    pub is_active: Option<bool>,
}

/// Makes an endpoint, which hears what happens from now on; `None` if there are
/// [`ENDPOINTS_MAX`] already.
///
/// # Errors
/// [`Failure`] of the store.
pub fn create(unit: &Unit, draft: Draft) -> Result<Option<(u64, Endpoint)>, Failure> {
    if unit.count(ENDPOINTS)? >= u64::try_from(ENDPOINTS_MAX).unwrap_or(u64::MAX) {
        return Ok(None);
    }
    let cursor = outbox::last(unit)?;
    let id = ids::next(unit, "webhook_endpoint", Some)?;
    let endpoint = Endpoint {
        url: draft.url,
        events: draft.events,
        description: draft.description,
        secret: format!("whsec_{}", crate::random_hex(SECRET_BYTES)),
        is_active: draft.is_active,
        failing_since: None,
        created_at: unit.now(),
        updated_at: unit.now(),
    };
    unit.put(ENDPOINTS, &id, &endpoint)?;
    unit.put(PROGRESS, &id, &Progress { cursor, ..Progress::default() })?;
    Ok(Some((id, endpoint)))
}

/// Changes an endpoint; `None` if it is not there. One that is switched on again gets what waited
/// for it, as far as that is still kept.
///
/// # Errors
/// [`Failure`] of the store.
pub fn update(unit: &Unit, id: u64, change: EndpointChange) -> Result<Option<Endpoint>, Failure> {
    let Some(before) = unit.get(ENDPOINTS, &id)? else { return Ok(None) };
    let mut after = before.clone();
    after.url = change.url.unwrap_or(after.url);
    after.events = change.events.unwrap_or(after.events);
    after.description = change.description.unwrap_or(after.description);
    after.is_active = change.is_active.unwrap_or(after.is_active);
    after.updated_at = unit.now();
    if after.is_active && !before.is_active {
        after.failing_since = None;
        let limit = usize::try_from(WAITING_MAX).unwrap_or(usize::MAX);
        for ((_, sequence), ()) in unit.under(WAITING, &id, Direction::Ascending, limit)? {
            let Some(waiting) = unit.get(DELIVERIES, &(id, sequence))? else { continue };
            let state = DeliveryState::Waiting(unit.now());
            let again = Delivery { state, since: unit.now(), ..waiting };
            put_delivery(unit, id, sequence, again)?;
        }
    }
    unit.put(ENDPOINTS, &id, &after)?;
    Ok(Some(after))
}

/// Deletes an endpoint with its log; false if it is not there.
///
/// # Errors
/// [`Failure`] of the store.
pub fn delete(unit: &Unit, id: u64) -> Result<bool, Failure> {
    if unit.get(ENDPOINTS, &id)?.is_none() {
        return Ok(false);
    }
    let limit = usize::try_from(LOG_MAX + WAITING_MAX).unwrap_or(usize::MAX);
    for (sequence, _) in unit.under(DELIVERIES, &id, Direction::Ascending, limit)? {
        unit.delete(DELIVERIES, &(id, sequence))?;
    }
    for (due, ()) in unit.under(WAITING, &id, Direction::Ascending, limit)? {
        unit.delete(WAITING, &(id, due))?;
    }
    unit.delete(PROGRESS, &id)?;
    Ok(unit.delete(ENDPOINTS, &id)?)
}

/// Has a delivery sent again, with all its tries before it; `None` if its event is not kept any
/// more.
///
/// # Errors
/// [`Failure`] of the store.
pub fn redeliver(unit: &Unit, id: u64, sequence: u64) -> Result<Option<Delivery>, Failure> {
    let Some(before) = unit.get(DELIVERIES, &(id, sequence))? else { return Ok(None) };
    if !outbox::is_kept(unit, sequence)? {
        return Ok(None);
    }
    let state = DeliveryState::Waiting(unit.now());
    let again = Delivery { state, tries: 0, since: unit.now(), ..before };
    put_delivery(unit, id, sequence, again.clone())?;
    Ok(Some(again))
}
