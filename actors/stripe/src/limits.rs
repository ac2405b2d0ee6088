//! Every bound of a call, with its unit in the name.

use std::time::Duration;

/// The default time limit of a call, including all attempts. One attempt may take half of it.
pub const CALL_SECONDS_DEFAULT: u64 = 20;
/// Attempts of one call, the first one included.
pub(crate) const ATTEMPTS_MAX: u32 = 4;
/// The longest wait before the second attempt; the wait is random, and its limit doubles with each
/// further attempt.
pub(crate) const FIRST_WAIT: Duration = Duration::from_millis(200);
/// The longest wait between attempts.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(2);
/// An attempt with less time than this left is not started.
pub(crate) const ATTEMPT_MIN: Duration = Duration::from_millis(100);
/// Longest body of an answer that is read. Most have 4 KiB, a full list of refunds 100 KiB.
pub(crate) const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// Longest status line with headers, including what is buffered of the body.
pub(crate) const ANSWER_HEAD_BYTES_MAX: usize = 64 * 1024;
/// Most headers of an answer.
pub(crate) const ANSWER_HEADERS_MAX: usize = 100;
/// Refunds on one page of a list, the most that Stripe returns.
pub(crate) const REFUNDS_PER_PAGE: i64 = 100;
/// Most pages of a list that are read.
pub(crate) const PAGES_MAX: usize = 10;
/// Longest object id that is sent.
pub(crate) const ID_CHARACTERS_MAX: usize = 255;
/// Most characters of Stripe's messages that are kept.
pub(crate) const MESSAGE_CHARACTERS_MAX: usize = 500;
