//! Refunds: decided in a turn, made at the gateway between turns, booked in another turn.
//!
//! If the gateway refuses a refund, it is recorded as failed: the amount can be refunded again, and
//! an operator sees it.

mod add;
mod find;
mod record;
mod record_failed;
mod record_refused;
mod request;

pub use record::{MadeRefund, RecordRefund};
pub use record_failed::RecordFailedRefund;
pub use record_refused::RecordRefusedRefund;
pub use request::RequestRefund;

pub(super) use add::add;
