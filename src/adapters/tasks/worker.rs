//! One consumer alone, in a process of its own: it has the broker, and never the shop's store.

use super::{MailStatus, RelayStatus, Tasks};
use crate::adapters::{AdapterError, AdapterSettings};
use crate::logs::LogQueue;
use std::sync::Arc;
use tokio::sync::watch;

/// Which consumer.
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
    /// Turns true when the disk failed under it; `None` where it keeps nothing on the disk.
    broken: Option<watch::Receiver<bool>>,
}

/// Starts a consumer. Waits for neither broker nor mail server.
///
/// # Errors
/// [`AdapterError`]: the settings cannot be used, or the disk cannot.
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
    /// Returns once the disk has failed in the middle of a commit.
    pub(crate) async fn broke(&self) {
        match self.broken.clone() {
            // An error says that the store is closed, and it is not.
            Some(mut broken) => drop(broken.wait_for(|broken| *broken).await),
            None => std::future::pending().await,
        }
    }

    /// Lets what is under way finish, within four seconds; the broker keeps the rest.
    pub(crate) async fn shutdown(self) {
        self.tasks.shutdown().await;
    }
}
