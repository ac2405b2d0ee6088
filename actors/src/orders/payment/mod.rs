//! The effects of a payment on its order.

mod link;
mod mark_paid;
mod mark_refunded;
mod record_failure;

pub use link::LinkPayment;
pub use mark_paid::{MarkPaid, Paid};
pub use mark_refunded::MarkRefunded;
pub use record_failure::RecordPaymentFailure;
