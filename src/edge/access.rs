//! One line of the log for each request: at `debug`, or at `info` where the operator wants them all.
//!
//! What a line holds says nothing of people: no query, no header, and the path and the caller as
//! [`Describe`] words them.

use crate::edge::Answer;
use http::{HeaderMap, Method};
use std::time::Instant;
use tracing::Level;

/// What the lines are called in the log; `log = "info,souk::access=debug"` asks for them alone.
pub(crate) const TARGET: &str = "souk::access";

/// How a path may be written, and what kind of caller the headers speak of.
type Describe = Box<dyn Fn(&str, &HeaderMap) -> (String, &'static str) + Send + Sync>;

/// Which requests are written down, and how.
pub(crate) struct AccessLog {
    is_on: bool,
    describe: Describe,
}

/// A request that is being answered.
pub(super) struct Entry {
    method: Method,
    path: String,
    caller: &'static str,
    begun: Instant,
    is_on: bool,
}

impl AccessLog {
    /// All requests at `info` if `is_on`, else at `debug`.
    pub(crate) fn new(
        is_on: bool,
        describe: impl Fn(&str, &HeaderMap) -> (String, &'static str) + Send + Sync + 'static,
    ) -> Self {
        Self { is_on, describe: Box::new(describe) }
    }

    /// Begins the line of a request; `None` if nobody wants it.
    pub(super) fn begin(&self, method: &Method, path: &str, headers: &HeaderMap) -> Option<Entry> {
        if !self.is_on && !tracing::enabled!(target: TARGET, Level::DEBUG) {
            return None;
        }
        let (path, caller) = (self.describe)(path, headers);
        let (method, is_on) = (method.clone(), self.is_on);
        Some(Entry { method, path, caller, begun: Instant::now(), is_on })
    }
}

impl Entry {
    /// Writes the line. An answer that goes on has the octets of its beginning.
    pub(super) fn end(self, answer: &Answer) {
        let Self { method, path, caller, begun, is_on } = self;
        let (status, bytes) = (answer.status.as_u16(), answer.body.len());
        let ms = begun.elapsed().as_millis();
        if is_on {
            tracing::info!(target: TARGET, %method, path, status, ms, bytes, caller, "request");
        } else {
            tracing::debug!(target: TARGET, %method, path, status, ms, bytes, caller, "request");
        }
    }
}
