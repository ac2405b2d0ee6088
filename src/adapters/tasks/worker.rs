//! `souk worker`: one consumer in its own process, with the broker and without the shop's store.

use super::{MailStatus, RelayStatus, Tasks};
use crate::adapters::{AdapterError, AdapterSettings};
use crate::logs::LogQueue;
use std::sync::Arc;
use tokio::sync::watch;

/// Which consumer to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WorkerKind {
    /// Sends mails.
    Mail,
    /// Keeps the log.
    Log,
}

/// A running worker.
pub(crate) struct Worker {
    tasks: Tasks,
    /// Turns true when the disk failed; `None` for a worker that writes nothing to disk.
    broken: Option<watch::Receiver<bool>>,
}

/// Starts a consumer. Does not wait for the broker or the mail server.
///
/// # Errors
/// [`AdapterError`]: the settings or the disk cannot be used.
pub(crate) async fn start_worker(
    kind: WorkerKind,
    settings: &AdapterSettings,
    own_log: LogQueue,
) -> Result<Worker, AdapterError> {
    let url = settings.nats_url.as_ref().ok_or(AdapterError::WorkerWithoutBroker)?;
    let mut tasks = Tasks::default();
    let broken = match kind {
        WorkerKind::Mail => {
            let mailer = tasks.open_mailer(settings).await?;
            let broker = tasks.connect(url, &Arc::new(RelayStatus::default())).await?;
            let broken = mailer.broken();
            tasks.send_notifications(&broker, mailer, Arc::new(MailStatus::default()));
            tasks.forward_log(&broker, own_log);
            broken
        }
        WorkerKind::Log => {
            let broker = tasks.connect(url, &Arc::new(RelayStatus::default())).await?;
            let store = tasks.keep_log(settings, Some(&broker), own_log).await?;
            Some(store.broken())
        }
    };
    Ok(Worker { tasks, broken })
}

impl Worker {
    /// Returns once the disk has failed during a commit.
    pub(crate) async fn disk_failed(&self) {
        match self.broken.clone() {
            // An error would mean that the store is closed, and it is open.
            Some(mut broken) => drop(broken.wait_for(|broken| *broken).await),
            None => std::future::pending().await,
        }
    }

    /// Lets work in flight finish, within four seconds; the broker redelivers the rest.
    pub(crate) async fn shutdown(self) {
        self.tasks.shutdown().await;
    }
}
