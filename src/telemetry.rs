//! Souk's own log: readable on a terminal, JSON for machines, always on standard error; and into the
//! log service, where an administrator searches it.

use crate::logs::{Intake, LogQueue, OwnLog};
use crate::settings::{LogFormat, Settings};
use std::io::IsTerminal;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

/// Starts logging. Called once, before anything can log; what is said waits in the queue, and is
/// dropped there if nobody takes it out.
pub(crate) fn start(settings: &Settings) -> LogQueue {
    let filter = || EnvFilter::try_new(&settings.log).unwrap_or_else(|_| EnvFilter::new("info"));
    let (intake, queue) = Intake::new();
    let lines =
        fmt::layer().with_ansi(std::io::stderr().is_terminal()).with_writer(std::io::stderr);
    let lines = match settings.log_format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    tracing_subscriber::registry()
        .with(lines.with_filter(filter()))
        .with(OwnLog(intake).with_filter(filter()))
        .init();
    queue
}
