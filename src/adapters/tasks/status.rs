//! The status of the loops, for `/readyz` and `/metrics`.

use super::LoopStatus;
use crate::adapters::outbox::Pressure;
use crate::logs::LogCounts;
use souk_actors::outbox::{Outbox, Reader};
use souk_actors::store::StoreError;
use souk_domain::UnixMillis;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The relay's counters.
#[derive(Debug, Default)]
pub(crate) struct RelayStatus {
    pub(crate) work: Arc<LoopStatus>,
    pub(crate) is_connected: AtomicBool,
    pub(crate) published: AtomicU64,
    pub(crate) duplicates: AtomicU64,
    /// How often the broker had lost messages that it had confirmed.
    pub(crate) rewinds: AtomicU64,
}

/// The mail loop's counters.
#[derive(Debug, Default)]
pub(crate) struct MailStatus {
    pub(crate) work: Arc<LoopStatus>,
    pub(crate) sent: AtomicU64,
    pub(crate) put_off: AtomicU64,
    pub(crate) dead: AtomicU64,
}

/// The status of all loops. Cheap to clone.
#[derive(Clone)]
pub(crate) struct AdapterStatus {
    pub(in crate::adapters) outbox: Outbox,
    /// Which reader takes rows out of this process.
    pub(in crate::adapters) reader: Reader,
    /// `None` where no broker is configured.
    pub(in crate::adapters) relay: Option<Arc<RelayStatus>>,
    pub(in crate::adapters) mail: Arc<MailStatus>,
    pub(in crate::adapters) pressure: Arc<Pressure>,
    pub(in crate::adapters) logs: Arc<LogCounts>,
}

/// A snapshot of [`AdapterStatus`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    /// Whether the broker is connected; `None` without a broker.
    pub(crate) is_broker_connected: Option<bool>,
    /// Rows that the broker, or without one the mailer, has not taken yet.
    pub(crate) pending_rows: u64,
    /// When the oldest pending row was written.
    pub(crate) oldest_pending: Option<UnixMillis>,
    /// Whether the pending rows are so many or so old that an operator should look.
    pub(crate) is_outbox_behind: bool,
    /// Messages that the broker has confirmed since the start.
    pub(crate) published: u64,
    /// How many of those the broker already had.
    pub(crate) duplicates: u64,
    /// How often since the start the broker had lost messages that it had confirmed.
    pub(crate) rewinds: u64,
    /// Mails sent since the start.
    pub(crate) mails_sent: u64,
    /// Failed attempts that will be retried.
    pub(crate) mails_put_off: u64,
    /// Mails given up and kept as dead letters.
    pub(crate) mails_dead: u64,
    /// The relay's current error.
    pub(crate) relay_error: Option<String>,
    /// The mail loop's current error.
    pub(crate) mail_error: Option<String>,
}

impl AdapterStatus {
    /// Whether the shop should refuse changes because the outbox cannot hold their events.
    pub(crate) fn is_outbox_full(&self) -> bool {
        self.pressure.is_full()
    }

    /// Counters of log lines.
    pub(crate) fn logs(&self) -> &LogCounts {
        &self.logs
    }

    /// Takes a snapshot.
    ///
    /// # Errors
    /// [`StoreError`] if the outbox cannot be read.
    pub(crate) fn report(&self) -> Result<Report, StoreError> {
        let (pending_rows, oldest_pending) = self.outbox.backlog(self.reader)?;
        let relay = self.relay.as_deref();
        let count = |of: fn(&RelayStatus) -> &AtomicU64| {
            relay.map_or(0, |relay| of(relay).load(Ordering::Relaxed))
        };
        Ok(Report {
            is_broker_connected: relay.map(|relay| relay.is_connected.load(Ordering::Relaxed)),
            pending_rows,
            oldest_pending,
            is_outbox_behind: self.pressure.is_high(),
            published: count(|relay| &relay.published),
            duplicates: count(|relay| &relay.duplicates),
            rewinds: count(|relay| &relay.rewinds),
            mails_sent: self.mail.sent.load(Ordering::Relaxed),
            mails_put_off: self.mail.put_off.load(Ordering::Relaxed),
            mails_dead: self.mail.dead.load(Ordering::Relaxed),
            relay_error: relay.and_then(|relay| relay.work.last_error()),
            mail_error: self.mail.work.last_error(),
        })
    }
}
