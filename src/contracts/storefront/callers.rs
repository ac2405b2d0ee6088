//! Who may call which operation of this contract.

use super::refusals::{Problem, forbidden};
use crate::app::App;
use crate::edge::Call;

/// Requires an administrator; `refusal` is the error for everybody else.
pub(super) fn require_administrator(app: &App, call: &Call, refusal: &str) -> Result<(), Problem> {
    if app.visitor(call)?.caller.is_administrator() {
        return Ok(());
    }
    Err(forbidden(refusal).into())
}
