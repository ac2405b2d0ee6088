//! Money that goes back: decided in a turn, made at the gateway between turns, booked in another.
//!
//! What undoes a refund that the gateway will not make is its failure: the amount counts as left
//! again, and an operator sees it.

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
