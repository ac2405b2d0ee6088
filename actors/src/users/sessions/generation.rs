//! Numbers of sessions that are left out after a restore.

use crate::Failure;
use crate::store::Unit;

/// Session numbers left out when a generation begins, at least: more than any store ever gave.
const MIN_SESSIONS_LEFT_OUT: u64 = 1 << 32;
/// A random number below this is left out on top, so that two stores begun from one copy share none.
const SPREAD_OF_SESSIONS: u64 = 1 << 48;

/// Leaves out the numbers of sessions that an earlier life of the store may have given: a token of
/// one of those must not open the session of somebody else.
///
/// # Errors
/// [`Failure`] of the store.
pub(crate) fn begin_generation(unit: &Unit) -> Result<(), Failure> {
    let numbers = MIN_SESSIONS_LEFT_OUT + crate::random_u64() % SPREAD_OF_SESSIONS;
    Ok(unit.skip_numbers("session", numbers)?)
}
