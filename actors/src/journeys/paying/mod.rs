//! Paying: a remote gateway is called between turns, never within one (design law 5), and its answers
//! are booked in a turn. The sandbox takes part in the turn itself (`in_turn.rs`).
//!
//! A payment is a saga. Each step is recorded before the call to the gateway and has an idempotency
//! key of its own, so that repeating it after a crash has no second effect:
//!
//! | step | recorded as | undone by | resumed by |
//! |---|---|---|---|
//! | make an intent or a checkout | the payment's row | closing it | the next request to pay |
//! | charge | an attempt in doubt | a refund | resolving payments in doubt |
//! | give up | a payment to close | nothing; earlier money is refunded | closing payments |
//! | refund | a refund that is due | nothing | making due refunds |
//!
//! The last three are housekeeping's, at the start and every second.

mod asking;
mod free;
mod in_turn;
mod receiving;
mod reconciling;
mod refunding;
mod settling;
mod starting;

pub use asking::{ask_about, ask_gateway};
pub use free::{PaidFreeOrder, costs_nothing, pay_nothing};
pub use in_turn::{
    Charging, Opened, Opening, charge, link_opening, link_opening_to_finalize, open, settle_charge,
};
pub use receiving::{Message, MessageContent, receive};
pub use reconciling::{Line, Reconciled, reconcile};
pub use refunding::{make_refund, request_refund};
pub use settling::{close, settle};
pub use starting::{
    OpenCheckout, link, link_checkout, prepare, prepare_checkout, prepare_checkout_leading_to,
    require_payable, start,
};

use crate::gateway::{CheckoutStatus, Decline, GatewayCheckout, GatewayIntent};
use crate::journeys::ordering::OrderView;
use crate::orders::{Contact, Order};
use crate::outbox::{Identity, Numbered};
use crate::payments::{Intent, Outcome};
use crate::shop::Shop;
use crate::store::StoreError;
use souk_domain::{Claim, Money, OrderId, PaymentId, PaymentStatus, ReportedAmount};

/// The gateway's answer about a payment, ready to be booked.
#[derive(Clone, Debug)]
pub struct News {
    order: OrderId,
    payment: PaymentId,
    owed: Money,
    outcome: Outcome,
    contact: Option<Contact>,
}

impl News {
    /// True if the gateway has the money that was owed.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.outcome.status == PaymentStatus::Succeeded && self.outcome.received == self.owed
    }

    /// True if the gateway has the money and the order is paid by this payment.
    #[must_use]
    pub fn pays(&self, order: &Order) -> bool {
        self.is_success() && order.payment.as_ref().is_some_and(|link| link.payment == self.payment)
    }

    /// The gateway's intent, if the gateway has made one.
    #[must_use]
    pub fn intent(&self) -> Option<&str> {
        self.outcome.intent.as_ref().map(|intent| intent.id.as_str())
    }
}

/// The result of booking the gateway's answer.
#[derive(Clone, Debug)]
pub enum Settled {
    /// The order is paid, by this answer or an earlier one.
    Paid(Box<OrderView>),
    /// The order was cancelled meanwhile; the money is refunded.
    TooLate,
    /// The money is refunded: the order has another payment, its lines changed, or the gateway took
    /// a different amount than was owed.
    Superseded,
    /// The gateway has no payment method to charge.
    MethodMissing {
        /// What the customer's browser needs to provide one; empty for a checkout.
        client_secret: String,
    },
    /// The customer must confirm with the bank, or the gateway is still processing.
    ActionRequired {
        /// What the customer's browser needs.
        client_secret: String,
    },
    /// The gateway declined the charge; the customer may try another method.
    Declined {
        /// The gateway's message to the customer.
        reason: String,
        /// What the customer's browser needs to try again.
        client_secret: String,
    },
    /// This payment was canceled at the gateway.
    Canceled,
}

impl Outcome {
    fn of_intent(intent: GatewayIntent, decline: Option<Decline>, attempt: Option<u32>) -> Self {
        let claim = intent.claim();
        Self {
            intent: Some(Intent { id: intent.id, client_secret: intent.client_secret }),
            status: intent.status,
            received: intent.amount_received,
            refunded: intent.amount_refunded,
            decline,
            attempt,
            claim,
        }
    }

    fn of_checkout(checkout: GatewayCheckout) -> Self {
        let claim = checkout.claim();
        if let Some(intent) = checkout.intent {
            let mut outcome = Self::of_intent(intent, None, None);
            outcome.claim.checkout = claim.checkout;
            if claim.asked != outcome.claim.asked {
                // A checkout whose amount differs from its intent's amount contradicts any books.
                outcome.claim.asked = ReportedAmount::Malformed;
            }
            return outcome;
        }
        let status = match checkout.status {
            CheckoutStatus::Open => PaymentStatus::RequiresPaymentMethod,
            CheckoutStatus::Complete => PaymentStatus::Processing,
            CheckoutStatus::Expired => PaymentStatus::Canceled,
        };
        Self { claim: Claim { status: Some(status), ..claim }, ..Self::without_money(status) }
    }

    fn without_money(status: PaymentStatus) -> Self {
        let (received, refunded) = (Money::ZERO, Money::ZERO);
        let claim = Claim::default();
        Self { intent: None, status, received, refunded, decline: None, attempt: None, claim }
    }
}

/// The idempotency key of a payment step; it never changes.
///
/// The key contains the generation in which the payment or refund was numbered. A payment begun
/// before a restore keeps its key, so that the gateway does not repeat a step that it took before
/// the restore. A payment begun after the restore gets a new key.
fn key(shop: &Shop, payment: PaymentId, step: Step) -> Result<String, StoreError> {
    Ok(key_in(&shop.outbox.identity()?, payment, step))
}

/// The same within a turn.
fn key_in(identity: &Identity, payment: PaymentId, step: Step) -> String {
    let (store, step) = match step {
        Step::Create => (identity.of_number(Numbered::Payment, payment.get()), "create".to_owned()),
        Step::OpenCheckout => {
            (identity.of_number(Numbered::Payment, payment.get()), "checkout".to_owned())
        }
        Step::Refund(number) => {
            (identity.of_number(Numbered::Refund, number), format!("refund-{number}"))
        }
        // Attempts are counted in the payment's row, and a restore resets that row.
        Step::Confirm(attempt) => (identity.current(), format!("confirm-{attempt}")),
        Step::Cancel => (identity.current(), "cancel".to_owned()),
        Step::ExpireCheckout => (identity.current(), "expire".to_owned()),
    };
    format!("souk-{store}-payment-{payment}-{step}")
}

/// A call that the gateway is asked to make for a payment.
#[derive(Clone, Copy)]
enum Step {
    Create,
    OpenCheckout,
    Confirm(u32),
    Cancel,
    ExpireCheckout,
    Refund(u64),
}
