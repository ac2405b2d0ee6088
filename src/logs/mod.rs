//! The log service (services contract, API6): stores the log lines of Souk and of other systems in
//! its own store, where an administrator searches them.
//!
//! ```text
//! tracing ─▶ own_log (secrets taken out) ─▶ intake (bounded, sampled) ─▶┐
//! souk.log.v1.<service>.<level> ─▶ adapters::nats::LogConsumer ────────▶ store ─▶ GET /api/v1/logs/
//!                                                                        └────▶ socket ─▶ souk logs
//! ```
//!
//! The shop's own work never waits for it: if the log cannot be written, a counter in `/metrics`
//! grows.

mod archive;
mod intake;
mod mask;
mod own_log;
mod query;
mod record;
mod socket;
mod store;
mod stored;

pub(crate) use archive::{Archive, ArchiveError};
pub(crate) use intake::{Intake, LogCounts, LogQueue, Writer};
pub(crate) use mask::masked_path;
pub(crate) use own_log::OwnLog;
pub(crate) use query::LogQuery;
pub(crate) use record::{Level, LogRecord, LogRefusal, SUBJECT_PREFIX};
pub(crate) use socket::{Followed, SOCKET_FILE, ask, ask_to_follow, serve};
pub(crate) use store::{LogLimits, LogStore, SearchResult};

/// Directory of the log's store in the data directory.
pub(crate) const DIRECTORY: &str = "logs";
