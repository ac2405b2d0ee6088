//! The interface to a payment gateway: Stripe, or the built-in sandbox.
//!
//! A gateway is called between turns, never within one (design law 5). Only the sandbox may also take
//! part in a turn (`journeys/paying/in_turn.rs`). Every call that changes something has an
//! idempotency key of ours. A repeated call with the same key and arguments MUST have one effect and
//! return the same answer, also after a restart.
//!
//! A payment uses one of two methods, and never both at once: an *intent*, for which the customer
//! provides a payment method, or a *checkout*, a page of the gateway that creates an intent of its
//! own, possibly only when the customer pays. Before changing the method, the caller closes the
//! other one.

use crate::Failure;
use souk_domain::{
    Claim, Currency, Misfit, Missing, Money, OrderId, PaymentId, PaymentStatus, Refusal,
    ReportSource,
};
use std::fmt::Display;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};

/// How often the gateway's answers contradicted our books, since the start of the process.
static MISFITS: AtomicU64 = AtomicU64::new(0);

/// The future of a gateway's answer.
pub type Answering<'a, T> = Pin<Box<dyn Future<Output = Result<T, GatewayError>> + Send + 'a>>;

/// The purpose of an intent or a checkout. The same payment always has the same charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The store's name with its generation. It distinguishes this shop from others at the same
    /// gateway, and from itself before a restore.
    pub store_id: String,
    /// The order it pays.
    pub order: OrderId,
    /// `ORD-…`, for the customer's statement and the operator.
    pub order_number: String,
    /// Our payment.
    pub payment: PaymentId,
    /// The amount, in minor units.
    pub amount: Money,
    /// The currency of the amount.
    pub currency: Currency,
}

/// An intent as the gateway reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayIntent {
    /// `pi_…`.
    pub id: String,
    /// The secret that the customer's browser pays with.
    pub client_secret: String,
    /// The amount to charge.
    pub amount: Money,
    /// The amount taken; 0 before it succeeded.
    pub amount_received: Money,
    /// How much of the taken amount was refunded.
    pub amount_refunded: Money,
    /// Its status; [`PaymentStatus::Refunded`] once everything taken was refunded.
    pub status: PaymentStatus,
    /// Why the last attempt was declined; `None` after a newer attempt.
    pub last_decline: Option<Decline>,
    /// Its currency code, in upper or lower case.
    pub currency: String,
    /// Our payment id from its metadata, if present.
    pub payment: Option<String>,
}

impl GatewayIntent {
    /// The amounts it reports, to be checked before they are booked.
    #[must_use]
    pub fn claim(&self) -> Claim {
        Claim {
            by: ReportSource::Answer,
            intent: Some(self.id.clone()),
            payment: self.payment.clone(),
            currency: Some(self.currency.clone()),
            status: Some(self.status),
            asked: self.amount.into(),
            received: self.amount_received.into(),
            refunded: self.amount_refunded.into(),
            ..Claim::default()
        }
    }
}

/// A declined charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decline {
    /// The gateway's id of the attempt (`ch_…`), so that repeated reports count once.
    pub charge: Option<String>,
    /// The gateway's message to the customer.
    pub reason: String,
}

/// The result of an attempt to charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The intent after the attempt: paid, waiting for the customer's bank
    /// ([`PaymentStatus::RequiresAction`]), or unchanged because it can no longer be charged.
    Answered(GatewayIntent),
    /// The charge was declined; another method may be tried.
    Declined {
        /// The intent after the attempt.
        intent: GatewayIntent,
        /// The reason.
        decline: Decline,
    },
}

impl Attempt {
    /// The intent, and the decline if the charge was declined.
    #[must_use]
    pub fn into_parts(self) -> (GatewayIntent, Option<Decline>) {
        match self {
            Self::Answered(intent) => (intent, None),
            Self::Declined { intent, decline } => (intent, Some(decline)),
        }
    }
}

/// The URLs that a checkout leads to; `{CHECKOUT_SESSION_ID}` is replaced by its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckoutPages {
    /// The shop's base URL without a trailing slash, for the sandbox's page.
    pub shop: String,
    /// Opened after paying.
    pub success: String,
    /// Opened after cancelling.
    pub cancel: String,
}

/// The status of a checkout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckoutStatus {
    /// The customer can pay there.
    Open,
    /// The customer has paid, or has done everything for a payment that takes time.
    Complete,
    /// Closed or expired; it can no longer be paid.
    Expired,
}

/// A checkout page of the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayCheckout {
    /// `cs_…`.
    pub id: String,
    /// The page's URL; `None` once it can no longer be paid.
    pub url: Option<String>,
    /// Where it stands.
    pub status: CheckoutStatus,
    /// The amount to pay.
    pub amount: Money,
    /// The intent that is paid there, once the gateway has created it.
    pub intent: Option<GatewayIntent>,
    /// Its currency code, in upper or lower case.
    pub currency: Option<String>,
    /// Our payment id from its metadata, if present.
    pub payment: Option<String>,
}

impl GatewayCheckout {
    /// The amounts it reports, to be checked before they are booked. Its intent has a claim of its
    /// own.
    #[must_use]
    pub fn claim(&self) -> Claim {
        Claim {
            by: ReportSource::Answer,
            checkout: Some(self.id.clone()),
            payment: self.payment.clone(),
            currency: self.currency.clone(),
            asked: self.amount.into(),
            ..Claim::default()
        }
    }
}

/// A refund to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundRequest {
    /// The gateway's id of the intent.
    pub intent: String,
    /// The amount to refund.
    pub amount: Money,
    /// The administrator's reason, for the operator; may be missing.
    pub reason: Option<String>,
}

/// The status of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundStatus {
    /// Accepted; the money is on its way.
    Pending,
    /// The money was refunded.
    Succeeded,
    /// The refund failed or was canceled; the gateway still has the money.
    Failed,
}

/// A refund as the gateway reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayRefund {
    /// `re_…`.
    pub id: String,
    /// The refunded amount.
    pub amount: Money,
    /// Where it stands.
    pub status: RefundStatus,
    /// The idempotency key of our call, if the refund is ours. The gateway keeps it longer than the
    /// answer to the call.
    pub key: Option<String>,
    /// The refunded intent, if reported.
    pub intent: Option<String>,
    /// Its currency code, if reported.
    pub currency: Option<String>,
}

impl GatewayRefund {
    /// The amounts it reports, to be checked before they are booked.
    #[must_use]
    pub fn claim(&self) -> Claim {
        Claim {
            by: ReportSource::Answer,
            intent: self.intent.clone(),
            currency: self.currency.clone(),
            refund: self.amount.into(),
            ..Claim::default()
        }
    }
}

/// A payment gateway.
pub trait Gateway: Send + Sync {
    /// The name in the operator's settings: `sandbox`, `stripe`.
    fn name(&self) -> &'static str;

    /// True if no real money moves.
    fn is_sandbox(&self) -> bool;

    /// The payment method for `finalize` of the classic contract, which has no cards. `None`: the
    /// customer must provide one with the `client_secret`, and `finalize` only checks the status.
    fn pays_without_card(&self) -> Option<&'static str>;

    /// Creates an intent.
    fn create_intent<'a>(&'a self, key: &'a str, charge: Charge) -> Answering<'a, GatewayIntent>;

    /// Tries to charge `payment_method`. Returns an intent unchanged if it is paid, canceled or
    /// being processed. [`GatewayError::UnknownPaymentMethod`] if there is no such method.
    fn confirm<'a>(
        &'a self,
        key: &'a str,
        intent: &'a str,
        payment_method: &'a str,
    ) -> Answering<'a, Attempt>;

    /// Retrieves an intent.
    fn retrieve<'a>(&'a self, intent: &'a str) -> Answering<'a, GatewayIntent>;

    /// Cancels an intent, so that it can never be paid. Returns it unchanged if it is already paid
    /// or canceled.
    fn cancel<'a>(&'a self, key: &'a str, intent: &'a str) -> Answering<'a, GatewayIntent>;

    /// Refunds money. [`GatewayError::RefundTooLarge`] beyond what is left.
    fn refund<'a>(&'a self, key: &'a str, request: RefundRequest) -> Answering<'a, GatewayRefund>;

    /// The refunds of an intent, including those made directly at the gateway.
    fn refunds<'a>(&'a self, intent: &'a str) -> Answering<'a, Vec<GatewayRefund>>;

    /// Opens a checkout page.
    fn open_checkout<'a>(
        &'a self,
        key: &'a str,
        charge: Charge,
        pages: CheckoutPages,
    ) -> Answering<'a, GatewayCheckout>;

    /// Retrieves a checkout.
    fn checkout<'a>(&'a self, id: &'a str) -> Answering<'a, GatewayCheckout>;

    /// Closes a checkout, so that it can no longer be paid. Returns it unchanged if it is complete
    /// or expired.
    fn expire_checkout<'a>(&'a self, key: &'a str, id: &'a str) -> Answering<'a, GatewayCheckout>;
}

/// Why a gateway call failed. A declined charge is not an error but [`Attempt::Declined`].
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The gateway has no such intent, checkout or refund.
    #[error("the payment gateway knows no such {what}")]
    NoSuch {
        /// `payment_intent`, `checkout.session`, …
        what: &'static str,
    },
    /// The gateway has no such payment method, or does not allow it here.
    #[error("the payment gateway knows no such payment method")]
    UnknownPaymentMethod,
    /// The refund is larger than what is left of the taken amount.
    #[error("the refund is larger than what is left of the payment")]
    RefundTooLarge,
    /// The gateway rejects the payment permanently: an amount below its minimum, an unsupported
    /// currency, a card it rejects before charging.
    #[error("the payment gateway refused: {reason}")]
    Refused {
        /// The gateway's message to the customer, without secrets.
        reason: String,
    },
    /// The gateway rejects our calls because of a mistake of ours or the operator's (a bad key, or
    /// a key without the permission).
    #[error("the payment gateway refused: {code}: {message}")]
    Invalid {
        /// The gateway's code, or its HTTP status.
        code: String,
        /// The gateway's message, without secrets.
        message: String,
    },
    /// Its answer contradicts our books.
    #[error("what the payment gateway says does not fit the books: {0}")]
    Misfit(Misfit),
    /// The gateway was not reached or is unavailable: nothing happened.
    #[error("the payment gateway is not available: {why}")]
    Unavailable {
        /// The cause, without secrets.
        why: String,
    },
    /// The gateway did not answer in time, or failed internally: the requested step may have
    /// happened. Repeating the call with the same key is safe.
    #[error("what the payment gateway did is not known: {why}")]
    OutcomeUnknown {
        /// The cause, without secrets.
        why: String,
    },
    /// The sandbox's books, which are in our own store, failed.
    #[error("the sandbox's books")]
    Books(#[source] Box<Failure>),
}

impl From<Failure> for GatewayError {
    fn from(failure: Failure) -> Self {
        Self::Books(Box::new(failure))
    }
}

impl From<GatewayError> for Failure {
    /// What a client gets: a refusal worded by its contract, 502 for a gateway that rejects our
    /// calls, and 503 with `Retry-After` for the rest.
    fn from(error: GatewayError) -> Self {
        match error {
            GatewayError::NoSuch { .. } => Refusal::NotFound(Missing::Payment).into(),
            GatewayError::UnknownPaymentMethod => Refusal::PaymentMethodUnknown.into(),
            GatewayError::RefundTooLarge => Refusal::RefundTooLarge.into(),
            GatewayError::Refused { reason } => Refusal::RefusedByGateway { reason }.into(),
            GatewayError::Invalid { code, message } => Self::GatewayRefused { code, message },
            GatewayError::Misfit(misfit) => Self::GatewayMisfit { misfit },
            GatewayError::Unavailable { why } | GatewayError::OutcomeUnknown { why } => {
                Self::GatewayUnavailable { why }
            }
            GatewayError::Books(failure) => *failure,
        }
    }
}

/// Raises the alarm about an answer that contradicts our books and is not booked.
pub fn alarm(about: impl Display, misfit: Misfit) {
    MISFITS.fetch_add(1, Ordering::Relaxed);
    tracing::error!(
        %about,
        %misfit,
        "the payment gateway's answer contradicts the books and is not booked; check the payment \
         at the gateway"
    );
}

/// How often [`alarm`] was called since the start of the process.
#[must_use]
pub fn misfits() -> u64 {
    MISFITS.load(Ordering::Relaxed)
}
