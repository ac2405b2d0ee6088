//! Charging an intent for the shop.

use super::charge::charge;
use super::find::find;
use crate::Failure;
use crate::gateway::Attempt;
use crate::owner::Command;
use crate::sandbox::Sandbox;
use crate::sandbox::books::SandboxIntent;
use crate::store::Unit;

/// Charges a payment method for the shop. The same key returns the same answer. Rejects an intent
/// that does not exist, and a payment method that is not a test card.
#[derive(Clone, Debug)]
pub struct ConfirmIntent {
    /// The idempotency key.
    pub key: String,
    /// The intent's id.
    pub intent: String,
    /// The test card, `pm_card_…`.
    pub payment_method: String,
}

impl Command for ConfirmIntent {
    type Owner = Sandbox;
    type Reply = Attempt;

    fn apply(self, unit: &Unit, _: &Sandbox) -> Result<Attempt, Failure> {
        let Self { key, intent: id, payment_method } = self;
        let intent = find(unit, &id)?;
        if intent.last_attempt.as_ref() == Some(&key) {
            let shown = intent.shown(&id);
            return Ok(match intent.last_decline {
                Some(decline) => Attempt::Declined { intent: shown, decline },
                None => Attempt::Answered(shown),
            });
        }
        let intent = SandboxIntent { last_attempt: Some(key), ..intent };
        charge(unit, &id, intent, &payment_method, false)
    }
}
