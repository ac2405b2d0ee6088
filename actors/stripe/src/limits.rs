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
/// Longest body of an answer that is read; most have 4 KiB, a full list of refunds 100.
pub(crate) const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// Longest status line with headers, and what is read ahead of a body.
pub(crate) const ANSWER_HEAD_BYTES_MAX: usize = 64 * 1024;
/// Most headers of an answer.
pub(crate) const ANSWER_HEADERS_MAX: usize = 100;
/// Refunds on one page of a list, the most that Stripe gives.
pub(crate) const REFUNDS_PER_PAGE: i64 = 100;
/// Pages of a list that are read.
pub(crate) const PAGES_MAX: usize = 10;
/// Longest id of an object that is asked for.
pub(crate) const ID_CHARACTERS_MAX: usize = 255;
/// How much of Stripe's own words is kept.
pub(crate) const MESSAGE_CHARACTERS_MAX: usize = 500;
