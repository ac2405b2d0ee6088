//! Deleting events that the shop has taken.

use super::Sandbox;
use super::stored::EVENTS;
use crate::Failure;
use crate::owner::Command;
use crate::store::Unit;

/// Forgets events that the shop has taken.
#[derive(Clone, Debug)]
pub struct ForgetEvents {
    /// The numbers of the events, in the order of what happened.
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
