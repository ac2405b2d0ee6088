//! Deleting events that the shop has accepted.

use super::Sandbox;
use super::stored::EVENTS;
use crate::Failure;
use crate::owner::Command;
use crate::store::Unit;

/// Deletes events that the shop has accepted.
#[derive(Clone, Debug)]
pub struct ForgetEvents {
    /// The numbers of the events.
    pub events: Vec<u64>,
}

impl Command for ForgetEvents {
    type Owner = Sandbox;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Sandbox) -> Result<(), Failure> {
        for event in &self.events {
            unit.delete(EVENTS, event)?;
        }
        Ok(())
    }
}
