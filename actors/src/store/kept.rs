//! What an owner keeps in memory about the committed rows, always exactly as of a snapshot.
//!
//! The seam is [`Touched`]: the keys that a commit touched in the tables that are followed. The
//! committer computes the next state from the last one and from these keys before it publishes the
//! next snapshot, so a reader sees the rows and what is kept about them as of the same commit. An
//! engine on which several processes commit must pass on the keys that the others touched.
//!
//! Nothing is built until somebody asks ([`Snapshot::kept`]). Until then the touched keys are noted,
//! so that a state that was built meanwhile catches up.

use super::table::{Key, Row, Table};
use super::write_set::WriteSet;
use super::{Snapshot, StoreError, Tables};
use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// Touched keys that are noted while nothing is built. Beyond it, a new state is built from scratch.
const MAX_NOTED_KEYS: usize = 10_000;

/// How many types a store can keep; each has a slot ([`Kept::SLOT`]).
const SLOTS: usize = 2;

/// Something in memory that is computed from rows and follows the commits.
pub trait Kept: Any + Send + Sync + Sized {
    /// Its slot, below 2. No two types of a store share one.
    const SLOT: usize;
    /// The tables that it is computed from.
    const TABLES: &'static [&'static str];

    /// Computes it from all rows.
    ///
    /// # Errors
    /// [`StoreError`].
    fn build(snapshot: &Snapshot) -> Result<Self, StoreError>;

    /// Computes it for `snapshot` from an earlier state and the keys touched since.
    ///
    /// # Errors
    /// [`StoreError`].
    fn advance(&self, snapshot: &Snapshot, touched: &Touched) -> Result<Self, StoreError>;
}

/// The keys that commits touched in the followed tables.
#[derive(Debug, Default)]
pub struct Touched {
    /// By table, and by key; true for a key whose row was deleted.
    keys: BTreeMap<&'static str, BTreeMap<Vec<u8>, bool>>,
}

impl Touched {
    /// The keys that an epoch wrote in the followed tables.
    pub(super) fn by(writes: &WriteSet, tables: &Tables, following: &Following) -> Self {
        let followed = writes.written().map(|(table, entries)| (tables.name(table), entries));
        let keys =
            followed.filter(|(table, _)| following.follows(table)).map(|(table, entries)| {
                let keys = entries.iter().map(|(key, entry)| (key.clone(), entry.row().is_none()));
                (table, keys.collect())
            });
        Self { keys: keys.collect() }
    }

    /// Adds what a later commit touched.
    fn add(&mut self, later: &Self) {
        for (table, keys) in &later.keys {
            let keys = keys.iter().map(|(key, is_deleted)| (key.clone(), *is_deleted));
            self.keys.entry(table).or_default().extend(keys);
        }
    }

    fn count(&self) -> usize {
        self.keys.values().map(BTreeMap::len).sum()
    }

    /// The touched keys of a table, in order.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] for a key that cannot be read.
    pub fn keys<K: Key, V: Row>(&self, table: Table<K, V>) -> Result<Vec<K>, StoreError> {
        Ok(self.written(table)?.into_iter().map(|(key, _)| key).collect())
    }

    /// The touched keys of a table, in order, each with whether its row was deleted.
    ///
    /// # Errors
    /// As [`Self::keys`].
    pub fn written<K: Key, V: Row>(
        &self,
        table: Table<K, V>,
    ) -> Result<Vec<(K, bool)>, StoreError> {
        let unreadable = || StoreError::Corrupt { table: table.name(), version: 0 };
        let keys = self.keys.get(table.name()).into_iter().flatten();
        keys.map(|(key, is_deleted)| Ok((K::decode(key).ok_or_else(unreadable)?, *is_deleted)))
            .collect()
    }
}

type AnyKept = Arc<dyn Any + Send + Sync>;
type Advance = fn(&AnyKept, &Snapshot, &Touched) -> Result<AnyKept, StoreError>;

/// A kept state and the function that advances it.
#[derive(Clone)]
struct Erased {
    state: AnyKept,
    advance: Advance,
}

fn advance_any<T: Kept>(
    state: &AnyKept,
    snapshot: &Snapshot,
    touched: &Touched,
) -> Result<AnyKept, StoreError> {
    let other = StoreError::Contradiction { what: "two types are kept for one store" };
    let next = state.downcast_ref::<T>().ok_or(other)?.advance(snapshot, touched)?;
    Ok(Arc::new(next))
}

/// What a store notes until somebody asks for a kept state.
pub(super) struct Following {
    tables: Box<[&'static str]>,
    notes: [Mutex<Notes>; SLOTS],
    /// Held by the reader that builds a state.
    builders: [Mutex<()>; SLOTS],
}

#[derive(Default)]
struct Notes {
    /// Every touched key of the snapshots after this one is in `touched`.
    since: u64,
    touched: VecDeque<(u64, Arc<Touched>)>,
    count: usize,
    /// A state that a reader built, with the number of its snapshot.
    offered: Option<(u64, Erased)>,
}

impl Notes {
    fn forget(&mut self, since: u64) {
        *self = Self { since, ..Self::default() };
    }

    fn offer(&mut self, number: u64, state: Erased) {
        if self.offered.as_ref().is_none_or(|(offered, _)| *offered < number) {
            self.offered = Some((number, state));
        }
    }

    /// The offered state and the keys touched since, if they are all known.
    fn take_offered(&mut self) -> Option<(Erased, Arc<Touched>)> {
        let (number, state) = self.offered.take().filter(|(number, _)| *number >= self.since)?;
        let mut touched = Touched::default();
        for (_, later) in self.touched.drain(..).filter(|(later, _)| *later > number) {
            touched.add(&later);
        }
        Some((state, Arc::new(touched)))
    }
}

impl Following {
    pub(super) fn new(tables: &[&'static str]) -> Arc<Self> {
        Arc::new(Self {
            tables: tables.into(),
            notes: Default::default(),
            builders: Default::default(),
        })
    }

    /// Whether the touched keys of a table are needed.
    pub(super) fn follows(&self, table: &'static str) -> bool {
        self.tables.contains(&table)
    }

    #[cfg(test)]
    pub(super) fn noted(&self) -> usize {
        (0..SLOTS).map(|slot| self.notes(slot).touched.len()).sum()
    }

    fn building(&self, slot: usize) -> MutexGuard<'_, ()> {
        self.builders[slot].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn notes(&self, slot: usize) -> MutexGuard<'_, Notes> {
        self.notes[slot].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is kept for one snapshot.
pub(super) struct KeptCell {
    number: u64,
    states: [OnceLock<Erased>; SLOTS],
    following: Arc<Following>,
}

impl KeptCell {
    /// For the first snapshot of a store.
    pub(super) fn first(following: Arc<Following>) -> Self {
        Self { number: 0, states: Default::default(), following }
    }

    /// For the snapshot after a commit.
    pub(super) fn after(previous: &Snapshot) -> Self {
        let KeptCell { number, following, .. } = &previous.kept;
        Self { number: number + 1, states: Default::default(), following: Arc::clone(following) }
    }
}

impl Snapshot {
    /// Counts the snapshots of this process: a later one has a larger number.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.kept.number
    }

    /// What is kept about this snapshot; `None` if it was not built yet.
    #[must_use]
    pub fn kept_now<T: Kept>(&self) -> Option<&T> {
        self.kept.states[T::SLOT].get()?.state.downcast_ref()
    }

    /// What is kept about this snapshot. The first caller builds it from all rows; the snapshots of
    /// later commits then have it from the start.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn kept<T: Kept>(&self) -> Result<Arc<T>, StoreError> {
        let of_type = |erased: &Erased| Arc::clone(&erased.state).downcast::<T>().ok();
        if let Some(state) = self.kept.states[T::SLOT].get().and_then(of_type) {
            return Ok(state);
        }
        // One at a time: a state may take much memory, and who waited finds it made.
        let _building = self.kept.following.building(T::SLOT);
        if let Some(state) = self.kept.states[T::SLOT].get().and_then(of_type) {
            return Ok(state);
        }
        let state = Arc::new(T::build(self)?);
        // The store notes changes of followed tables only. A state that is computed from another table
        // would miss changes, so it is used for this snapshot alone.
        if T::TABLES.iter().all(|table| self.kept.following.follows(table)) {
            let erased = Erased { state: Arc::clone(&state) as AnyKept, advance: advance_any::<T> };
            let _ = self.kept.states[T::SLOT].set(erased.clone());
            self.kept.following.notes(T::SLOT).offer(self.number(), erased);
        }
        Ok(state)
    }

    /// Gives this snapshot, which is not published yet, what is kept about the previous one, brought
    /// up to date with the keys that the commit between them touched.
    pub(super) fn follow(&self, previous: &Self, touched: Touched) {
        let touched = Arc::new(touched);
        for slot in 0..SLOTS {
            self.follow_in(slot, previous, Arc::clone(&touched));
        }
    }

    fn follow_in(&self, slot: usize, previous: &Self, touched: Arc<Touched>) {
        let mut notes = self.kept.following.notes(slot);
        let known = match previous.kept.states[slot].get() {
            Some(state) => Some((state.clone(), touched)),
            None => {
                // An empty note adds nothing, and a store that keeps nothing writes only those.
                if touched.count() > 0 {
                    notes.count += touched.count();
                    notes.touched.push_back((self.number(), touched));
                }
                notes.take_offered()
            }
        };
        let Some((state, touched)) = known else {
            if notes.count > MAX_NOTED_KEYS {
                notes.forget(self.number());
            }
            return;
        };
        notes.forget(self.number());
        // The commit stands, whatever happens here.
        let advance = AssertUnwindSafe(|| (state.advance)(&state.state, self, &touched));
        match catch_unwind(advance) {
            Ok(Ok(next)) => {
                let _ = self.kept.states[slot].set(Erased { state: next, advance: state.advance });
            }
            Ok(Err(error)) => tracing::error!(
                error = &error as &dyn std::error::Error,
                "what is kept in memory could not follow a commit; the next reader builds it again"
            ),
            // The panic is already logged as an error.
            Err(_) => tracing::warn!("what is kept in memory is built again after a panic"),
        }
    }
}
