//! The life of an intent, as at Stripe (<https://docs.stripe.com/payments/paymentintents/lifecycle>).

mod cancel;
mod charge;
mod confirm;
mod confirm_in_browser;
mod create;
mod find;
mod refund;

pub use cancel::CancelIntent;
pub use confirm::ConfirmIntent;
pub use confirm_in_browser::ConfirmInBrowser;
pub use create::CreateIntent;
pub use refund::RefundIntent;

pub(super) use confirm_in_browser::confirm_in_browser;
pub(super) use find::{find, fresh};
