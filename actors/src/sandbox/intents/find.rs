//! Creates intents, finds them, and converts them to the shop's type.

use crate::Failure;
use crate::gateway::{GatewayIntent, GatewayRefund, RefundStatus};
use crate::sandbox::books::{SandboxIntent, SandboxRefund};
use crate::sandbox::stored::INTENTS;
use crate::store::{Read, Unit};
use souk_domain::{Missing, Money, PaymentStatus, Refusal};

/// A new intent, not yet saved.
pub(in crate::sandbox) fn fresh(
    unit: &Unit,
    amount: Money,
    currency: String,
) -> (String, SandboxIntent) {
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

pub(in crate::sandbox) fn find(read: &impl Read, id: &str) -> Result<SandboxIntent, Failure> {
    Ok(read.get(INTENTS, &id.to_owned())?.ok_or(Refusal::NotFound(Missing::Payment))?)
}

impl SandboxIntent {
    pub(in crate::sandbox) fn refunded(&self) -> Money {
        let minor_units = self.refunds.iter().map(|refund| refund.amount.minor_units()).sum();
        Money::from_minor_units(minor_units)
    }

    pub(in crate::sandbox) fn received(&self) -> Money {
        match self.status {
            PaymentStatus::Succeeded | PaymentStatus::Refunded => self.amount,
            _ => Money::ZERO,
        }
    }

    pub(in crate::sandbox) fn shown(&self, id: &str) -> GatewayIntent {
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
    pub(in crate::sandbox) fn shown(&self) -> GatewayRefund {
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
