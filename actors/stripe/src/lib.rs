//! Stripe's payments as the shop needs them: payment intents, refunds, Checkout Sessions and signed
//! webhooks, over `async-stripe`.
//!
//! Every call that changes something has an idempotency key from its caller, so that it can be
//! repeated whenever its outcome is unknown. Every call has a time limit and a bounded number of
//! attempts, every answer a bound in bytes, and every failure a name ([`CallError`]). The secret
//! key never appears in messages, errors or debug output.
//!
//! This is a crate of its own because the code generated for Stripe's objects takes minutes to
//! compile: a change of the shop rebuilds none of it.

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
