//! Why a call did not do what was asked, each reason by its name.

use crate::limits::MESSAGE_CHARACTERS_MAX;
use crate::transport::TransportError;
use stripe_shared::{ApiErrors, ApiErrorsType};

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
    #[error("Stripe cannot be used now ({cause})")]
    Unavailable {
        /// What the last attempt met.
        cause: Cause,
    },
    /// It may have been done or not: ask for the object, or call again with the same key.
    #[error("whether Stripe did it is unknown ({cause})")]
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

/// Stripe's words on one line of bounded length, without anything that is a secret by its form:
/// a client may read them.
fn shortened(message: Option<String>) -> String {
    let (mut safe, mut word) = (String::new(), String::new());
    let flush = |word: &mut String, safe: &mut String| {
        let begins = |prefix: &&str| word.starts_with(prefix);
        let is_secret = SECRET_PREFIXES.iter().any(begins) || word.contains("_secret_");
        safe.push_str(if is_secret { "…" } else { word });
        word.clear();
    };
    for character in message.unwrap_or_default().chars().take(MESSAGE_CHARACTERS_MAX) {
        if character.is_ascii_alphanumeric() || matches!(character, '_' | '*') {
            word.push(character);
        } else {
            flush(&mut word, &mut safe);
            safe.push(if character.is_control() { ' ' } else { character });
        }
    }
    flush(&mut word, &mut safe);
    safe
}

/// How Stripe's secret keys and the secrets of webhooks begin.
const SECRET_PREFIXES: [&str; 4] = ["sk_", "rk_", "whsec_", "ek_"];

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
    /// An answer that is longer than any that is meant; the rest was left unread.
    TooLong,
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NotConnected => "no connection",
            Self::ConnectionLost => "the connection broke",
            Self::TimedOut => "no answer in time",
            Self::Throttled => "too many requests",
            Self::ServerFailed => "Stripe failed",
            Self::Unreadable => "an answer that cannot be read",
            Self::TooLong => "an answer that is too long",
        })
    }
}

impl Cause {
    /// True if Stripe may have done what was asked all the same.
    pub(crate) fn may_have_worked(self) -> bool {
        match self {
            Self::NotConnected | Self::Throttled => false,
            Self::ConnectionLost
            | Self::TimedOut
            | Self::ServerFailed
            | Self::Unreadable
            | Self::TooLong => true,
        }
    }
}

/// How one attempt ended badly.
pub(crate) enum AttemptError {
    /// Another attempt with the same key may work.
    Passing(Cause),
    /// None will.
    Final(CallError),
}

impl AttemptError {
    pub(crate) fn of(error: TransportError) -> Self {
        match error {
            TransportError::TimedOut => Self::Passing(Cause::TimedOut),
            TransportError::NotConnected => Self::Passing(Cause::NotConnected),
            TransportError::ConnectionLost => Self::Passing(Cause::ConnectionLost),
            TransportError::TooLong => Self::Passing(Cause::TooLong),
            // A proxy on the way may have words of its own.
            TransportError::Unreadable { status: Some(401 | 403) } => {
                Self::Final(CallError::NotAllowed)
            }
            TransportError::Unreadable { status: Some(429) } => Self::Passing(Cause::Throttled),
            TransportError::Unreadable { .. } => Self::Passing(Cause::Unreadable),
            TransportError::Unwritable => Self::Final(CallError::NotFound),
            TransportError::Said(error, status) => Self::said(*error, status),
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

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn the_words_for_a_client_hold_no_secret_and_no_line_break() {
        for (said, shown) in [
            ("Amount must be at least $0.50 usd", "Amount must be at least $0.50 usd"),
            ("Invalid API Key provided: sk_test_*****abc", "Invalid API Key provided: …"),
            ("key=rk_live_abc, whsec_abc.", "key=…, …."),
            ("No such intent: 'pi_1_secret_xyz'", "No such intent: '…'"),
            ("two\nlines\u{1b}[31m risk_level task_", "two lines [31m risk_level task_"),
            ("", ""),
        ] {
            assert_eq!(shortened(Some(said.to_owned())), shown);
        }
        assert_eq!(shortened(None), "");
        assert_eq!(shortened(Some("x".repeat(1_000))).len(), 500);
        assert!(!shortened(Some(format!("{} sk_live_abc", "x".repeat(480)))).contains("sk_"));
    }
}
