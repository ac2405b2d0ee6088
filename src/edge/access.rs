//! The access log, one line per request: at `debug`, or at `info` if the operator turned it on.
//!
//! A line holds no personal data: no query, no header, and the path and the caller only as
//! [`Describe`] formats them.

use crate::edge::Answer;
use http::{HeaderMap, Method};
use std::time::Instant;
use tracing::Level;

/// The log target of these lines; `log = "info,souk::access=debug"` turns on only them.
pub(crate) const TARGET: &str = "souk::access";

/// Formats a path for the log, and names the kind of caller that the headers show.
type Describe = Box<dyn Fn(&str, &HeaderMap) -> (String, &'static str) + Send + Sync>;

/// Decides which requests are logged, and formats the lines.
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
    /// Logs all requests at `info` if `is_on`, else at `debug`.
    pub(crate) fn new(
        is_on: bool,
        describe: impl Fn(&str, &HeaderMap) -> (String, &'static str) + Send + Sync + 'static,
    ) -> Self {
        Self { is_on, describe: Box::new(describe) }
    }

    /// Starts the line of a request; `None` if its level is off.
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
    /// Writes the line. The octets of a stream or a long list are those of its first part.
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
