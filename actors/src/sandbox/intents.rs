//! The life of an intent, as at Stripe (<https://docs.stripe.com/payments/paymentintents/lifecycle>).

use super::cards::{TestMethod, test_method};
use super::rows::{BY_KEY, INTENTS, SandboxIntent, SandboxRefund};
use super::{Sandbox, events};
use crate::Failure;
use crate::gateway::{
    Attempt, Charge, Decline, GatewayIntent, GatewayRefund, RefundRequest, RefundStatus,
};
use crate::owner::Command;
use crate::store::{Read, Unit};
use souk_domain::{Missing, Money, PaymentStatus, Refusal};

/// Makes an intent; the same key again gives the same intent.
#[derive(Clone, Debug)]
pub struct CreateIntent {
    /// The idempotency key.
    pub key: String,
    /// How much, and for what.
    pub charge: Charge,
}

impl Command for CreateIntent {
    type Owner = Sandbox;
    type Reply = GatewayIntent;

    fn apply(self, unit: &Unit, _: &Sandbox) -> Result<GatewayIntent, Failure> {
        let Self { key, charge: Charge { amount, currency, .. } } = self;
        if let Some(id) = unit.get(BY_KEY, &key)? {
            return Ok(find(unit, &id)?.shown(&id));
        }
        let (id, intent) = fresh(unit, amount, currency.code().to_ascii_lowercase());
        unit.put(INTENTS, &id, &intent)?;
        unit.put(BY_KEY, &key, &id)?;
        Ok(intent.shown(&id))
    }
}

/// Charges a payment method, as the shop asks; the same key again gives the same answer. Refuses an
/// intent that is not there, and a payment method that is not a test card.
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

/// Charges a payment method, as the customer's browser asks, which alone can answer the customer's
/// bank. Refuses an intent that is not there or not the customer's, and a payment method that is
/// not a test card.
#[derive(Clone, Debug)]
pub struct ConfirmInBrowser {
    /// The intent's id.
    pub intent: String,
    /// The secret which shows that the intent is the customer's.
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

/// Cancels an intent, so that it can never be paid; one that is paid stays so.
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
            events::tell(unit, "payment_intent.canceled", intent.object(&id))?;
        }
        Ok(intent.shown(&id))
    }
}

/// Gives money back; the same key again gives the same answer. Refuses more than is left of the
/// intent's amount.
#[derive(Clone, Debug)]
pub struct RefundIntent {
    /// The idempotency key.
    pub key: String,
    /// How much of which intent goes back.
    pub request: RefundRequest,
}

impl Command for RefundIntent {
    type Owner = Sandbox;
    type Reply = GatewayRefund;

    fn apply(self, unit: &Unit, _: &Sandbox) -> Result<GatewayRefund, Failure> {
        let Self { key, request } = self;
        let mut intent = find(unit, &request.intent)?;
        if let Some(known) = intent.refunds.iter().find(|refund| refund.key == key) {
            return Ok(known.shown());
        }
        // Whoever asks has heard of the money from this gateway, be it by a signed message that only
        // its secret's holder can have sent: then it was taken, whatever the books here say.
        let left = intent.amount.minor_units() - intent.refunded().minor_units();
        let amount = request.amount;
        if amount.minor_units() <= 0 || amount.minor_units() > left {
            return Err(Refusal::RefundTooLarge.into());
        }
        let refund = SandboxRefund { id: format!("re_{}", crate::random_hex(12)), key, amount };
        intent.refunds.push(refund.clone());
        intent.status = match amount.minor_units() == left {
            true => PaymentStatus::Refunded,
            false => PaymentStatus::Succeeded,
        };
        unit.put(INTENTS, &request.intent, &intent)?;
        events::tell(unit, "charge.refunded", intent.charge_object(&request.intent))?;
        Ok(refund.shown())
    }
}

/// An intent that nobody knows yet.
pub(super) fn fresh(unit: &Unit, amount: Money, currency: String) -> (String, SandboxIntent) {
    let id = format!("pi_{}", crate::random_hex(12));
    let intent = SandboxIntent {
        amount,
        currency,
        client_secret: format!("{id}_secret_{}", crate::random_hex(16)),
        status: PaymentStatus::RequiresPaymentMethod,
        last_decline: None,
        last_attempt: None,
        refunds: Vec::new(),
        created_at: unit.now(),
    };
    (id, intent)
}

/// The customer's browser tries to charge; it alone can answer the customer's bank.
pub(super) fn confirm_in_browser(
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

fn charge(
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
        (_, Some(_)) => events::tell(unit, "payment_intent.payment_failed", intent.object(id))?,
        (PaymentStatus::Succeeded, None) => {
            events::tell(unit, "payment_intent.succeeded", intent.object(id))?;
        }
        _ => events::tell(unit, "payment_intent.requires_action", intent.object(id))?,
    }
    let shown = intent.shown(id);
    Ok(match intent.last_decline {
        Some(decline) => Attempt::Declined { intent: shown, decline },
        None => Attempt::Answered(shown),
    })
}

pub(super) fn find(read: &impl Read, id: &str) -> Result<SandboxIntent, Failure> {
    Ok(read.get(INTENTS, &id.to_owned())?.ok_or(Refusal::NotFound(Missing::Payment))?)
}

impl SandboxIntent {
    pub(super) fn refunded(&self) -> Money {
        let minor_units = self.refunds.iter().map(|refund| refund.amount.minor_units()).sum();
        Money::from_minor_units(minor_units)
    }

    pub(super) fn received(&self) -> Money {
        match self.status {
            PaymentStatus::Succeeded | PaymentStatus::Refunded => self.amount,
            _ => Money::ZERO,
        }
    }

    pub(super) fn shown(&self, id: &str) -> GatewayIntent {
        GatewayIntent {
            id: id.to_owned(),
            client_secret: self.client_secret.clone(),
            amount: self.amount,
            amount_received: self.received(),
            amount_refunded: self.refunded(),
            status: self.status,
            last_decline: self.last_decline.clone(),
            currency: self.currency.clone(),
            payment: None,
        }
    }
}

impl SandboxRefund {
    pub(super) fn shown(&self) -> GatewayRefund {
        GatewayRefund {
            id: self.id.clone(),
            amount: self.amount,
            status: RefundStatus::Succeeded,
            key: Some(self.key.clone()),
            intent: None,
            currency: None,
        }
    }
}
