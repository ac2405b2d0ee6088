//! Session numbers that are skipped after a restore.

use crate::Failure;
use crate::store::Unit;

/// The least number of sessions skipped when a generation begins: more than any store has ever
/// used.
const MIN_SESSIONS_LEFT_OUT: u64 = 1 << 32;
/// A random number below this is skipped in addition, so that two stores restored from one copy do
/// not share numbers.
const SPREAD_OF_SESSIONS: u64 = 1 << 48;

/// Skips the session numbers that the store may have used before the restore: an old token must not
/// open another user's session.
///
/// # Errors
/// [`Failure`] of the store.
pub(crate) fn begin_generation(unit: &Unit) -> Result<(), Failure> {
    let numbers = MIN_SESSIONS_LEFT_OUT + crate::random_u64() % SPREAD_OF_SESSIONS;
    Ok(unit.skip_numbers("session", numbers)?)
}
