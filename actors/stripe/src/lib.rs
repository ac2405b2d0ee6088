//! Stripe's payments as the shop needs them: payment intents, refunds, Checkout Sessions and signed
//! webhooks, over `async-stripe`.
//!
//! Every call that changes something takes an idempotency key from its caller, so that it may be
//! made again whenever its outcome is unknown. Every call has a bound in time and a bounded number
//! of attempts, every answer a bound in octets, and each way it can end has a name ([`CallError`]). The secret key is in no message,
//! no error and no debug output.
//!
//! The crate stands apart because the code generated for Stripe's objects takes minutes to compile:
//! an edit of the shop rebuilds none of it.

mod checkouts;
mod client;
mod error;
mod intents;
mod key;
mod limits;
mod objects;
mod refunds;
mod transport;
mod webhook;

pub use checkouts::{Checkout, CheckoutState, Pages};
pub use client::{ApiBase, ApiBaseError, SetUpError, Stripe, StripeSettings};
pub use error::{CallError, Cause, Decline, Invalid};
pub use intents::{Confirmation, Intent, IntentState};
pub use key::{SecretKey, SecretKeyError, WebhookSecret};
pub use limits::CALL_SECONDS_DEFAULT;
pub use objects::Purchase;
pub use refunds::{Refund, RefundState};
pub use webhook::{SIGNATURE_TOLERANCE_SECONDS, is_signed, sign};
