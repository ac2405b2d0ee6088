//! Charging an intent from the customer's browser.

use super::charge::charge;
use super::find::find;
use crate::Failure;
use crate::gateway::Attempt;
use crate::owner::Command;
use crate::sandbox::Sandbox;
use crate::sandbox::books::SandboxIntent;
use crate::store::Unit;
use souk_domain::{Missing, Refusal};

/// Charges a payment method from the customer's browser, which alone can complete the bank's
/// confirmation. Rejects an intent that does not exist or has another secret, and a payment method
/// that is not a test card.
#[derive(Clone, Debug)]
pub struct ConfirmInBrowser {
    /// The intent's id.
    pub intent: String,
    /// The secret that proves that the intent is this customer's.
    pub client_secret: String,
    /// The test card, `pm_card_…`.
    pub payment_method: String,
}

impl Command for ConfirmInBrowser {
    type Owner = Sandbox;
    type Reply = Attempt;

    fn apply(self, unit: &Unit, _: &Sandbox) -> Result<Attempt, Failure> {
        confirm_in_browser(unit, &self.intent, &self.client_secret, &self.payment_method)
    }
}

/// Charges from the customer's browser, which alone can complete the bank's confirmation.
pub(in crate::sandbox) fn confirm_in_browser(
    unit: &Unit,
    id: &str,
    client_secret: &str,
    payment_method: &str,
) -> Result<Attempt, Failure> {
    let intent = find(unit, id)?;
    if intent.client_secret != client_secret {
        return Err(Refusal::NotFound(Missing::Payment).into());
    }
    charge(unit, id, SandboxIntent { last_attempt: None, ..intent }, payment_method, true)
}
