//! What the sandbox tells the shop by itself: Stripe's events in small
//! (<https://docs.stripe.com/api/events/object>). Each is written with the change it is about, and
//! kept until the shop has taken it.

use super::Sandbox;
use super::rows::{EVENTS, SandboxCheckout, SandboxEventRow, SandboxIntent};
use crate::owner::Command;
use crate::store::Unit;
use crate::{Failure, ids};
use serde_json::{Value, json};
use souk_domain::PaymentStatus;

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

/// Writes an event down; whoever delivers them is woken by the commit.
pub(super) fn tell(unit: &Unit, kind: &str, object: Value) -> Result<(), Failure> {
    let id = format!("evt_{}", crate::random_hex(12));
    let event = json!({
        "id": id,
        "object": "event",
        "type": kind,
        "created": unit.now().seconds(),
        "livemode": false,
        "data": {"object": object},
    });
    let sequence = ids::next(unit, "sandbox_event", Some)?;
    unit.put(EVENTS, &sequence, &SandboxEventRow { id, body: event.to_string() })?;
    Ok(())
}

impl SandboxIntent {
    /// <https://docs.stripe.com/api/payment_intents/object>
    pub(super) fn object(&self, id: &str) -> Value {
        let error = self.last_decline.as_ref().map(|decline| {
            json!({
                "type": "card_error",
                "code": "card_declined",
                "message": decline.reason,
                "charge": decline.charge,
            })
        });
        json!({
            "id": id,
            "object": "payment_intent",
            "amount": self.amount.minor_units(),
            "amount_received": self.received().minor_units(),
            "currency": self.currency,
            "status": match self.status {
                // At Stripe a refund leaves the intent as it is.
                PaymentStatus::Refunded => PaymentStatus::Succeeded.word(),
                status => status.word(),
            },
            "last_payment_error": error,
        })
    }

    /// <https://docs.stripe.com/api/charges/object>
    pub(super) fn charge_object(&self, id: &str) -> Value {
        json!({
            "id": format!("ch_{}", id.trim_start_matches("pi_")),
            "object": "charge",
            "payment_intent": id,
            "amount": self.amount.minor_units(),
            "amount_refunded": self.refunded().minor_units(),
            "currency": self.currency,
            "refunded": self.status == PaymentStatus::Refunded,
        })
    }
}

impl SandboxCheckout {
    /// <https://docs.stripe.com/api/checkout/sessions/object>
    pub(super) fn object(&self, id: &str, status: &str, payment_status: &str) -> Value {
        json!({
            "id": id,
            "object": "checkout.session",
            "amount_total": self.amount.minor_units(),
            "currency": self.currency,
            "payment_intent": self.intent,
            "payment_status": payment_status,
            "status": status,
        })
    }
}
