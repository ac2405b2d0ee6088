//! Souk's own log: readable on a terminal or JSON for machines, always on standard error; also sent to
//! the log service, where an administrator searches it.

use crate::edge::ACCESS_TARGET;
use crate::logs::{Intake, LogQueue, OwnLog};
use crate::panics;
use crate::settings::{LogFormat, Settings};
use std::io::IsTerminal;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

/// Starts logging, of panics too. Called once, before anything is logged. Lines for the log service
/// wait in the returned queue, which drops them when it is full.
pub(crate) fn start(settings: &Settings) -> LogQueue {
    let filter = || {
        // Already validated, so this is the filter that the operator wrote.
        let filter = EnvFilter::new(&settings.log);
        if !settings.access_log {
            return filter;
        }
        // The access log is on whatever the filter says.
        let access = format!("{ACCESS_TARGET}=info").parse();
        filter.add_directive(access.expect("a target and a level are a directive"))
    };
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
    panics::install_hook();
    queue
}
