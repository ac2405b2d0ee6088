//! Refunding an intent.

use super::find::find;
use crate::Failure;
use crate::gateway::{GatewayRefund, RefundRequest};
use crate::owner::Command;
use crate::sandbox::Sandbox;
use crate::sandbox::books::SandboxRefund;
use crate::sandbox::events::append_event;
use crate::sandbox::stored::INTENTS;
use crate::store::Unit;
use souk_domain::{PaymentStatus, Refusal};

/// Refunds money. The same key returns the same answer. Rejects more than is left of the intent's
/// amount.
#[derive(Clone, Debug)]
pub struct RefundIntent {
    /// The idempotency key.
    pub key: String,
    /// The intent and the amount to refund.
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
        // The shop only refunds money that this gateway reported as taken, possibly by a signed
        // message that only a holder of the secret can send. So the money counts as taken, whatever
        // the sandbox's books say.
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
        append_event(unit, "charge.refunded", intent.charge_object(&request.intent))?;
        Ok(refund.shown())
    }
}
