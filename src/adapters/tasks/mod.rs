//! Starts the loops of one process, holds their resources, and shuts them down.

mod backoff;
mod leased;
mod loop_status;
mod restart;
mod status;
mod until;
mod worker;

pub(crate) use backoff::{wait_after, waits};
pub(crate) use leased::under_lease;
pub(crate) use loop_status::LoopStatus;
pub(crate) use restart::{Interruption, Stop, keep_running};
pub(crate) use status::{AdapterStatus, MailStatus, RelayStatus};
pub(crate) use until::until;
pub(crate) use worker::{WorkerKind, start_worker};

use super::mail::{self, Mailer, RetryPolicy};
use super::nats::{Broker, LogConsumer, LogForwarder, NotifyConsumer};
use super::outbox::{self, Drain};
use super::{AdapterError, AdapterSettings, logs};
use crate::logs::{LogQueue, LogStore, Writer};
use souk_actors::leases::{Lease, LeasedWork, Leases};
use souk_actors::outbox::{Outbox, Reader};
use souk_actors::store::Opening;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Longest wait for the loops to stop. With [`CLOSE_WITHIN`] and the broker's own limit it stays
/// below the four seconds that `souk serve` allows for closing.
const SHUTDOWN_WITHIN: Duration = Duration::from_millis(2_500);
/// Longest wait after that for the mailer's memory and connections to close.
const CLOSE_WITHIN: Duration = Duration::from_millis(500);
/// How often old outbox rows are pruned.
const PRUNE_INTERVAL: Duration = Duration::from_secs(5 * 60);

/// The running loops of this process and their resources.
pub(super) struct Tasks {
    pub(super) stop: Stop,
    switch: watch::Sender<bool>,
    tasks: JoinSet<()>,
    mailer: Option<Arc<Mailer>>,
    log: Option<LogStore>,
    broker: Option<Broker>,
}

impl Default for Tasks {
    fn default() -> Self {
        let (switch, stop) = Stop::new();
        Self { stop, switch, tasks: JoinSet::new(), mailer: None, log: None, broker: None }
    }
}

impl Tasks {
    /// Runs sessions of one loop until shutdown.
    pub(super) fn keep<F, S>(&mut self, name: &'static str, status: Arc<LoopStatus>, session: F)
    where
        F: Fn() -> S + Send + Sync + 'static,
        S: Future<Output = Result<(), Interruption>> + Send + 'static,
    {
        self.tasks.spawn(keep_running(name, self.stop.clone(), status, session));
    }

    /// Runs sessions of one loop until shutdown, in one process at a time.
    pub(super) fn keep_under_lease<F, S>(
        &mut self,
        name: &'static str,
        status: Arc<LoopStatus>,
        (leases, work): (&Leases, LeasedWork),
        session: F,
    ) where
        F: Fn(Lease) -> S + Send + Sync + 'static,
        S: Future<Output = Result<(), Interruption>> + Send + 'static,
    {
        let session = under_lease(leases.clone(), work, self.stop.clone(), session);
        self.keep(name, status, session);
    }

    /// Prunes the outbox and watches how full it is.
    pub(super) fn maintain_outbox(&mut self, status: &AdapterStatus, leases: &Leases) {
        let AdapterStatus { outbox, reader, pressure, .. } = status.clone();
        let (to_prune, stop) = (outbox.clone(), self.stop.clone());
        let session =
            move |lease: Lease| prune_periodically(to_prune.under(&lease), reader, stop.clone());
        let leased = (leases, LeasedWork::OutboxPruning);
        self.keep_under_lease("outbox pruning", Arc::default(), leased, session);
        // In every process: each refuses changes by itself.
        let stop = self.stop.clone();
        let session =
            move || outbox::watch(outbox.clone(), reader, Arc::clone(&pressure), stop.clone());
        self.keep("outbox watch", Arc::default(), session);
    }

    /// Starts to connect to the broker.
    ///
    /// # Errors
    /// [`AdapterError::Broker`].
    pub(super) async fn connect(
        &mut self,
        url: &str,
        status: &Arc<RelayStatus>,
    ) -> Result<Broker, AdapterError> {
        let broker = Broker::connect(url, Arc::clone(status)).await?;
        self.broker = Some(broker.clone());
        Ok(broker)
    }

    /// Opens the mailer; [`Tasks::shutdown`] closes it.
    ///
    /// # Errors
    /// [`AdapterError`].
    pub(super) async fn open_mailer(
        &mut self,
        settings: &AdapterSettings,
    ) -> Result<Arc<Mailer>, AdapterError> {
        let mailer = Arc::new(mail::open_mailer(settings).await?);
        self.mailer = Some(Arc::clone(&mailer));
        Ok(mailer)
    }

    /// Sends the mails whose notifications come from the broker.
    pub(super) fn send_notifications(
        &mut self,
        broker: &Broker,
        mailer: Arc<Mailer>,
        status: Arc<MailStatus>,
    ) {
        let consumer = NotifyConsumer {
            broker: broker.clone(),
            mailer,
            retry: RetryPolicy::STANDARD,
            status,
            stop: self.stop.clone(),
        };
        let work = Arc::clone(&consumer.status.work);
        self.keep("mail worker", work, move || consumer.clone().session());
    }

    /// Sends the mails of the outbox in this process, when there is no broker.
    pub(super) fn drain(
        &mut self,
        settings: &AdapterSettings,
        (outbox, leases): (Outbox, &Leases),
        mailer: Arc<Mailer>,
        status: Arc<MailStatus>,
    ) {
        let drain = Drain {
            rows: outbox,
            mailer,
            retry: RetryPolicy::STANDARD,
            dead_letters: outbox::dead_letters_folder(settings),
            status,
            stop: self.stop.clone(),
            records_sent: leases.are_shared(),
        };
        let work = Arc::clone(&drain.status.work);
        let session =
            move |lease: Lease| Drain { rows: drain.rows.under(&lease), ..drain.clone() }.session();
        self.keep_under_lease("mail drain", work, (leases, LeasedWork::Mails), session);
    }

    /// Stores log lines: Souk's own, and with a broker those of other systems.
    ///
    /// # Errors
    /// [`AdapterError::Log`].
    pub(super) async fn keep_log(
        &mut self,
        settings: &AdapterSettings,
        broker: Option<&Broker>,
        queue: LogQueue,
    ) -> Result<LogStore, AdapterError> {
        let (directory, limits) = (settings.data_dir.join(logs::DIRECTORY), settings.logs);
        let opened = directory.clone();
        let open = move || LogStore::open(&opened, Opening::OrMake, limits);
        let store = tokio::task::spawn_blocking(open)
            .await
            .map_err(AdapterError::Task)?
            .map_err(|source| AdapterError::Log { directory, source })?;
        self.log = Some(store.clone());
        if let Some(broker) = broker {
            let consumer = LogConsumer {
                broker: broker.clone(),
                store: store.clone(),
                counts: queue.counts(),
                status: Arc::default(),
                stop: self.stop.clone(),
            };
            let work = Arc::clone(&consumer.status);
            self.keep("log consumer", work, move || consumer.clone().session());
        }
        let stop = self.stop.clone();
        let stopped = async move { stop.requested().await };
        match logs::serve(&settings.data_dir, store.clone(), stopped) {
            Ok(serving) => drop(self.tasks.spawn(serving)),
            // The path may be too long for a socket; everything else still works.
            Err(error) => tracing::warn!(%error, "`souk logs` cannot reach this process"),
        }
        let (writer, stop) = (Writer { queue, store: store.clone() }, self.stop.clone());
        let session = move || {
            let (writer, stop) = (writer.clone(), stop.clone());
            async move {
                writer.run(stop.requested()).await;
                Ok(())
            }
        };
        self.keep("log writer", Arc::default(), session);
        Ok(store)
    }

    /// Publishes Souk's own log lines, when another process stores the log.
    pub(super) fn forward_log(&mut self, broker: &Broker, queue: LogQueue) {
        let forwarder = LogForwarder { broker: broker.clone(), queue, stop: self.stop.clone() };
        self.keep("log forwarder", Arc::default(), move || forwarder.clone().session());
    }

    /// Stops every loop and closes its resources, within four seconds.
    pub(super) async fn shutdown(mut self) {
        self.switch.send_replace(true);
        let finish = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(SHUTDOWN_WITHIN, finish).await.is_err() {
            tracing::warn!("some messages were still in flight; the next start sends them");
            self.tasks.shutdown().await;
        }
        if let Some(broker) = &self.broker {
            broker.close().await;
        }
        let close = async {
            if let Some(mailer) = &self.mailer {
                mailer.close().await;
            }
            if let Some(log) = &self.log {
                log.close().await;
            }
        };
        let _ = tokio::time::timeout(CLOSE_WITHIN, close).await;
    }
}

async fn prune_periodically(
    outbox: Outbox,
    reader: Reader,
    stop: Stop,
) -> Result<(), Interruption> {
    loop {
        tokio::select! {
            () = tokio::time::sleep(PRUNE_INTERVAL) => {}
            () = stop.requested() => return Ok(()),
        }
        while outbox.prune(reader).await? {
            tokio::task::yield_now().await;
        }
    }
}
