//! What leads out of the process: the outbox to NATS JetStream, notifications to mails. With no
//! broker the outbox's mails are drained in process.
//!
//! ```text
//! outbox rows ─▶ nats::Relay ─▶ JetStream ─▶ nats::NotifyConsumer ─▶ mail::Mailer ─▶ SMTP or .eml
//!        └────── drain::Drain, with no broker ───────────────────────────▲
//! ```

mod backoff;
mod dead;
mod drain;
mod mail;
mod nats;
pub(crate) mod outgoing;
mod pressure;
mod rows;
mod status;
mod stripe_gateway;
mod supervision;
#[cfg(test)]
mod testing;

pub(crate) use dead::{DeadLetter, DeadLetterError, DeadLetters};
pub(crate) use status::AdapterStatus;
pub(crate) use stripe_gateway::with_gateway;

use drain::Drain;
use lettre::message::Mailbox;
use mail::{Mailer, MailerError, RetryPolicy, SmtpUrlError, Transport};
use nats::{Broker, BrokerError, NotifyConsumer, Relay};
use pressure::Pressure;
use souk_actors::outbox::{Outbox, Reader};
use souk_stripe::SetUpError;
use status::{MailStatus, RelayStatus};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use supervision::{Setback, Stop, keep_running};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Sender of mails where none is configured.
pub(crate) const DEFAULT_MAIL_FROM: &str = "Souk <shop@localhost>";
/// Longest time the loops may take to come to an end. With the wait below and the broker's this
/// stays under the four seconds that `souk serve` gives to closing.
const SHUTDOWN_WITHIN: Duration = Duration::from_millis(2_500);
/// Longest wait for the mailer's memory and connections to be closed after that.
const CLOSE_WITHIN: Duration = Duration::from_millis(500);
/// How often old outbox rows are looked for.
const PRUNE_INTERVAL: Duration = Duration::from_secs(5 * 60);

/// Where the outbox leads to.
#[derive(Clone, Debug)]
pub(crate) struct AdapterSettings {
    /// The broker; `None`: mails are drained in process and events stay in the outbox.
    pub(crate) nats_url: Option<String>,
    /// Rows nobody has taken beyond which the shop takes no more changes.
    pub(crate) outbox_max_rows: u64,
    /// The mail server; `None`: mails become files under `data_dir`.
    pub(crate) smtp_url: Option<String>,
    /// Sender of mails; `None` means [`DEFAULT_MAIL_FROM`].
    pub(crate) mail_from: Option<String>,
    /// The directory of the shop's data.
    pub(crate) data_dir: PathBuf,
    /// How the shop calls itself in mails.
    pub(crate) shop_name: String,
}

/// The adapters cannot start with these settings.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdapterError {
    /// The broker's address.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// The mail server's address.
    #[error(transparent)]
    SmtpUrl(#[from] SmtpUrlError),
    /// The sender of mails.
    #[error("{from} cannot be the sender of mails; write `Name <name@example.org>`")]
    MailFrom {
        /// What was given.
        from: String,
        /// What is wrong with it.
        #[source]
        source: lettre::address::AddressError,
    },
    /// Stripe.
    #[error(transparent)]
    Stripe(#[from] SetUpError),
    /// The mailer.
    #[error(transparent)]
    Mailer(#[from] MailerError),
    /// The mailer could not be opened at all.
    #[error("the mailer could not be opened")]
    Task(#[source] tokio::task::JoinError),
}

/// The running adapters.
pub(crate) struct Adapters {
    status: AdapterStatus,
    switch: watch::Sender<bool>,
    tasks: JoinSet<()>,
    mailer: Arc<Mailer>,
    broker: Option<Broker>,
}

/// Starts to carry the outbox out of the process. Waits for neither broker nor mail server.
///
/// # Errors
/// [`AdapterError`]: the settings cannot be used, or the disk cannot.
pub(crate) async fn start(
    settings: AdapterSettings,
    outbox: Outbox,
) -> Result<Adapters, AdapterError> {
    let mail_directory = settings.data_dir.join("mail");
    let dead_letters = dead::folder(&settings);
    let mailer = open_mailer(&settings, mail_directory).await?;
    let (switch, stop) = Stop::new();
    let mail = Arc::new(MailStatus::default());
    let mut tasks = JoinSet::new();
    let pressure = Pressure::new(settings.outbox_max_rows);
    let Some(url) = &settings.nats_url else {
        let status = AdapterStatus {
            outbox: outbox.clone(),
            reader: Reader::Mail,
            relay: None,
            mail: Arc::clone(&mail),
            pressure,
        };
        keep_tending(&mut tasks, &status, &stop);
        let drain = Drain {
            rows: outbox,
            mailer: Arc::clone(&mailer),
            retry: RetryPolicy::STANDARD,
            dead_letters,
            status: mail,
            stop: stop.clone(),
        };
        let work = Arc::clone(&drain.status.work);
        tasks.spawn(keep_running("mail drain", stop, work, move || drain.clone().session()));
        return Ok(Adapters { status, switch, tasks, mailer, broker: None });
    };

    let relay_status = Arc::new(RelayStatus::default());
    let broker = Broker::connect(url, Arc::clone(&relay_status)).await?;
    let status = AdapterStatus {
        outbox: outbox.clone(),
        reader: Reader::Broker,
        relay: Some(Arc::clone(&relay_status)),
        mail: Arc::clone(&mail),
        pressure,
    };
    keep_tending(&mut tasks, &status, &stop);
    let relay = Relay {
        store_id: outbox.store_id().to_owned(),
        rows: outbox,
        broker: broker.clone(),
        status: relay_status,
        stop: stop.clone(),
    };
    let work = Arc::clone(&relay.status.work);
    tasks.spawn(keep_running("event relay", stop.clone(), work, move || relay.clone().session()));
    let consumer = NotifyConsumer {
        broker: broker.clone(),
        mailer: Arc::clone(&mailer),
        retry: RetryPolicy::STANDARD,
        status: mail,
        stop: stop.clone(),
    };
    let work = Arc::clone(&consumer.status.work);
    tasks.spawn(keep_running("mail worker", stop, work, move || consumer.clone().session()));
    Ok(Adapters { status, switch, tasks, mailer, broker: Some(broker) })
}

async fn open_mailer(
    settings: &AdapterSettings,
    mail_directory: PathBuf,
) -> Result<Arc<Mailer>, AdapterError> {
    let from = settings.mail_from.as_deref().unwrap_or(DEFAULT_MAIL_FROM);
    let from: Mailbox =
        from.parse().map_err(|source| AdapterError::MailFrom { from: from.to_owned(), source })?;
    let transport = match &settings.smtp_url {
        Some(url) => Transport::smtp(url)?,
        None => Transport::Files(mail_directory),
    };
    let shop_name = settings.shop_name.clone();
    let memory = settings.data_dir.join("mail-memory");
    let open = move || Mailer::open(from, shop_name, transport, &memory);
    let mailer = tokio::task::spawn_blocking(open).await.map_err(AdapterError::Task)??;
    Ok(Arc::new(mailer))
}

impl Adapters {
    /// Where things stand; stays valid after [`Adapters::shutdown`].
    pub(crate) fn status(&self) -> AdapterStatus {
        self.status.clone()
    }

    /// Carries out what is committed and lets mails under way finish, as far as that goes within
    /// four seconds; the outbox keeps the rest. The store must still be open.
    pub(crate) async fn shutdown(mut self) {
        self.switch.send_replace(true);
        let finish = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(SHUTDOWN_WITHIN, finish).await.is_err() {
            tracing::warn!("some messages were still under way; the next start goes on with them");
            self.tasks.shutdown().await;
        }
        if let Some(broker) = &self.broker {
            broker.close().await;
        }
        let _ = tokio::time::timeout(CLOSE_WITHIN, self.mailer.close()).await;
    }
}

/// Deletes rows that are acknowledged and old, until `stop`.
async fn prune_by_and_by(outbox: Outbox, reader: Reader, stop: Stop) -> Result<(), Setback> {
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

/// Keeps the outbox small, and watches whether it is.
fn keep_tending(tasks: &mut JoinSet<()>, status: &AdapterStatus, stop: &Stop) {
    let AdapterStatus { outbox, reader, pressure, .. } = status.clone();
    let (to_prune, to_stop) = (outbox.clone(), stop.clone());
    let session = move || prune_by_and_by(to_prune.clone(), reader, to_stop.clone());
    tasks.spawn(keep_running("outbox pruning", stop.clone(), Arc::default(), session));
    let to_stop = stop.clone();
    let session =
        move || pressure::watch(outbox.clone(), reader, Arc::clone(&pressure), to_stop.clone());
    tasks.spawn(keep_running("outbox watch", stop.clone(), Arc::default(), session));
}
