//! Cancelling an intent.

use super::find::find;
use crate::Failure;
use crate::gateway::GatewayIntent;
use crate::owner::Command;
use crate::sandbox::Sandbox;
use crate::sandbox::events::append_event;
use crate::sandbox::stored::INTENTS;
use crate::store::Unit;
use souk_domain::PaymentStatus;

/// Cancels an intent, so that it can never be paid. Does nothing to a paid intent.
#[derive(Clone, Debug)]
pub struct CancelIntent {
    /// The intent's id.
    pub intent: String,
}

impl Command for CancelIntent {
    type Owner = Sandbox;
    type Reply = GatewayIntent;

    fn apply(self, unit: &Unit, _: &Sandbox) -> Result<GatewayIntent, Failure> {
        let Self { intent: id } = self;
        let mut intent = find(unit, &id)?;
        if intent.status.is_open() {
            intent.status = PaymentStatus::Canceled;
            unit.put(INTENTS, &id, &intent)?;
            append_event(unit, "payment_intent.canceled", intent.object(&id))?;
        }
        Ok(intent.shown(&id))
    }
}
