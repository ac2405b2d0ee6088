//! What the shop asks of a payment gateway, whichever it is: Stripe, or the built-in sandbox.
//!
//! A gateway is called between turns, never within one (design law 5). Every call that changes
//! something carries an idempotency key of ours: the same key again, with the same words, MUST
//! have one effect and give the same answer, also after a restart.
//!
//! A payment goes one of two ways, and never both at once: by an *intent*, for which the customer
//! brings a payment method, or by a *checkout*, a page of the gateway that makes an intent of its
//! own, perhaps only when the customer pays. Whoever changes the way closes the other one first.

use crate::Failure;
use souk_domain::{
    Claim, Currency, Misfit, Missing, Money, OrderId, PaymentId, PaymentStatus, Refusal, Speaker,
};
use std::fmt::Display;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};

/// How often since the start of the process a gateway said what does not fit the books.
static MISFITS: AtomicU64 = AtomicU64::new(0);

/// An answer on its way.
pub type Answering<'a, T> = Pin<Box<dyn Future<Output = Result<T, GatewayError>> + Send + 'a>>;

/// What an intent or a checkout is for. The same payment always has the same charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// What tells this shop from others at the same gateway, and from its own life before it was
    /// restored from a copy.
    pub store_id: String,
    /// What it pays.
    pub order: OrderId,
    /// `ORD-…`, for the customer's statement and the operator's eyes.
    pub order_number: String,
    /// Our payment.
    pub payment: PaymentId,
    /// How much, in minor units.
    pub amount: Money,
    /// Of which currency.
    pub currency: Currency,
}

/// An intent as the gateway tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayIntent {
    /// `pi_…`.
    pub id: String,
    /// What the customer's browser pays with.
    pub client_secret: String,
    /// How much it is to charge.
    pub amount: Money,
    /// How much was taken; nothing before it succeeded.
    pub amount_received: Money,
    /// How much of that went back.
    pub amount_refunded: Money,
    /// Where it stands; [`PaymentStatus::Refunded`] once all that was taken went back.
    pub status: PaymentStatus,
    /// Why the last attempt was refused, while it is the last one.
    pub last_decline: Option<Decline>,
    /// Code of the currency it is in, in any case.
    pub currency: String,
    /// The payment of ours that its metadata names, if it does.
    pub payment: Option<String>,
}

impl GatewayIntent {
    /// What it says about the money, to be judged before it is booked.
    #[must_use]
    pub fn claim(&self) -> Claim {
        Claim {
            by: Speaker::Answer,
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

/// A charge that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decline {
    /// What the gateway calls the attempt (`ch_…`), so that hearing of it twice counts once.
    pub charge: Option<String>,
    /// The gateway's words for the customer.
    pub reason: String,
}

/// What came of an attempt to charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The intent as it stands now: paid, or waiting for the customer's bank
    /// ([`PaymentStatus::RequiresAction`]), or as it was because nothing can be charged any more.
    Answered(GatewayIntent),
    /// The charge was refused; another method may be tried.
    Declined {
        /// The intent as it stands now.
        intent: GatewayIntent,
        /// Why.
        decline: Decline,
    },
}

impl Attempt {
    /// The intent as it stands, and why the charge was refused if it was.
    #[must_use]
    pub fn into_parts(self) -> (GatewayIntent, Option<Decline>) {
        match self {
            Self::Answered(intent) => (intent, None),
            Self::Declined { intent, decline } => (intent, Some(decline)),
        }
    }
}

/// Where a customer goes from a checkout; `{CHECKOUT_SESSION_ID}` stands for its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckoutPages {
    /// Where the shop itself is reached, without a slash at the end: the sandbox's page is there.
    pub shop: String,
    /// After paying.
    pub success: String,
    /// After giving up.
    pub cancel: String,
}

/// Where a checkout stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckoutStatus {
    /// The customer can pay there.
    Open,
    /// The customer has paid, or has done all they can for a payment that takes its time.
    Complete,
    /// Given up or too old; nobody can pay there.
    Expired,
}

/// A page of the gateway where a payment is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayCheckout {
    /// `cs_…`.
    pub id: String,
    /// Where the customer pays; `None` once nobody can.
    pub url: Option<String>,
    /// Where it stands.
    pub status: CheckoutStatus,
    /// How much is to be paid there.
    pub amount: Money,
    /// What is paid there, once the gateway has made it.
    pub intent: Option<GatewayIntent>,
    /// Code of the currency it is in, in any case.
    pub currency: Option<String>,
    /// The payment of ours that its metadata names, if it does.
    pub payment: Option<String>,
}

impl GatewayCheckout {
    /// What it says about the money, to be judged before it is booked; its intent makes a claim of
    /// its own.
    #[must_use]
    pub fn claim(&self) -> Claim {
        Claim {
            by: Speaker::Answer,
            checkout: Some(self.id.clone()),
            payment: self.payment.clone(),
            currency: self.currency.clone(),
            asked: self.amount.into(),
            ..Claim::default()
        }
    }
}

/// Money to give back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundRequest {
    /// Of which intent.
    pub intent: String,
    /// How much.
    pub amount: Money,
    /// The administrator's words, for the operator's eyes; perhaps none.
    pub reason: Option<String>,
}

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundStatus {
    /// Accepted; the money is on its way.
    Pending,
    /// The money went back.
    Succeeded,
    /// It could not be given back, or was called off; the gateway has it still.
    Failed,
}

/// Money that was given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayRefund {
    /// `re_…`.
    pub id: String,
    /// How much.
    pub amount: Money,
    /// Where it stands.
    pub status: RefundStatus,
    /// The idempotency key it was asked for with, if it was asked for by us: the gateway keeps it
    /// for longer than it keeps the answer to the call.
    pub key: Option<String>,
    /// Of which intent, if the gateway says so.
    pub intent: Option<String>,
    /// Code of the currency it is in, if the gateway says so.
    pub currency: Option<String>,
}

impl GatewayRefund {
    /// What it says about the money, to be judged before it is booked.
    #[must_use]
    pub fn claim(&self) -> Claim {
        Claim {
            by: Speaker::Answer,
            intent: self.intent.clone(),
            currency: self.currency.clone(),
            refund: self.amount.into(),
            ..Claim::default()
        }
    }
}

/// A payment gateway.
pub trait Gateway: Send + Sync {
    /// What the operator calls it: `sandbox`, `stripe`.
    fn name(&self) -> &'static str;

    /// True if no real money moves.
    fn is_sandbox(&self) -> bool;

    /// The payment method that `finalize` of the classic contract, which knows no cards, hands
    /// over. `None`: the customer must bring one with the `client_secret`, and `finalize` asks.
    fn pays_without_card(&self) -> Option<&'static str>;

    /// Makes an intent.
    fn create_intent<'a>(&'a self, key: &'a str, charge: Charge) -> Answering<'a, GatewayIntent>;

    /// Tries to charge `payment_method`. An intent that is paid, canceled or being processed is
    /// answered as it stands. [`GatewayError::UnknownPaymentMethod`] if there is no such method.
    fn confirm<'a>(
        &'a self,
        key: &'a str,
        intent: &'a str,
        payment_method: &'a str,
    ) -> Answering<'a, Attempt>;

    /// Asks how an intent stands.
    fn retrieve<'a>(&'a self, intent: &'a str) -> Answering<'a, GatewayIntent>;

    /// Gives an intent up, so that it can never be paid; one that is paid, or given up before, is
    /// answered as it stands.
    fn cancel<'a>(&'a self, key: &'a str, intent: &'a str) -> Answering<'a, GatewayIntent>;

    /// Gives money back. [`GatewayError::RefundTooLarge`] beyond what is left of it.
    fn refund<'a>(&'a self, key: &'a str, request: RefundRequest) -> Answering<'a, GatewayRefund>;

    /// The refunds of an intent, whoever made them.
    fn refunds<'a>(&'a self, intent: &'a str) -> Answering<'a, Vec<GatewayRefund>>;

    /// Opens a page where a payment can be made.
    fn open_checkout<'a>(
        &'a self,
        key: &'a str,
        charge: Charge,
        pages: CheckoutPages,
    ) -> Answering<'a, GatewayCheckout>;

    /// Asks how a checkout stands.
    fn checkout<'a>(&'a self, id: &'a str) -> Answering<'a, GatewayCheckout>;

    /// Gives a checkout up, so that nobody can pay there; one that is complete or expired is
    /// answered as it stands.
    fn expire_checkout<'a>(&'a self, key: &'a str, id: &'a str) -> Answering<'a, GatewayCheckout>;
}

/// Why the gateway gave no answer of the asked kind. A refused charge is none of these: that is
/// [`Attempt::Declined`].
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// It knows no such intent, checkout or refund.
    #[error("the payment gateway knows no such {what}")]
    NoSuch {
        /// `payment_intent`, `checkout.session`, …
        what: &'static str,
    },
    /// It knows no such payment method, or will not use it here.
    #[error("the payment gateway knows no such payment method")]
    UnknownPaymentMethod,
    /// More than is left of what was taken.
    #[error("the refund is larger than what is left of the payment")]
    RefundTooLarge,
    /// It understood the payment and will not take it, now or later: an amount below its minimum, a
    /// currency it does not know, a card it refuses before it charges.
    #[error("the payment gateway refused: {reason}")]
    Refused {
        /// The gateway's words for the customer, without secrets.
        reason: String,
    },
    /// It does not serve us at all: our mistake or the operator's (a bad key, a key that may not do
    /// this).
    #[error("the payment gateway refused: {code}: {message}")]
    Invalid {
        /// The gateway's code, or its HTTP status.
        code: String,
        /// The gateway's words, without secrets.
        message: String,
    },
    /// Its answer does not fit our books.
    #[error("what the payment gateway says does not fit the books: {0}")]
    Misfit(Misfit),
    /// It was not reached or would not serve us now: nothing happened.
    #[error("the payment gateway is not available: {why}")]
    Unavailable {
        /// What happened, without secrets.
        why: String,
    },
    /// It did not answer in time, or with a fault of its own: what was asked may have happened.
    /// Asking again with the same key is safe.
    #[error("what the payment gateway did is not known: {why}")]
    OutcomeUnknown {
        /// What happened, without secrets.
        why: String,
    },
    /// The sandbox's books, which lie in our own store.
    #[error("the sandbox's books")]
    Books(#[source] Box<Failure>),
}

impl From<Failure> for GatewayError {
    fn from(failure: Failure) -> Self {
        Self::Books(Box::new(failure))
    }
}

impl From<GatewayError> for Failure {
    /// What a client hears of it: a refusal the contracts word, 502 for a gateway that does not
    /// serve us at all, 503 with `Retry-After` for the rest.
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

/// Raises the alarm over something a gateway said that does not fit the books and is not booked.
pub fn alarm(about: impl Display, misfit: Misfit) {
    MISFITS.fetch_add(1, Ordering::Relaxed);
    tracing::error!(
        %about,
        %misfit,
        "what the payment gateway says does not fit the books: it is not booked; look at the \
         payment there"
    );
}

/// How often [`alarm`] was raised since the start of the process.
#[must_use]
pub fn misfits() -> u64 {
    MISFITS.load(Ordering::Relaxed)
}
