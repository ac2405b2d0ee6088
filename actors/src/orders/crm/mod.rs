//! Completed orders wait for the CRM. The turn that completes an order writes the row, so that no
//! crash loses it. The sender records each attempt in a turn of its own.

mod delivery;
mod queries;
mod record_try;
mod replay;
mod set_configured;
mod waiting;

pub use delivery::CrmDelivery;
pub use queries::{crm_due, crm_failed, crm_is_configured};
pub use record_try::{CrmTry, RecordCrmTry};
pub use replay::ReplayCrm;
pub use set_configured::SetCrmConfigured;

pub(super) use queries::check;
pub(super) use waiting::{schedule_if_completed, unschedule};
