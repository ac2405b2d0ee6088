//! The log service (services contract, API6): what Souk and other systems report is kept in a store
//! of its own, and an administrator searches it.
//!
//! ```text
//! tracing ─▶ own_log (secrets taken out) ─▶ intake (bounded, sampled) ─▶┐
//! souk.log.v1.<service>.<level> ─▶ adapters::nats::LogConsumer ────────▶ store ─▶ GET /api/v1/logs/
//!                                                                        └────▶ socket ─▶ souk logs
//! ```
//!
//! Nothing here is asked by the shop's own work: a log that cannot be written is a number in
//! `/metrics`, never a wait.

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
pub(crate) use socket::{Follower, Heard, SOCKET_FILE, Socket, ask};
pub(crate) use store::{Found, LogLimits, LogStore};

/// Directory of the log's store, in the directory of the data.
pub(crate) const DIRECTORY: &str = "logs";
