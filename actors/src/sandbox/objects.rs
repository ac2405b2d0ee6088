//! Stripe's objects, reduced to the fields the shop reads, as events contain them.

use super::books::{SandboxCheckout, SandboxIntent};
use serde_json::{Value, json};
use souk_domain::PaymentStatus;

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
                // At Stripe, a refund does not change the intent's status.
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
