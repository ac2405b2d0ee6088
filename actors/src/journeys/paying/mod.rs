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
mod hearing;
mod reconciling;
mod refunding;
mod settling;
mod starting;

pub use asking::{ask_about, ask_gateway};
pub use hearing::{Told, hear};
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
use crate::payments::{Intent, Outcome};
use crate::shop::Shop;
use souk_domain::{Money, OrderId, PaymentId, PaymentStatus};

/// What the gateway said of a payment, ready to be booked.
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
        Self {
            intent: Some(Intent { id: intent.id, client_secret: intent.client_secret }),
            status: intent.status,
            received: intent.amount_received,
            refunded: intent.amount_refunded,
            decline,
            attempt,
        }
    }

    fn of_checkout(checkout: GatewayCheckout) -> Self {
        if let Some(intent) = checkout.intent {
            return Self::of_intent(intent, None, None);
        }
        let status = match checkout.status {
            CheckoutStatus::Open => PaymentStatus::RequiresPaymentMethod,
            CheckoutStatus::Complete => PaymentStatus::Processing,
            CheckoutStatus::Expired => PaymentStatus::Canceled,
        };
        Self::without_money(status)
    }

    fn without_money(status: PaymentStatus) -> Self {
        let (received, refunded) = (Money::ZERO, Money::ZERO);
        Self { intent: None, status, received, refunded, decline: None, attempt: None }
    }
}

/// Our name for a step of a payment, the same for ever.
fn key(shop: &Shop, payment: PaymentId, step: &str) -> String {
    format!("souk-{}-payment-{payment}-{step}", shop.outbox.store_id())
}
