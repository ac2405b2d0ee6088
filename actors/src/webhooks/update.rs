//! Changing an endpoint.

use super::log::put_delivery;
use super::stored::{DELIVERIES, ENDPOINTS, WAITING};
use super::{Delivery, DeliveryState, Endpoint, WAITING_MAX, Webhooks};
use crate::Failure;
use crate::owner::Command;
use crate::store::{Direction, Read, Unit};

/// The fields to change; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct EndpointChange {
    /// The new URL, checked.
    pub url: Option<String>,
    /// The new event patterns.
    pub events: Option<Vec<String>>,
    /// The new description.
    pub description: Option<String>,
    /// True switches it on, false off.
    pub is_active: Option<bool>,
}

/// Changes an endpoint. Replies `None` if it does not exist. An endpoint that is switched on again
/// receives the events since then, as far as they are still kept.
#[derive(Clone, Debug)]
pub struct UpdateEndpoint {
    /// Its id.
    pub id: u64,
    /// The fields to change.
    pub change: EndpointChange,
}

impl Command for UpdateEndpoint {
    type Owner = Webhooks;
    type Reply = Option<Endpoint>;

    fn apply(self, unit: &Unit, _: &Webhooks) -> Result<Option<Endpoint>, Failure> {
        let Self { id, change } = self;
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
}
