//! Advancing an endpoint's cursor.

use super::Webhooks;
use super::stored::PROGRESS;
use crate::Failure;
use crate::owner::Command;
use crate::store::{Read, Unit};

/// Records that every event up to a row of the outbox was attempted, or is not for the endpoint.
/// The cursor never moves back.
#[derive(Clone, Debug)]
pub struct AdvanceCursor {
    /// The endpoint.
    pub endpoint: u64,
    /// The row number in the outbox.
    pub cursor: u64,
}

impl Command for AdvanceCursor {
    type Owner = Webhooks;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Webhooks) -> Result<(), Failure> {
        let Self { endpoint, cursor } = self;
        let Some(mut progress) = unit.get(PROGRESS, &endpoint)? else { return Ok(()) };
        if cursor > progress.cursor {
            progress.cursor = cursor;
            unit.put(PROGRESS, &endpoint, &progress)?;
        }
        Ok(())
    }
}
