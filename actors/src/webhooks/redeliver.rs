//! Sending a delivery again.

use super::log::put_delivery;
use super::stored::DELIVERIES;
use super::{Delivery, DeliveryState, Webhooks};
use crate::owner::Command;
use crate::store::{Read, Unit};
use crate::{Failure, outbox};

/// Sends a delivery again, as if it had never been attempted. Replies `None` if its event is no
/// longer kept.
#[derive(Clone, Debug)]
pub struct Redeliver {
    /// The endpoint.
    pub id: u64,
    /// The event's row number in the outbox.
    pub sequence: u64,
}

impl Command for Redeliver {
    type Owner = Webhooks;
    type Reply = Option<Delivery>;

    fn apply(self, unit: &Unit, _: &Webhooks) -> Result<Option<Delivery>, Failure> {
        let Self { id, sequence } = self;
        let Some(before) = unit.get(DELIVERIES, &(id, sequence))? else { return Ok(None) };
        if !outbox::is_kept(unit, sequence)? {
            return Ok(None);
        }
        let state = DeliveryState::Waiting(unit.now());
        let again = Delivery { state, tries: 0, since: unit.now(), ..before };
        put_delivery(unit, id, sequence, again.clone())?;
        Ok(Some(again))
    }
}
