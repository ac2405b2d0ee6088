//! The types of a payment.

use super::ledger::Account;
use crate::gateway::CheckoutPages;
use crate::outbox::PaymentSnapshot;
use souk_domain::{Currency, Money, OrderId, PaymentBooks, PaymentId, PaymentStatus, UnixMillis};

/// A payment of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// The order it pays.
    pub order: OrderId,
    /// The amount, from our own rows.
    pub amount: Money,
    /// Its status, as the gateway reported it.
    pub status: PaymentStatus,
    /// The method of payment.
    pub flow: PaymentFlow,
    /// The gateway's intent, once it has answered.
    pub intent: Option<Intent>,
    /// The gateway's checkout, for a payment by checkout, once the gateway has answered.
    pub checkout: Option<String>,
    /// True if `finalize` of the classic contract may pay without a card.
    pub pays_at_finalize: bool,
    /// The amount that the gateway took.
    pub received: Money,
    /// How much of it was refunded.
    pub refunded: Money,
    /// The amount of refunds that are due.
    pub refunding: Money,
    /// How much the customer's bank took back in disputes.
    pub lost: Money,
    /// The ledger account that its money is booked against.
    pub counts_as: Account,
    /// What the customer is still owed because a refund failed after it was made; part of
    /// `received` again.
    pub owed_back: Money,
    /// How often a charge was sent to the gateway.
    pub attempts: u32,
    /// The last declined charge, so that repeated reports count once.
    pub last_declined_charge: Option<String>,
    /// The dispute with the customer's bank, if any.
    pub dispute: Option<Dispute>,
    /// When it was begun.
    pub created_at: UnixMillis,
    /// When it last changed.
    pub updated_at: UnixMillis,
    /// Counts the events about this payment.
    pub version: u64,
}

/// The method of payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentFlow {
    /// With a payment method of the customer, or in the customer's browser with the client secret.
    Intent,
    /// At a page of the gateway, which leads to these URLs. They are stored because every repeated
    /// call to the gateway must have the same arguments.
    Checkout(CheckoutPages),
}

impl PaymentFlow {
    /// True if both are intents or both checkouts.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        matches!(self, Self::Intent) == matches!(other, Self::Intent)
    }
}

/// The prefix of an intent id that was made without a gateway, because the order cost nothing.
pub const FREE_PREFIX: &str = "free_";

/// The gateway's intent of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// `pi_…`.
    pub id: String,
    /// The secret that the customer's browser pays with.
    pub client_secret: String,
}

/// An unresolved question about a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The attempt to charge that it is about.
    pub attempt: u32,
    /// When it began.
    pub since: UnixMillis,
}

/// A dispute that a customer opened with the bank (<https://docs.stripe.com/disputes>).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// `dp_…`.
    pub id: String,
    /// The disputed amount.
    pub amount: Money,
    /// The bank's reason code.
    pub reason: String,
    /// Its status.
    pub status: DisputeStatus,
}

/// The status of a dispute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisputeStatus {
    /// The bank has not decided; the operator responds at the gateway.
    Open,
    /// The bank decided for the shop, which keeps the money.
    Won,
    /// The bank decided for the customer, who got the money back.
    Lost,
}

impl Payment {
    /// What can still be refunded, in minor units.
    #[must_use]
    pub fn left(&self) -> Money {
        let gone = [self.refunded, self.refunding, self.lost];
        let minor = |amount: &Money| amount.minor_units();
        let gone = gone.iter().map(minor).fold(0_i64, i64::saturating_add);
        Money::from_minor_units(self.received.minor_units().saturating_sub(gone).max(0))
    }

    /// True once the gateway has taken money for it.
    #[must_use]
    pub fn has_money(&self) -> bool {
        matches!(self.status, PaymentStatus::Succeeded | PaymentStatus::Refunded)
    }

    /// True if it was paid without a gateway, because its order cost nothing.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.amount == Money::ZERO
            && self.intent.as_ref().is_some_and(|intent| intent.id.starts_with(FREE_PREFIX))
    }

    /// The payment as our books have it, to check the gateway's claims against. `currency` is the
    /// order's; `None` if the currency was already checked.
    #[must_use]
    pub fn books(&self, id: PaymentId, currency: Option<Currency>) -> PaymentBooks<'_> {
        PaymentBooks {
            payment: id,
            currency,
            asked: self.amount,
            intent: self.intent.as_ref().map(|intent| intent.id.as_str()),
            checkout: self.checkout.as_deref(),
            received: self.has_money().then_some(self.received),
            lost: self.lost,
            refund: None,
        }
    }

    pub(super) fn snapshot(&self) -> PaymentSnapshot {
        PaymentSnapshot {
            order: self.order,
            amount: self.amount,
            status: self.status,
            intent: self.intent.as_ref().map(|intent| intent.id.clone()),
            refunded: self.refunded,
        }
    }
}
