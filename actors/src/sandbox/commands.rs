//! What the sandbox does: Stripe's test cards in small (<https://docs.stripe.com/testing>).

use super::rows::{BY_KEY, INTENTS, SandboxIntent};
use super::{Attempt, GatewayIntent};
use crate::Failure;
use crate::store::{Read, Unit};
use souk_domain::{Missing, Money, PaymentStatus, Refusal};

/// What a test payment method does when it is charged.
enum TestMethod {
    Pays,
    NeedsConfirmation,
    IsDeclined(&'static str),
}

fn test_method(name: &str) -> Option<TestMethod> {
    Some(match name {
        "pm_card_visa" | "pm_card_visa_debit" | "pm_card_mastercard" | "pm_card_amex"
        | "pm_card_discover" | "pm_card_diners" | "pm_card_jcb" | "pm_card_unionpay" => {
            TestMethod::Pays
        }
        "pm_card_authenticationRequired" | "pm_card_threeDSecure2Required" => {
            TestMethod::NeedsConfirmation
        }
        "pm_card_chargeDeclined" | "pm_card_visa_chargeDeclined" => {
            TestMethod::IsDeclined("Your card was declined.")
        }
        "pm_card_chargeDeclinedInsufficientFunds"
        | "pm_card_visa_chargeDeclinedInsufficientFunds" => {
            TestMethod::IsDeclined("Your card has insufficient funds.")
        }
        "pm_card_chargeDeclinedExpiredCard" => TestMethod::IsDeclined("Your card has expired."),
        "pm_card_chargeDeclinedIncorrectCvc" => {
            TestMethod::IsDeclined("Your card's security code is incorrect.")
        }
        "pm_card_chargeDeclinedProcessingError" => TestMethod::IsDeclined(
            "An error occurred while processing your card. Try again in a little bit.",
        ),
        _ => return None,
    })
}

pub(super) fn create(unit: &Unit, key: &str, amount: Money) -> Result<GatewayIntent, Failure> {
    let key = key.to_owned();
    if let Some(id) = unit.get(BY_KEY, &key)? {
        return Ok(shown(&id, find(unit, &id)?));
    }
    let id = format!("pi_{}", crate::random_hex(12));
    let intent = SandboxIntent {
        amount,
        client_secret: format!("{id}_secret_{}", crate::random_hex(16)),
        status: PaymentStatus::RequiresPaymentMethod,
        created_at: unit.now(),
    };
    unit.put(INTENTS, &id, &intent)?;
    unit.put(BY_KEY, &key, &id)?;
    Ok(shown(&id, intent))
}

pub(super) fn confirm(
    unit: &Unit,
    id: &str,
    payment_method: &str,
    client_secret: Option<&str>,
) -> Result<Attempt, Failure> {
    let mut intent = find(unit, id)?;
    if client_secret.is_some_and(|secret| secret != intent.client_secret) {
        return Err(Refusal::NotFound(Missing::Payment).into());
    }
    let method = test_method(payment_method).ok_or(Refusal::PaymentMethodUnknown)?;
    let is_open = matches!(
        intent.status,
        PaymentStatus::RequiresPaymentMethod | PaymentStatus::RequiresAction
    );
    if !is_open {
        return Ok(Attempt::Answered(shown(id, intent)));
    }
    let is_customers_answer =
        client_secret.is_some() && intent.status == PaymentStatus::RequiresAction;
    intent.status = match method {
        TestMethod::Pays => PaymentStatus::Succeeded,
        TestMethod::NeedsConfirmation if is_customers_answer => PaymentStatus::Succeeded,
        TestMethod::NeedsConfirmation => PaymentStatus::RequiresAction,
        TestMethod::IsDeclined(_) => PaymentStatus::RequiresPaymentMethod,
    };
    unit.put(INTENTS, &id.to_owned(), &intent)?;
    let intent = shown(id, intent);
    Ok(match method {
        TestMethod::IsDeclined(reason) => Attempt::Declined { intent, reason: reason.to_owned() },
        TestMethod::Pays | TestMethod::NeedsConfirmation => Attempt::Answered(intent),
    })
}

pub(super) fn refund(unit: &Unit, id: &str) -> Result<GatewayIntent, Failure> {
    let mut intent = find(unit, id)?;
    // Whoever asks has heard of the money from this gateway, be it by a signed message that only
    // its secret's holder can have sent: then it was taken, whatever the books here say.
    if intent.status != PaymentStatus::Refunded {
        intent.status = PaymentStatus::Refunded;
        unit.put(INTENTS, &id.to_owned(), &intent)?;
    }
    Ok(shown(id, intent))
}

/// Gives an intent up. What has been paid cannot be.
pub(super) fn cancel(unit: &Unit, id: &str) -> Result<GatewayIntent, Failure> {
    let mut intent = find(unit, id)?;
    if intent.status.is_open() {
        intent.status = PaymentStatus::Canceled;
        unit.put(INTENTS, &id.to_owned(), &intent)?;
    }
    Ok(shown(id, intent))
}

fn find(read: &impl Read, id: &str) -> Result<SandboxIntent, Failure> {
    Ok(read.get(INTENTS, &id.to_owned())?.ok_or(Refusal::NotFound(Missing::Payment))?)
}

/// The intent as it was last committed.
pub(super) fn retrieve(read: &impl Read, id: &str) -> Result<GatewayIntent, Failure> {
    Ok(shown(id, find(read, id)?))
}

fn shown(id: &str, intent: SandboxIntent) -> GatewayIntent {
    GatewayIntent {
        id: id.to_owned(),
        client_secret: intent.client_secret,
        amount: intent.amount,
        status: intent.status,
    }
}
