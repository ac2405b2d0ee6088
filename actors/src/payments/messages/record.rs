//! Recording a message of the gateway.

use crate::Failure;
use crate::owner::Command;
use crate::payments::Payments;
use crate::payments::stored::{RECEIVED, RECEIVED_BY_TIME};
use crate::store::{Read, Unit};

/// Records that a message of the gateway was received; replies false if it was received before.
#[derive(Clone, Debug)]
pub struct RecordGatewayMessage {
    /// The message's id.
    pub event: String,
}

impl Command for RecordGatewayMessage {
    type Owner = Payments;
    type Reply = bool;

    fn apply(self, unit: &Unit, _: &Payments) -> Result<bool, Failure> {
        let Self { event } = self;
        if unit.get(RECEIVED, &event)?.is_some() {
            return Ok(false);
        }
        unit.put(RECEIVED, &event, &())?;
        unit.put(RECEIVED_BY_TIME, &(unit.now(), event), &())?;
        Ok(true)
    }
}
