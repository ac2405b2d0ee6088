//! Why a call failed, each cause by its name.

use crate::limits::MESSAGE_CHARACTERS_MAX;
use crate::transport::TransportError;
use stripe_shared::{ApiErrors, ApiErrorsType};

/// Why a call failed. No variant contains a key or a client secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Stripe has no such object.
    #[error("Stripe knows no such object")]
    NotFound,
    /// The request was invalid.
    #[error("Stripe refuses the request: {}", .0.message)]
    Invalid(Invalid),
    /// The card was declined.
    #[error("the card was declined: {}", .0.reason)]
    Declined(Decline),
    /// The object's state does not allow this step: it is already paid, canceled, expired or
    /// refunded.
    #[error("the object is not in a state for this step")]
    WrongState,
    /// This idempotency key was used with other parameters: a bug of ours.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The key is not accepted, or lacks the permission.
    #[error("Stripe does not accept the secret key for this")]
    NotAllowed,
    /// Nothing was done, and all attempts failed.
    #[error("Stripe cannot be used now ({cause})")]
    Unavailable {
        /// The failure of the last attempt.
        cause: Cause,
    },
    /// It may have taken effect: retrieve the object, or repeat the call with the same key.
    #[error("whether Stripe did it is unknown ({cause})")]
    OutcomeUnknown {
        /// The failure of the last attempt.
        cause: Cause,
    },
}

/// What was wrong with a request, as Stripe reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// `parameter_missing`, `amount_too_small`, …
    pub code: Option<String>,
    /// The parameter concerned.
    pub parameter: Option<String>,
    /// The message for the operator.
    pub message: String,
}

/// Why a card was declined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decline {
    /// `card_declined`, `expired_card`, …
    pub code: Option<String>,
    /// The bank's code: `insufficient_funds`, …
    pub decline_code: Option<String>,
    /// Stripe's message to the customer.
    pub reason: String,
    /// The failed charge (`ch_…`), if one was made.
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

/// Stripe's message on one line of bounded length, without anything that looks like a secret:
/// clients may read it.
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

/// The prefixes of Stripe's secret keys and webhook secrets.
const SECRET_PREFIXES: [&str; 4] = ["sk_", "rk_", "whsec_", "ek_"];

/// A failure of an attempt that a retry may avoid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// No connection was made; nothing was sent.
    NotConnected,
    /// The connection broke after the request was sent.
    ConnectionLost,
    /// No answer came in time.
    TimedOut,
    /// Too many requests (429), or another request has locked the object or the key (409, 429).
    Throttled,
    /// Stripe failed (5xx).
    ServerFailed,
    /// The answer cannot be parsed.
    Unreadable,
    /// The answer exceeds the length limit; the rest was not read.
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
    /// True if the call may have taken effect nevertheless.
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

/// How one attempt failed.
pub(crate) enum AttemptError {
    /// A retry with the same key may work.
    Passing(Cause),
    /// A retry cannot work.
    Final(CallError),
}

impl AttemptError {
    pub(crate) fn of(error: TransportError) -> Self {
        match error {
            TransportError::TimedOut => Self::Passing(Cause::TimedOut),
            TransportError::NotConnected => Self::Passing(Cause::NotConnected),
            TransportError::ConnectionLost => Self::Passing(Cause::ConnectionLost),
            TransportError::TooLong => Self::Passing(Cause::TooLong),
            // A proxy in between may send answers of its own.
            TransportError::Unreadable { status: Some(401 | 403) } => {
                Self::Final(CallError::NotAllowed)
            }
            TransportError::Unreadable { status: Some(429) } => Self::Passing(Cause::Throttled),
            TransportError::Unreadable { .. } => Self::Passing(Cause::Unreadable),
            TransportError::Unwritable => Self::Final(CallError::NotFound),
            TransportError::Reported(error, status) => Self::reported(*error, status),
        }
    }

    /// Converts an error that Stripe itself reports (<https://docs.stripe.com/api/errors>).
    fn reported(error: ApiErrors, status: u16) -> Self {
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
        for (message, shown) in [
            ("Amount must be at least $0.50 usd", "Amount must be at least $0.50 usd"),
            ("Invalid API Key provided: sk_test_*****abc", "Invalid API Key provided: …"),
            ("key=rk_live_abc, whsec_abc.", "key=…, …."),
            ("No such intent: 'pi_1_secret_xyz'", "No such intent: '…'"),
            ("two\nlines\u{1b}[31m risk_level task_", "two lines [31m risk_level task_"),
            ("", ""),
        ] {
            assert_eq!(shortened(Some(message.to_owned())), shown);
        }
        assert_eq!(shortened(None), "");
        assert_eq!(shortened(Some("x".repeat(1_000))).len(), 500);
        assert!(!shortened(Some(format!("{} sk_live_abc", "x".repeat(480)))).contains("sk_"));
    }
}
