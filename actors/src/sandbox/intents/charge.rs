//! The results of charging the test cards.

use crate::Failure;
use crate::gateway::{Attempt, Decline};
use crate::sandbox::books::SandboxIntent;
use crate::sandbox::cards::{TestMethod, test_method};
use crate::sandbox::events::append_event;
use crate::sandbox::stored::INTENTS;
use crate::store::Unit;
use souk_domain::{PaymentStatus, Refusal};

/// Charges a payment method. `is_customer` is true if the customer is present to confirm with the
/// bank.
pub(super) fn charge(
    unit: &Unit,
    id: &str,
    mut intent: SandboxIntent,
    payment_method: &str,
    is_customer: bool,
) -> Result<Attempt, Failure> {
    let method = test_method(payment_method).ok_or(Refusal::PaymentMethodUnknown)?;
    let is_open = matches!(
        intent.status,
        PaymentStatus::RequiresPaymentMethod | PaymentStatus::RequiresAction
    );
    if !is_open {
        return Ok(Attempt::Answered(intent.shown(id)));
    }
    let is_customers_answer = is_customer && intent.status == PaymentStatus::RequiresAction;
    intent.last_decline = None;
    intent.status = match method {
        TestMethod::Pays => PaymentStatus::Succeeded,
        TestMethod::NeedsConfirmation if is_customers_answer => PaymentStatus::Succeeded,
        TestMethod::NeedsConfirmation => PaymentStatus::RequiresAction,
        TestMethod::IsDeclined(reason) => {
            let charge = Some(format!("ch_{}", crate::random_hex(12)));
            intent.last_decline = Some(Decline { charge, reason: reason.to_owned() });
            PaymentStatus::RequiresPaymentMethod
        }
    };
    unit.put(INTENTS, &id.to_owned(), &intent)?;
    match (intent.status, &intent.last_decline) {
        (_, Some(_)) => append_event(unit, "payment_intent.payment_failed", intent.object(id))?,
        (PaymentStatus::Succeeded, None) => {
            append_event(unit, "payment_intent.succeeded", intent.object(id))?;
        }
        _ => append_event(unit, "payment_intent.requires_action", intent.object(id))?,
    }
    let shown = intent.shown(id);
    Ok(match intent.last_decline {
        Some(decline) => Attempt::Declined { intent: shown, decline },
        None => Attempt::Answered(shown),
    })
}
