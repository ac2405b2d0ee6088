//! The engine that keeps the rows in a PostgreSQL database, which several processes write.
//!
//! Each process has a copy of all rows in a file of its own ([`local_copy`]) and follows the others'
//! commits by the database's log of epochs ([`follow`]), so that reads need no round trip. A commit
//! ([`commit`]) is one transaction that locks the log's last number. It succeeds only if no epoch of
//! another process changed what its turns had read; so all epochs have one order, that of the log,
//! and every turn sees the state just before it. `docs/decisions/0005-postgres.md` tells why.

mod commit;
mod counts;
mod database;
mod epochs;
mod examine;
mod follow;
mod local_copy;
mod schema;
mod session;
mod settle;
mod transfer;

pub use counts::DatabaseStats;
pub use database::{BadUrl, Database, DatabaseError};
pub use examine::{DatabaseReport, examine};
pub use schema::Migration;
pub(in crate::store) use transfer::DatabaseEnd;

use crate::store::engines::redb::RedbView;
use crate::store::numbers::Blocks;
use crate::store::reads::ReadSet;
use crate::store::{Opening, Schema, Shared, StoreError, StoreLimits};
use commit::Committing;
use counts::{Counts, Purpose};
use epochs::TableNumbers;
use local_copy::{LocalCopy, Opened};
use session::{Session, Trouble};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::runtime::Runtime;
use tokio::sync::{Notify, watch};

/// Threads that talk to the database.
const THREADS: usize = 2;
/// After another process overtook an epoch, this many epochs lock the log before their turns run.
const CAREFUL_EPOCHS: u32 = 16;

/// A PostgreSQL database with a copy of its rows.
pub(in crate::store) struct PostgresEngine {
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
    link: Arc<Link>,
}

/// Makes the tables of a database that it lacks. All of them or none.
///
/// # Errors
/// [`DatabaseError`].
pub async fn migrate(database: &Database, schema: &Schema) -> Result<Migration, DatabaseError> {
    Ok(schema::prepare(database, schema, true).await?.made)
}

/// What the commits and the follower share.
struct Link {
    database: Database,
    tables: TableNumbers,
    copy: Mutex<LocalCopy>,
    committing: tokio::sync::Mutex<Committing>,
    blocks: Arc<Blocks>,
    counts: Counts,
    is_away: AtomicBool,
    /// Epochs left that lock the log before their turns run.
    careful: AtomicU32,
    /// True if other processes committed since this one's last commit.
    is_crowded: AtomicBool,
    /// Requests for the latest state so far.
    asked: AtomicU64,
    wake: Notify,
    served: watch::Sender<Served>,
}

/// The last request for the latest state that was answered.
#[derive(Clone, Debug, Default)]
struct Served {
    request: u64,
    /// Why the state may not be the latest.
    failure: Option<Arc<str>>,
}

impl PostgresEngine {
    /// Connects to the database, makes its tables if `opening` allows it, and opens the copy of its
    /// rows in `directory`. May take as long as reading all rows. Blocks the thread.
    pub(in crate::store) fn open(
        database: &Database,
        directory: &Path,
        schema: &Schema,
        opening: Opening,
        limits: &StoreLimits,
    ) -> Result<Self, DatabaseError> {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(THREADS).thread_name("database").enable_all();
        let runtime = builder.build().map_err(DatabaseError::Threads)?;
        let open = async {
            let makes = opening == Opening::OrMake;
            let prepared = schema::prepare(database, schema, makes).await?;
            let cache_bytes = limits.cache_bytes;
            let opened = Opened { directory, schema, opening, cache_bytes };
            let copy = opened.open(database, &prepared).await?;
            Ok(Link {
                database: database.clone(),
                tables: prepared.tables,
                copy: Mutex::new(copy),
                committing: tokio::sync::Mutex::new(Committing::default()),
                blocks: Arc::default(),
                counts: Counts::new(),
                is_away: AtomicBool::new(false),
                careful: AtomicU32::new(0),
                is_crowded: AtomicBool::new(false),
                asked: AtomicU64::new(0),
                wake: Notify::new(),
                served: watch::Sender::new(Served::default()),
            })
        };
        // The caller's thread may run other tasks, and such a thread must not wait for a runtime.
        let link = std::thread::scope(|threads| {
            let opening = threads.spawn(|| runtime.block_on(open));
            opening.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        match link {
            Ok(link) => Ok(Self { runtime: Some(runtime), link: Arc::new(link) }),
            Err(error) => {
                runtime.shutdown_background();
                Err(error)
            }
        }
    }

    /// Begins to follow the commits of other processes.
    pub(in crate::store) fn follow(&self, shared: Weak<Shared>) {
        if let Some(runtime) = &self.runtime {
            runtime.spawn(follow::follow(Arc::clone(&self.link), shared));
        }
    }

    pub(in crate::store) fn view(&self) -> Result<RedbView, StoreError> {
        self.link.copy().engine.view()
    }

    pub(in crate::store) fn position(&self) -> i64 {
        self.link.position()
    }

    pub(in crate::store) fn is_away(&self) -> bool {
        self.link.is_away.load(Ordering::SeqCst)
    }

    pub(in crate::store) fn stats(&self) -> DatabaseStats {
        self.link.counts.stats(self.link.position(), !self.is_away())
    }

    pub(in crate::store) fn blocks(&self) -> Arc<Blocks> {
        Arc::clone(&self.link.blocks)
    }

    /// Returns once the published state has every epoch that was committed before this call.
    pub(in crate::store) async fn catch_up(&self) -> Result<(), StoreError> {
        self.link.catch_up().await
    }
}

impl Drop for PostgresEngine {
    fn drop(&mut self) {
        if let Err(error) = self.link.copy().make_durable() {
            tracing::debug!(error = &error as &dyn std::error::Error, "the copy is not durable");
        }
        // May run on one of its own threads, which cannot wait for themselves.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Link {
    fn copy(&self) -> MutexGuard<'_, LocalCopy> {
        // A panic leaves the file as it was after the last epoch.
        self.copy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says what is wrong if the database has lost epochs that this process has seen.
    async fn compare_past(&self, session: &Session) -> Result<Result<(), String>, Trouble> {
        let here = self.copy().position();
        let (last, tag) = session.last_and_tag_of(here.number).await?;
        if last >= here.number && tag.is_none_or(|tag| tag == here.tag) {
            return Ok(Ok(()));
        }
        Ok(Err(format!(
            "the database has lost epochs: it ends at {last}, and this process has seen {} (a standby that was \
             behind, or a restored backup?)",
            here.number
        )))
    }

    /// The number of the last epoch in the copy.
    fn position(&self) -> i64 {
        self.copy().position().number
    }

    async fn connect(&self, purpose: Purpose) -> Result<Session, DatabaseError> {
        let session = Session::connect(&self.database).await?;
        self.counts.note_connected(purpose);
        Ok(session)
    }

    async fn catch_up(&self) -> Result<(), StoreError> {
        let away = |what: &str| StoreError::Away { what: what.to_owned() };
        if self.is_away.load(Ordering::SeqCst) {
            return Err(away("no connection"));
        }
        let mut served = self.served.subscribe();
        let request = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        self.wake.notify_one();
        let served = served.wait_for(|served| served.request >= request).await;
        match served.map(|served| served.failure.clone()) {
            Ok(None) => Ok(()),
            Ok(Some(failure)) => Err(away(&failure)),
            Err(_) => Err(away("the store is closed")),
        }
    }

    /// True if another process changed what was read at `base`, as far as the copy has followed.
    fn was_overtaken(&self, reads: &ReadSet, base: i64) -> bool {
        self.copy().was_overtaken(reads, base)
    }

    /// From now on some epochs lock the log before their turns run, because others change the same
    /// rows.
    fn note_overtaken(&self) {
        self.careful.store(CAREFUL_EPOCHS, Ordering::SeqCst);
    }
}
