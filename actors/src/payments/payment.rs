//! What a payment is.

use super::ledger::Account;
use crate::gateway::CheckoutPages;
use crate::outbox::PaymentSnapshot;
use souk_domain::{Currency, Money, OrderId, PaymentBooks, PaymentId, PaymentStatus, UnixMillis};

/// A payment of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// What it pays.
    pub order: OrderId,
    /// How much, from our own rows.
    pub amount: Money,
    /// Where it stands, as the gateway told.
    pub status: PaymentStatus,
    /// How the customer pays.
    pub way: Way,
    /// The gateway's intent, once it has answered.
    pub intent: Option<Intent>,
    /// The gateway's checkout, where the customer pays at one and the gateway has answered.
    pub checkout: Option<String>,
    /// True if `finalize` of the classic contract may pay without a card.
    pub pays_at_finalize: bool,
    /// What the gateway took.
    pub received: Money,
    /// What went back of it.
    pub refunded: Money,
    /// What is to go back and has not yet.
    pub refunding: Money,
    /// What the customer's bank took back.
    pub lost: Money,
    /// Which account of the ledger its money stands against.
    pub counts_as: Account,
    /// What the customer is owed because a refund failed in the end; part of `received` again.
    pub owed_back: Money,
    /// How often the gateway was told to charge.
    pub attempts: u32,
    /// The charge that was refused last, so that hearing of it twice counts once.
    pub last_declined_charge: Option<String>,
    /// What the customer's bank says about it.
    pub dispute: Option<Dispute>,
    /// When it was begun.
    pub created_at: UnixMillis,
    /// When it last changed.
    pub updated_at: UnixMillis,
    /// Counts the events about this payment.
    pub version: u64,
}

/// How the customer pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// With a method they hand over, or in their browser with the client secret.
    Intent,
    /// At a page of the gateway, which leads to these. Kept here because the gateway must be asked
    /// with the same words each time.
    Checkout(CheckoutPages),
}

impl Way {
    /// True if both are intents or both checkouts.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        matches!(self, Self::Intent) == matches!(other, Self::Intent)
    }
}

/// How the id of an intent begins that no gateway made, because its order cost nothing.
pub const FREE_PREFIX: &str = "free_";

/// What the gateway calls a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// `pi_…`.
    pub id: String,
    /// What the customer's browser pays with.
    pub client_secret: String,
}

/// What is not known of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// Which attempt to charge it is about.
    pub attempt: u32,
    /// Since when.
    pub since: UnixMillis,
}

/// A customer who asks their bank for the money
/// (<https://docs.stripe.com/disputes>).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// `dp_…`.
    pub id: String,
    /// How much.
    pub amount: Money,
    /// The bank's word for why.
    pub reason: String,
    /// Where it stands.
    pub status: DisputeStatus,
}

/// Where a dispute stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisputeStatus {
    /// The bank has not decided; the operator answers it at the gateway.
    Open,
    /// The money stays with the shop.
    Won,
    /// The money is gone.
    Lost,
}

impl Payment {
    /// What can still go back, in minor units.
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

    /// What is known of it, to judge what a gateway says; `currency` is the order's, unless the
    /// currency was judged before.
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
