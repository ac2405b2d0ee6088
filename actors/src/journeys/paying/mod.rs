//! Paying: the gateway is called between turns, never within one (design law 5), and what it
//! says is booked in a turn.
//!
//! A payment is a saga. Each of its steps is written down before the gateway is told, and carries
//! a key of its own, so that taking it again after a crash has no second effect:
//!
//! | step | written down as | undone by | taken up again by |
//! |---|---|---|---|
//! | make an intent or a checkout | the payment's row | closing it | whoever asks to pay |
//! | charge | an attempt in doubt | a refund | asking about what is in doubt |
//! | give up | a payment to close | nothing; money that came first goes back | closing payments |
//! | give money back | a refund that is due | nothing | giving money back |
//!
//! The last three are housekeeping's, at the start and every second.

mod asking;
mod free;
mod receiving;
mod reconciling;
mod refunding;
mod settling;
mod starting;

pub use asking::{ask_about, ask_gateway};
pub use free::{PaidForNothing, costs_nothing, pay_nothing};
pub use receiving::{Message, MessageContent, receive};
pub use reconciling::{Line, Reconciled, reconcile};
pub use refunding::{make_refund, request_refund};
pub use settling::{close, settle};
pub use starting::{
    OpenCheckout, link, link_checkout, link_to_finalize, prepare, prepare_checkout,
    prepare_checkout_leading_to, require_payable, start,
};

use crate::gateway::{CheckoutStatus, Decline, GatewayCheckout, GatewayIntent};
use crate::journeys::ordering::OrderView;
use crate::orders::{Contact, Order};
use crate::outbox::Numbered;
use crate::payments::{Intent, Outcome};
use crate::shop::Shop;
use crate::store::StoreError;
use souk_domain::{Claim, Money, OrderId, PaymentId, PaymentStatus, SaidAmount};

/// What the gateway answered about a payment, ready to be booked.
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

    /// True if the gateway has the money, and this order goes by this payment.
    #[must_use]
    pub fn pays(&self, order: &Order) -> bool {
        self.is_success() && order.payment.as_ref().is_some_and(|link| link.payment == self.payment)
    }

    /// The gateway's intent, if it has made one.
    #[must_use]
    pub fn intent(&self) -> Option<&str> {
        self.outcome.intent.as_ref().map(|intent| intent.id.as_str())
    }
}

/// What the news meant.
#[derive(Clone, Debug)]
pub enum Settled {
    /// The order is paid, now or before.
    Paid(Box<OrderView>),
    /// The order was called off meanwhile; the money goes back.
    TooLate,
    /// The order goes by another payment, or by none since its lines changed, or the gateway took
    /// another amount than was owed; the money goes back.
    Superseded,
    /// The gateway has no payment method to charge.
    MethodMissing {
        /// What the customer's browser needs to bring one; empty at a checkout.
        client_secret: String,
    },
    /// The customer must confirm with their bank, or the gateway is still at it.
    ActionRequired {
        /// What the customer's browser needs.
        client_secret: String,
    },
    /// The gateway refused the charge; another method may be tried.
    Declined {
        /// The gateway's words for the customer.
        reason: String,
        /// What the customer's browser needs to try again.
        client_secret: String,
    },
    /// This payment was given up at the gateway.
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
                // A page and its intent that are over different amounts fit no books.
                outcome.claim.asked = SaidAmount::Malformed;
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

/// Our name for a step of a payment, the same for ever.
///
/// It names the generation in which what the step is about was numbered: a payment or refund that
/// was begun before a restore keeps its key, so that the gateway, which may have taken the step in
/// the meantime, does not take it twice; one that is begun after it has a key of its own.
fn key(shop: &Shop, payment: PaymentId, step: Step) -> Result<String, StoreError> {
    let identity = shop.outbox.identity()?;
    let (store, step) = match step {
        Step::Create => (identity.of_number(Numbered::Payment, payment.get()), "create".to_owned()),
        Step::OpenCheckout => {
            (identity.of_number(Numbered::Payment, payment.get()), "checkout".to_owned())
        }
        Step::Refund(number) => {
            (identity.of_number(Numbered::Refund, number), format!("refund-{number}"))
        }
        // Attempts are counted in the payment's row, which a restore puts back.
        Step::Confirm(attempt) => (identity.current(), format!("confirm-{attempt}")),
        Step::Cancel => (identity.current(), "cancel".to_owned()),
        Step::ExpireCheckout => (identity.current(), "expire".to_owned()),
    };
    Ok(format!("souk-{store}-payment-{payment}-{step}"))
}

/// What the gateway is asked to do with a payment.
#[derive(Clone, Copy)]
enum Step {
    Create,
    OpenCheckout,
    Confirm(u32),
    Cancel,
    ExpireCheckout,
    Refund(u64),
}
