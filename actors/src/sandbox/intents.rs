//! The life of an intent, as at Stripe (<https://docs.stripe.com/payments/paymentintents/lifecycle>).

use super::Sandbox;
use super::cards::{TestMethod, test_method};
use super::events;
use super::rows::{BY_KEY, INTENTS, SandboxIntent, SandboxRefund};
use crate::Failure;
use crate::gateway::{
    Attempt, Charge, Decline, GatewayIntent, GatewayRefund, RefundRequest, RefundStatus,
};
use crate::owner::Command;
use crate::store::{Read, Unit};
use souk_domain::{Missing, Money, PaymentStatus, Refusal};

/// Make an intent; the same key again gives the same intent.
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
        let Self { key, charge } = self;
        let key = &key;
        let charge = &charge;
        let key = key.to_owned();
        if let Some(id) = unit.get(BY_KEY, &key)? {
            return Ok(find(unit, &id)?.shown(&id));
        }
        let currency = charge.currency.code().to_ascii_lowercase();
        let (id, intent) = fresh(unit, charge.amount, currency);
        unit.put(INTENTS, &id, &intent)?;
        unit.put(BY_KEY, &key, &id)?;
        Ok(intent.shown(&id))
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

/// The shop tries to charge; the same key again gives the same answer.
///
/// The shop tries to charge, under a key of its own.
#[derive(Clone, Debug)]
pub struct ConfirmIntent {
    /// The idempotency key.
    pub key: String,
    /// Which intent.
    pub intent: String,
    /// `pm_card_…`.
    pub payment_method: String,
}

impl Command for ConfirmIntent {
    type Owner = Sandbox;
    type Reply = Attempt;

    fn apply(self, unit: &Unit, _: &Sandbox) -> Result<Attempt, Failure> {
        let Self { key, intent, payment_method } = self;
        let key = &key;
        let id = &intent;
        let payment_method = &payment_method;
        let intent = find(unit, id)?;
        if intent.last_attempt.as_deref() == Some(key) {
            let shown = intent.shown(id);
            return Ok(match intent.last_decline {
                Some(decline) => Attempt::Declined { intent: shown, decline },
                None => Attempt::Answered(shown),
            });
        }
        let last_attempt = Some(key.to_owned());
        charge(unit, id, SandboxIntent { last_attempt, ..intent }, payment_method, false)
    }
}

/// The customer's browser tries to charge, which alone can answer the customer's bank.
#[derive(Clone, Debug)]
pub struct ConfirmInBrowser {
    /// Which intent.
    pub intent: String,
    /// What shows that it is the customer's.
    pub client_secret: String,
    /// `pm_card_…`.
    pub payment_method: String,
}

impl Command for ConfirmInBrowser {
    type Owner = Sandbox;
    type Reply = Attempt;

    fn apply(self, unit: &Unit, _: &Sandbox) -> Result<Attempt, Failure> {
        let Self { intent, client_secret, payment_method } = self;
        confirm_in_browser(unit, &intent, &client_secret, &payment_method)
    }
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

/// Give an intent up, so that it can never be paid; one that is paid stays so.
///
/// Gives an intent up. What has been paid cannot be.
#[derive(Clone, Debug)]
pub struct CancelIntent {
    /// Which intent.
    pub intent: String,
}

impl Command for CancelIntent {
    type Owner = Sandbox;
    type Reply = GatewayIntent;

    fn apply(self, unit: &Unit, _: &Sandbox) -> Result<GatewayIntent, Failure> {
        let Self { intent } = self;
        let id = &intent;
        let mut intent = find(unit, id)?;
        if intent.status.is_open() {
            intent.status = PaymentStatus::Canceled;
            unit.put(INTENTS, &id.to_owned(), &intent)?;
            events::tell(unit, "payment_intent.canceled", intent.object(id))?;
        }
        Ok(intent.shown(id))
    }
}

/// Give money back; the same key again gives the same answer.
#[derive(Clone, Debug)]
pub struct RefundIntent {
    /// The idempotency key.
    pub key: String,
    /// How much of what.
    pub request: RefundRequest,
}

impl Command for RefundIntent {
    type Owner = Sandbox;
    type Reply = GatewayRefund;

    fn apply(self, unit: &Unit, _: &Sandbox) -> Result<GatewayRefund, Failure> {
        let Self { key, request } = self;
        let key = &key;
        let request = &request;
        let mut intent = find(unit, &request.intent)?;
        if let Some(known) = intent.refunds.iter().find(|refund| refund.key == *key) {
            return Ok(known.shown());
        }
        // Whoever asks has heard of the money from this gateway, be it by a signed message that only
        // its secret's holder can have sent: then it was taken, whatever the books here say.
        let left = intent.amount.minor_units() - intent.refunded().minor_units();
        let amount = request.amount;
        if amount.minor_units() <= 0 || amount.minor_units() > left {
            return Err(Refusal::RefundTooLarge.into());
        }
        let refund = SandboxRefund {
            id: format!("re_{}", crate::random_hex(12)),
            key: key.to_owned(),
            amount,
        };
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
