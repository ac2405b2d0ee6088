//! The connections to other systems: outbox rows go to NATS JetStream, notifications become mails, and
//! log messages come in. Without a broker, the outbox's mails are sent in this process.
//!
//! ```text
//! outbox rows ─▶ nats::Relay ─▶ JetStream ─▶ nats::NotifyConsumer ─▶ mail::Mailer ─▶ SMTP or .eml
//!        └────── outbox::Drain, with no broker ───────────────────────────▲
//! souk.log.… ─▶ JetStream ─▶ nats::LogConsumer ─▶ crate::logs
//! ```

pub(crate) mod http;
mod mail;
mod nats;
mod outbox;
mod tasks;
#[cfg(test)]
mod testing;

pub(crate) use nats::{BrokerReport, examine as examine_broker};
pub(crate) use outbox::{DeadLetter, DeadLetterError, DeadLetters};
pub(crate) use tasks::{AdapterStatus, WorkerKind, start_worker};

use crate::error_chain;
use crate::logs::{self, Archive, LogLimits, LogQueue};
use mail::{MailerError, SmtpUrlError};
use nats::{BrokerError, Relay};
use outbox::Pressure;
use souk_actors::leases::{Lease, LeasedWork, Leases};
use souk_actors::outbox::{Outbox, Reader};
use souk_actors::store::OpenError;
use std::path::PathBuf;
use std::sync::Arc;
use tasks::{MailStatus, RelayStatus, Tasks};

/// The default sender of mails.
pub(crate) const DEFAULT_MAIL_FROM: &str = "Souk <shop@localhost>";
/// Which consumers run in `souk serve`; others can run in their own process, as `souk worker …`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Workers {
    /// Sends mails.
    pub(crate) mail: bool,
    /// Keeps the log.
    pub(crate) log: bool,
}

impl Workers {
    /// Everything in one process.
    pub(crate) const ALL: Self = Self { mail: true, log: true };
}

/// The settings of the adapters.
#[derive(Clone, Debug)]
pub(crate) struct AdapterSettings {
    /// Whether the shop's rows are in a database, and not in a file in `data_dir`.
    pub(crate) has_database: bool,
    /// The broker; `None`: mails are sent in this process and events stay in the outbox.
    pub(crate) nats_url: Option<String>,
    /// With this many rows that nobody has taken, the shop refuses changes.
    pub(crate) outbox_max_rows: u64,
    /// The mail server; `None`: mails become files under `data_dir`.
    pub(crate) smtp_url: Option<String>,
    /// Sender of mails; `None` means [`DEFAULT_MAIL_FROM`].
    pub(crate) mail_from: Option<String>,
    /// Directory of the mail texts; `None` means the built-in ones.
    pub(crate) mail_texts: Option<PathBuf>,
    /// The directory of the shop's data.
    pub(crate) data_dir: PathBuf,
    /// The shop's name in mails.
    pub(crate) shop_name: String,
    /// Which consumers run in `souk serve`.
    pub(crate) workers: Workers,
    /// How much of the log is kept.
    pub(crate) logs: LogLimits,
}

/// The adapters cannot start with these settings.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdapterError {
    /// The broker's URL.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// The mail server's URL.
    #[error(transparent)]
    SmtpUrl(#[from] SmtpUrlError),
    /// The sender of mails.
    #[error("{from} cannot be the sender of mails; write `Name <name@example.org>`")]
    MailFrom {
        /// The configured sender.
        from: String,
        #[source]
        source: lettre::address::AddressError,
    },
    /// The mailer.
    #[error(transparent)]
    Mailer(#[from] MailerError),
    /// The log's store.
    #[error("the log cannot be kept in {}", .directory.display())]
    Log {
        directory: PathBuf,
        #[source]
        source: OpenError,
    },
    /// `souk worker` needs a broker.
    #[error("nats_url is not set: a worker alone takes its work from the broker")]
    WorkerWithoutBroker,
    /// The thread that opens files died.
    #[error("the start was broken off")]
    Task(#[source] tokio::task::JoinError),
}

/// Checks the mail server's URL without connecting.
///
/// # Errors
/// What is wrong with it, without its password.
pub(crate) fn judge_smtp_url(url: &str) -> Result<(), String> {
    mail::smtp_server(url).map(drop).map_err(|error| error_chain::chain(&error))
}

/// Connects to the mail server, starts TLS and logs in, and sends no mail.
///
/// # Errors
/// A sentence about the failure.
pub(crate) async fn examine_mail_server(url: &str) -> Result<(), String> {
    let failed = |error: &(dyn std::error::Error + 'static)| error_chain::chain(error);
    let transport = mail::Transport::smtp(url).map_err(|error| failed(&error))?;
    let tried = transport.try_connection().await;
    transport.close().await;
    tried.map_err(|error| failed(&error))
}

/// Whether this can be the sender of mails.
pub(crate) fn is_mail_sender(text: &str) -> bool {
    text.parse::<lettre::message::Mailbox>().is_ok()
}

/// The running adapters.
pub(crate) struct Adapters {
    status: AdapterStatus,
    archive: Archive,
    tasks: Tasks,
}

/// Starts the adapters and the log. Does not wait for the broker or the mail server.
///
/// # Errors
/// [`AdapterError`]: the settings or the disk cannot be used.
pub(crate) async fn start(
    settings: AdapterSettings,
    (outbox, leases): (Outbox, &Leases),
    own_log: LogQueue,
) -> Result<Adapters, AdapterError> {
    let workers = settings.workers;
    let mut tasks = Tasks::default();
    let mail = Arc::new(MailStatus::default());
    let relay = Arc::new(RelayStatus::default());
    let mut status = AdapterStatus {
        outbox: outbox.clone(),
        reader: Reader::Mail,
        relay: None,
        mail: Arc::clone(&mail),
        pressure: Pressure::new(settings.outbox_max_rows),
        logs: own_log.counts(),
    };
    let mailer = match workers.mail {
        true => Some(tasks.open_mailer(&settings).await?),
        false => None,
    };
    let broker = match &settings.nats_url {
        Some(url) => Some(tasks.connect(url, &relay).await?),
        None => None,
    };
    if let Some(broker) = &broker {
        status.reader = Reader::Broker;
        status.relay = Some(Arc::clone(&relay));
        let relay = Relay {
            rows: outbox.clone(),
            broker: broker.clone(),
            status: relay,
            stop: tasks.stop.clone(),
        };
        let work = Arc::clone(&relay.status.work);
        let session =
            move |lease: Lease| Relay { rows: relay.rows.under(&lease), ..relay.clone() }.session();
        tasks.keep_under_lease("event relay", work, (leases, LeasedWork::Relay), session);
    }
    tasks.maintain_outbox(&status, leases);
    match (mailer, &broker) {
        (Some(mailer), Some(broker)) => tasks.send_notifications(broker, mailer, mail),
        (Some(mailer), None) => tasks.drain(&settings, (outbox, leases), mailer, mail),
        (None, _) => {}
    }
    let archive = match workers.log {
        true => Archive::local(tasks.keep_log(&settings, broker.as_ref(), own_log).await?),
        false => {
            broker.iter().for_each(|broker| tasks.forward_log(broker, own_log.clone()));
            Archive::of_worker(settings.data_dir)
        }
    };
    Ok(Adapters { status, archive, tasks })
}

impl Adapters {
    /// The status of the loops; stays valid after [`Adapters::shutdown`].
    pub(crate) fn status(&self) -> AdapterStatus {
        self.status.clone()
    }

    /// Searches the log.
    pub(crate) fn archive(&self) -> Archive {
        self.archive.clone()
    }

    /// Publishes committed rows and lets mails in flight finish, within four seconds; the outbox keeps the
    /// rest. The store must still be open.
    pub(crate) async fn shutdown(self) {
        self.tasks.shutdown().await;
    }
}
