//! Every bound of a call, with its unit in the name.

use std::time::Duration;

/// How long a call may take with all its attempts, where the operator says nothing else. One
/// attempt may take half of it.
pub const CALL_SECONDS_DEFAULT: u64 = 20;
/// Attempts of one call, the first one included.
pub(crate) const ATTEMPTS_MAX: u32 = 4;
/// The wait before the second attempt is a random one up to this; it doubles with each further one.
pub(crate) const FIRST_WAIT: Duration = Duration::from_millis(200);
/// No wait between attempts is longer.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(2);
/// An attempt with less time than this left is not begun.
pub(crate) const ATTEMPT_MIN: Duration = Duration::from_millis(100);
/// Longest id of an object that is asked for.
pub(crate) const ID_CHARACTERS_MAX: usize = 255;
/// How much of Stripe's own words is kept.
pub(crate) const MESSAGE_CHARACTERS_MAX: usize = 500;
