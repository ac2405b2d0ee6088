//! `souk worker mail|log`: runs one consumer, with the broker and without the shop's store.

use super::serve::{CLOSE_WITHIN, EXIT_DISK_FAILED};
use super::{CommandError, ServeError};
use crate::adapters::{WorkerKind, start_worker};
use crate::settings::Settings;
use crate::{private_files, telemetry};
use clap::Subcommand;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

/// Which consumer to run.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(super) enum Worker {
    /// Send the mails whose notifications the broker has.
    Mail,
    /// Store the log messages that the broker has.
    Log,
}

pub(super) async fn run(worker: Worker, settings: Settings) -> Result<ExitCode, CommandError> {
    let own_log = telemetry::start(&settings);
    private_files::restrict_permissions(&settings.data);
    // rustls uses the process's default cryptography provider, which is installed here once.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (kind, name) = match worker {
        Worker::Mail => (WorkerKind::Mail, "mail"),
        Worker::Log => (WorkerKind::Log, "log"),
    };
    let mut terminate = signal(SignalKind::terminate()).map_err(ServeError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ServeError::Signals)?;
    let running =
        start_worker(kind, &settings.adapters(), own_log).await.map_err(ServeError::from)?;
    println!("the {name} worker runs");
    let code = tokio::select! {
        _ = terminate.recv() => ExitCode::SUCCESS,
        _ = interrupt.recv() => ExitCode::SUCCESS,
        () = running.disk_failed() => ExitCode::from(EXIT_DISK_FAILED),
    };
    tracing::info!(worker = name, "stopping");
    if tokio::time::timeout(CLOSE_WITHIN, running.shutdown()).await.is_err() {
        tracing::warn!("closing takes too long; stopping as after a crash");
    }
    Ok(code)
}
