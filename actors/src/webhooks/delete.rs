//! Deleting an endpoint.

use super::stored::{DELIVERIES, ENDPOINTS, PROGRESS, WAITING};
use super::{LOG_MAX, WAITING_MAX, Webhooks};
use crate::Failure;
use crate::owner::Command;
use crate::store::{Direction, Read, Unit};

/// Deletes an endpoint with its log. Replies false if it does not exist.
#[derive(Clone, Debug)]
pub struct DeleteEndpoint {
    /// Its id.
    pub id: u64,
}

impl Command for DeleteEndpoint {
    type Owner = Webhooks;
    type Reply = bool;

    fn apply(self, unit: &Unit, _: &Webhooks) -> Result<bool, Failure> {
        let Self { id } = self;
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
}
