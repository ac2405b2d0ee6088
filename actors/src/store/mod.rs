//! The store: one writer in a process, many requests per commit. The rows are in a redb file, or in a
//! PostgreSQL database that several processes share ([`engines`]).
//!
//! A request that changes something takes a *turn* ([`Store::transact`]). During it, no other
//! request runs, and the owners write into the open *epoch*, in memory, through the turn's
//! [`Unit`]. When no other request waits for a turn, or the epoch is old or large enough, it is
//! sealed: the committer thread gives it to the engine, and only when it is durable are its
//! requests answered. If many requests wait, the next epoch is written meanwhile. Queries read the
//! last committed [`Snapshot`] and never wait for a writer.
//!
//! Invariants, each tested in `tests/`:
//! - a turn that fails (panic, dropped task, deadline, dead owner, a refusal after a write) is
//!   rolled back, and no other turn notices;
//! - a [`Unit`] is unusable after its turn;
//! - a request is answered only when its effects, and everything it may have read, are durable;
//! - at most two epochs are in memory: one that is being committed, and one that is open;
//! - if the outcome of a commit is unknown, later epochs are not written, all changes are rejected
//!   and [`Store::broken`] turns true.

mod committer;
mod counters;
mod engines;
mod epoch;
mod error;
mod free_disk;
mod guard;
mod kept;
mod levels;
mod numbers;
mod place;
mod reads;
mod schema;
mod seal;
mod snapshot;
mod stored;
mod table;
mod tables;
#[cfg(test)]
mod tests;
mod transfer;
mod turns;
mod write_set;

pub use engines::postgres::{
    BadUrl, Database, DatabaseError, DatabaseReport, DatabaseStats, Migration, examine, migrate,
};
pub use engines::redb::CopyError;
pub use epoch::Unit;
pub use error::{OpenError, StoreError};
pub use guard::Guard;
pub use kept::{Kept, Touched};
pub use place::StorePlace;
pub use schema::{Opening, SCHEMA_VERSION, Schema, StoreKind};
pub use seal::{BadCopy, Seal};
pub use snapshot::Snapshot;
pub use stored::{Octets, Stored, Text, read_all};
pub use table::{Direction, Key, Look, Read, Row, RowReader, Table};
pub use tables::TableId;
pub use transfer::{
    Difference, TransferError, TransferPlace, TransferProgress, TransferStep, Transferred,
    require_empty, transfer,
};

#[cfg(any(test, fuzzing))]
pub(crate) use counters::READERS;
#[cfg(test)]
pub(crate) use counters::examples;
pub(crate) use table::tables;

use crate::Failure;
use arc_swap::ArcSwap;
use committer::EpochToEnd;
use engines::redb::Room;
use engines::{Engine, PostgresEngine, RedbEngine};
use free_disk::DiskState;
use kept::{Following, KeptCell};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tables::Tables;
use tokio::sync::watch;
use turns::{WaitingTurn, Writer};

/// How often [`Store::watch_disk`] checks the disk.
pub const DISK_LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Bounds of the store, each with its unit in the name.
#[derive(Clone, Debug)]
pub struct StoreLimits {
    /// Memory redb may use to cache pages.
    pub cache_bytes: usize,
    /// Requests that may wait for a turn; further ones are rejected as busy.
    pub max_waiting_turns: usize,
    /// Turns after which an epoch is committed even if other requests wait.
    pub max_turns_per_epoch: usize,
    /// Age after which an epoch is committed even if other requests wait.
    pub max_epoch_age: Duration,
    /// Bytes of rows after which an epoch is committed even if other requests wait.
    pub max_epoch_bytes: usize,
    /// Bytes of rows that one turn may write.
    pub max_turn_bytes: usize,
    /// How long one turn may take.
    pub turn_deadline: Duration,
    /// Memory that the writes of the open epoch and of the one being committed may take, in bytes.
    /// A turn that would take more is rolled back; its client should retry in a moment.
    pub max_overlay_bytes: usize,
    /// When the next epoch begins before the last one is durable.
    pub pipeline: Pipeline,
    /// Below this much free space on the disk, changes are rejected; queries still work.
    pub min_free_disk_bytes: u64,
}

impl Default for StoreLimits {
    fn default() -> Self {
        Self {
            cache_bytes: 16 << 20,
            max_waiting_turns: 4_096,
            max_turns_per_epoch: 512,
            max_epoch_age: Duration::from_millis(50),
            max_epoch_bytes: 8 << 20,
            max_turn_bytes: 16 << 20,
            turn_deadline: Duration::from_secs(3),
            max_overlay_bytes: 24 << 20,
            pipeline: Pipeline::WhenItPays,
            min_free_disk_bytes: 16 << 20,
        }
    }
}

/// When turns go on while an epoch is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pipeline {
    /// When the turns that wait will probably take longer than the commit.
    WhenItPays,
    /// Whenever at most one epoch is being committed.
    Always,
    /// Never: turns wait for the commit.
    Never,
}

/// Counts since the store was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreStats {
    /// Committed epochs.
    pub commits: u64,
    /// Turns that had written something and were rolled back.
    pub rollbacks: u64,
    /// Epochs that ran again because another process had changed what they had read.
    pub overtaken: u64,
    /// Turns in committed epochs.
    pub turns: u64,
    /// Requests that currently wait for a turn.
    pub waiting: usize,
}

/// Why a store currently rejects changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoChanges {
    /// The outcome of a commit is unknown; the process must stop.
    Failed,
    /// It is being closed.
    Closing,
    /// Too little disk space is free.
    DiskFull {
        /// Bytes that are free.
        free_bytes: u64,
        /// Bytes that must be free.
        needed_bytes: u64,
    },
    /// The disk is mounted read-only.
    DiskReadOnly,
    /// The database cannot be reached.
    DatabaseAway,
}

/// A store. Cheap to clone; all clones are the same store.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
    /// Checked in every turn that is taken through this handle.
    guard: Option<Guard>,
}

struct Shared {
    engine: Engine,
    kind: StoreKind,
    tables: Tables,
    limits: StoreLimits,
    /// The data file's directory; `None` for a store in memory.
    directory: Option<PathBuf>,
    writer: Arc<tokio::sync::Mutex<Writer>>,
    waiting: AtomicUsize,
    snapshot: ArcSwap<Snapshot>,
    following: Arc<Following>,
    committer: committer::Committer,
    closing: AtomicBool,
    broken: watch::Sender<bool>,
    commits: watch::Sender<u64>,
    /// The number of the last epoch that the committer has ended.
    ended: AtomicU64,
    /// How long a commit takes on average, in nanoseconds.
    commit_nanos: AtomicU64,
    rollbacks: AtomicU64,
    overtaken: AtomicU64,
    turns: AtomicU64,
    free_disk: free_disk::FreeDisk,
    room: Room,
}

impl Shared {
    fn note_commit_time(&self, newest: Duration) {
        let average = Duration::from_nanos(self.commit_nanos.load(Ordering::Relaxed));
        let average = turns::averaged(average, newest).as_nanos();
        self.commit_nanos.store(u64::try_from(average).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn count_turns(&self, turns: usize) {
        self.turns.fetch_add(u64::try_from(turns).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // redb writes once more when it is dropped, and must not wait for room then.
        self.room.give_up();
    }
}

impl Store {
    /// Name of the data file in its directory.
    pub const FILE_NAME: &'static str = "souk.redb";

    /// Opens the store in `directory`.
    ///
    /// # Errors
    /// Every [`OpenError`]; a file that is not ours is not changed.
    pub fn open(
        directory: &Path,
        schema: &Schema,
        opening: Opening,
        limits: StoreLimits,
    ) -> Result<Self, OpenError> {
        let room = Room::new();
        let database = engines::redb::open_file(directory, schema, opening, &limits, &room)?;
        Self::with_database(database, room, Some(directory.to_owned()), schema, limits)
    }

    /// Opens the store in a PostgreSQL database, which other processes may use at the same time.
    /// Keeps a copy of its rows in `directory`. May take as long as reading all rows.
    ///
    /// # Errors
    /// [`OpenError::Database`].
    pub fn open_database(
        database: &Database,
        directory: &Path,
        schema: &Schema,
        opening: Opening,
        limits: StoreLimits,
    ) -> Result<Self, OpenError> {
        let engine = PostgresEngine::open(database, directory, schema, opening, &limits)?;
        let limits = StoreLimits { pipeline: Pipeline::Never, ..limits };
        let engine = Engine::Postgres(engine);
        let (store, epochs) = Self::without_committer(engine, Room::new(), None, schema, limits)?;
        committer::start(Arc::downgrade(&store.shared), epochs)?;
        if let Engine::Postgres(engine) = &store.shared.engine {
            engine.follow(Arc::downgrade(&store.shared));
        }
        Ok(store)
    }

    /// `database` must be prepared for this schema.
    fn with_database(
        database: redb::Database,
        room: Room,
        directory: Option<PathBuf>,
        schema: &Schema,
        limits: StoreLimits,
    ) -> Result<Self, OpenError> {
        let engine = Engine::Redb(RedbEngine::new(database, Tables::of(&schema.tables)));
        let (store, epochs) = Self::without_committer(engine, room, directory, schema, limits)?;
        committer::start(Arc::downgrade(&store.shared), epochs)?;
        Ok(store)
    }

    /// The store, and the sealed epochs that somebody must end.
    fn without_committer(
        engine: Engine,
        room: Room,
        directory: Option<PathBuf>,
        schema: &Schema,
        limits: StoreLimits,
    ) -> Result<(Self, mpsc::Receiver<EpochToEnd>), OpenError> {
        let tables = Tables::of(&schema.tables);
        let following = Following::new(&schema.followed);
        let kept = KeptCell::first(Arc::clone(&following));
        let at = (0, engine.position());
        let snapshot = Snapshot::new(at, tables.clone(), engine.view()?, kept);
        let (committer, epochs) = committer::Committer::new();
        let shared = Arc::new(Shared {
            engine,
            kind: schema.kind,
            tables,
            free_disk: free_disk::FreeDisk::new(directory.clone(), limits.min_free_disk_bytes),
            directory,
            writer: Arc::new(tokio::sync::Mutex::new(Writer::default())),
            waiting: AtomicUsize::new(0),
            snapshot: ArcSwap::from_pointee(snapshot),
            following,
            committer,
            closing: AtomicBool::new(false),
            broken: watch::Sender::new(false),
            commits: watch::Sender::new(0),
            ended: AtomicU64::new(0),
            commit_nanos: AtomicU64::new(0),
            rollbacks: AtomicU64::new(0),
            overtaken: AtomicU64::new(0),
            turns: AtomicU64::new(0),
            limits,
            room,
        });
        shared.room.await_room();
        Ok((Self { shared, guard: None }, epochs))
    }

    /// The last committed state. Its pages cannot be reused while it is held, so drop it soon.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.shared.snapshot.load_full()
    }

    /// True if other processes may write the same store.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.shared.engine.is_shared()
    }

    /// Returns once [`Self::snapshot`] shows every commit of every process that was answered before
    /// this call. At once, if no other process writes the store.
    ///
    /// # Errors
    /// [`StoreError::Away`] if the database cannot be reached: what this process knows may be old.
    pub async fn catch_up(&self) -> Result<(), StoreError> {
        match &self.shared.engine {
            Engine::Redb(_) => Ok(()),
            Engine::Postgres(engine) => engine.catch_up().await,
        }
    }

    /// Runs `work` in a turn of its own and returns once its effects are durable.
    ///
    /// Where other processes write the same store, `work` runs again if one of them changed what it
    /// had read. It runs to its end even if the caller is dropped: a turn excludes all others, so it
    /// must not wait for a caller that is slow to poll it.
    ///
    /// # Errors
    /// The refusals of `work`; [`Failure::Busy`] if too many turns wait or too much waits to be
    /// written; [`Failure::Unavailable`] if the effects could not be made durable.
    pub async fn transact<T, F, Fut>(&self, work: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: Fn(Unit) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, Failure>> + Send,
    {
        if self.shared.room.is_missing() {
            return Err(Failure::DiskFull);
        }
        let waiting = WaitingTurn::behind(&self.shared)?;
        let guard = self.guard.clone();
        let work = move |unit: Unit| {
            let checked = guard.as_ref().map_or(Ok(()), |guard| guard.check(&unit));
            let working = checked.map(|()| work(unit));
            async move { working?.await }
        };
        let conversation = tokio::spawn(async move { turns::run(waiting, work).await });
        tokio::select! {
            biased;
            result = conversation => result.unwrap_or(Err(Failure::Unavailable)),
            // The pending write becomes durable once there is room, or never.
            () = self.shared.room.missing_for_long() => Err(Failure::DiskFull),
        }
    }

    /// Why the store rejects changes, as far as is known; `None` if it accepts them. The disk is
    /// only checked while [`Self::watch_disk`] runs.
    #[must_use]
    pub fn takes_no_changes(&self) -> Option<NoChanges> {
        let disk_full = || NoChanges::DiskFull {
            free_bytes: self.shared.free_disk.free_bytes(),
            needed_bytes: self.shared.limits.min_free_disk_bytes,
        };
        if *self.shared.broken.borrow() {
            return Some(NoChanges::Failed);
        }
        if self.shared.closing.load(Ordering::SeqCst) {
            return Some(NoChanges::Closing);
        }
        if self.shared.engine.is_away() {
            return Some(NoChanges::DatabaseAway);
        }
        match self.shared.free_disk.reported() {
            _ if self.shared.room.is_missing() => Some(disk_full()),
            DiskState::Good => None,
            DiskState::Full => Some(disk_full()),
            DiskState::ReadOnly => Some(NoChanges::DiskReadOnly),
        }
    }

    /// Checks the disk every second until the store is closed, so that [`Self::takes_no_changes`]
    /// and the log report a full disk before a change fails, and also report when there is room
    /// again.
    ///
    /// The first check comes after [`DISK_LOOK_INTERVAL`], so that a shop on a full disk still
    /// starts and answers queries.
    pub async fn watch_disk(&self) {
        self.shared.free_disk.watch();
        while !self.shared.closing.load(Ordering::SeqCst) {
            tokio::time::sleep(DISK_LOOK_INTERVAL).await;
            self.shared.free_disk.look();
        }
    }

    /// Counts since the store was opened.
    #[must_use]
    pub fn stats(&self) -> StoreStats {
        StoreStats {
            commits: *self.shared.commits.borrow(),
            rollbacks: self.shared.rollbacks.load(Ordering::Relaxed),
            overtaken: self.shared.overtaken.load(Ordering::Relaxed),
            turns: self.shared.turns.load(Ordering::Relaxed),
            waiting: self.shared.waiting.load(Ordering::SeqCst),
        }
    }

    /// What the process did with its database; `None` for a store in a file.
    #[must_use]
    pub fn database_stats(&self) -> Option<DatabaseStats> {
        match &self.shared.engine {
            Engine::Redb(_) => None,
            Engine::Postgres(engine) => Some(engine.stats()),
        }
    }

    /// Counts commits. A change wakes the tasks that follow the store.
    #[must_use]
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.shared.commits.subscribe()
    }

    /// Turns true when the outcome of a commit is unknown; the process must stop then.
    #[must_use]
    pub fn broken(&self) -> watch::Receiver<bool> {
        self.shared.broken.subscribe()
    }

    /// The data file's directory; `None` for a store in memory.
    #[must_use]
    pub fn directory(&self) -> Option<&Path> {
        self.shared.directory.as_deref()
    }

    /// Rejects new turns and waits until every started turn is durable or has ended.
    pub async fn close(&self) {
        self.shared.closing.store(true, Ordering::SeqCst);
        self.shared.room.give_up();
        loop {
            let writer = Arc::clone(&self.shared.writer).lock_owned().await;
            // An epoch may be open for a request that was dropped, or that is rejected now.
            let has_pending = turns::end_pending(&self.shared, writer);
            if !has_pending && self.shared.waiting.load(Ordering::SeqCst) == 0 {
                return;
            }
            tokio::task::yield_now().await;
        }
    }
}

#[cfg(test)]
impl Store {
    /// A shop's store with these tables, made in `directory` unless it is there.
    pub(crate) fn made_in(directory: &Path, tables: &[&'static str]) -> Self {
        let schema = Schema::new(StoreKind::Shop, tables);
        Self::open(directory, &schema, Opening::OrMake, StoreLimits::default()).expect("opens")
    }
}
