//! Why a call did not do what was asked, each reason by its name.

use crate::limits::MESSAGE_CHARACTERS_MAX;
use stripe::{ApiErrors, ApiErrorsType, StripeError};

/// What `async-stripe` says when the connection could not be made, so that nothing was sent. It
/// keeps the words of the error only; a test of this crate fails if they change.
const NOT_CONNECTED: &str = "client error (Connect)";

/// Why a call did not do what was asked. None of them holds a key or a client secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Stripe knows no such object.
    #[error("Stripe knows no such object")]
    NotFound,
    /// The request was wrong.
    #[error("Stripe refuses the request: {}", .0.message)]
    Invalid(Invalid),
    /// The card was refused.
    #[error("the card was declined: {}", .0.reason)]
    Declined(Decline),
    /// The object is in no state for this step: paid, canceled, expired or refunded already.
    #[error("the object is not in a state for this step")]
    WrongState,
    /// This idempotency key was used with other parameters: a mistake of ours.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The key is not accepted, or may not do this.
    #[error("Stripe does not accept the secret key for this")]
    NotAllowed,
    /// Nothing was done, and the attempts are used up.
    #[error("Stripe cannot be used now ({cause:?})")]
    Unavailable {
        /// What the last attempt met.
        cause: Cause,
    },
    /// It may have been done or not: ask for the object, or call again with the same key.
    #[error("whether Stripe did it is unknown ({cause:?})")]
    OutcomeUnknown {
        /// What the last attempt met.
        cause: Cause,
    },
}

/// What was wrong with a request, in Stripe's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// `parameter_missing`, `amount_too_small`, …
    pub code: Option<String>,
    /// Which parameter.
    pub parameter: Option<String>,
    /// For the operator.
    pub message: String,
}

/// Why a card was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decline {
    /// `card_declined`, `expired_card`, …
    pub code: Option<String>,
    /// `insufficient_funds`, … as the bank said.
    pub decline_code: Option<String>,
    /// Stripe's words for the customer.
    pub reason: String,
    /// `ch_…`: the charge that failed, if it came to one.
    pub charge: Option<String>,
}

impl Decline {
    pub(crate) fn of(error: ApiErrors) -> Self {
        Self {
            code: error.code.as_ref().map(|code| code.as_str().to_owned()),
            decline_code: error.decline_code,
            reason: shortened(error.message),
            charge: error.charge,
        }
    }
}

fn shortened(message: Option<String>) -> String {
    message.unwrap_or_default().chars().take(MESSAGE_CHARACTERS_MAX).collect()
}

/// What an attempt met that another one may not meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// No connection; nothing was sent.
    NotConnected,
    /// The connection broke after the request was sent.
    ConnectionLost,
    /// No answer in time.
    TimedOut,
    /// Too many requests (429), or another request holds the object or the key (409, 429).
    Throttled,
    /// Stripe failed (5xx).
    ServerFailed,
    /// An answer that cannot be read.
    Unreadable,
}

impl Cause {
    /// True if Stripe may have done what was asked all the same.
    pub(crate) fn may_have_worked(self) -> bool {
        match self {
            Self::NotConnected | Self::Throttled => false,
            Self::ConnectionLost | Self::TimedOut | Self::ServerFailed | Self::Unreadable => true,
        }
    }
}

/// How one attempt ended badly.
pub(crate) enum Setback {
    /// Another attempt with the same key may work.
    Passing(Cause),
    /// None will.
    Final(CallError),
}

impl Setback {
    pub(crate) fn of(error: StripeError) -> Self {
        match error {
            StripeError::Timeout => Self::Passing(Cause::TimedOut),
            StripeError::ClientError(words) if words == NOT_CONNECTED => {
                Self::Passing(Cause::NotConnected)
            }
            StripeError::ClientError(_) => Self::Passing(Cause::ConnectionLost),
            StripeError::JSONDeserialize(_) => Self::Passing(Cause::Unreadable),
            StripeError::ConfigError(message) => {
                Self::Final(CallError::Invalid(Invalid { code: None, parameter: None, message }))
            }
            StripeError::Stripe(error, status) => Self::said(*error, status),
        }
    }

    /// What Stripe itself said (<https://docs.stripe.com/api/errors>).
    fn said(error: ApiErrors, status: u16) -> Self {
        let code = error.code.as_ref().map(|code| code.as_str().to_owned());
        let final_error = match (status, &error.type_, code.as_deref()) {
            (500.., _, _) => return Self::Passing(Cause::ServerFailed),
            // `lock_timeout` is a 429, `idempotency_key_in_use` a 409.
            (409 | 429, _, _) => return Self::Passing(Cause::Throttled),
            (401 | 403, _, _) => CallError::NotAllowed,
            (_, ApiErrorsType::IdempotencyError, _) => CallError::KeyReused,
            (_, ApiErrorsType::CardError, _) => CallError::Declined(Decline::of(error)),
            (404, _, _) => CallError::NotFound,
            (_, _, Some("payment_intent_unexpected_state" | "charge_already_refunded")) => {
                CallError::WrongState
            }
            _ => {
                let message = shortened(error.message);
                CallError::Invalid(Invalid { code, parameter: error.param, message })
            }
        };
        Self::Final(final_error)
    }
}
