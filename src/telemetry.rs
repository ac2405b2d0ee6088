//! Souk's own log: readable on a terminal, JSON for machines, always on standard error; and into the
//! log service, where an administrator searches it.

use crate::edge::ACCESS_TARGET;
use crate::logs::{Intake, LogQueue, OwnLog};
use crate::panics;
use crate::settings::{LogFormat, Settings};
use std::io::IsTerminal;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

/// Starts logging, of panics too. Called once, before anything can log; what is said waits in the queue, and is
/// dropped there if nobody takes it out.
pub(crate) fn start(settings: &Settings) -> LogQueue {
    let filter = || {
        // The settings were judged, so that this is what the operator wrote.
        let filter = EnvFilter::new(&settings.log);
        if !settings.access_log {
            return filter;
        }
        // Whoever asks for these lines gets them, however quiet the rest is.
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
