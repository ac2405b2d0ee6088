//! Leases: work that must run in one process at a time, where several processes share a store.
//!
//! A lease is a row: its holder, a fence and an end. The process that holds it runs the work
//! ([`Leases::run_while_held`]) and renews it; another takes it over once it was released or has
//! ended. Two things keep a process that lost its lease from doing harm:
//! - it stops the work when less than [`MAX_CLOCK_DIFFERENCE`] of its lease is left by its own
//!   monotonic clock, before another may believe that the lease has ended;
//! - every turn in which the work records something checks the **fence** ([`Lease::guarded`]): each
//!   holder gets a higher one, so the turns of an earlier holder are refused, even if it was stopped
//!   for an hour and then continues. A shared store validates at the commit what a turn has read, so
//!   no turn slips in between.
//!
//! A store that is not shared has no leases: no row is written, no turn reads one, and the work
//! simply runs.

#[cfg(test)]
pub(crate) mod examples;
mod lease;
mod rows;
mod running;
mod stored;
#[cfg(test)]
mod tests;
mod work;

pub use lease::Lease;
pub use running::HeldLease;
pub use work::LeasedWork;

pub(crate) use rows::check;
#[cfg(any(test, fuzzing))]
pub(crate) use stored::READERS;
pub(crate) use stored::TABLES;

use crate::random_hex;
use crate::store::Store;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

/// How long a lease lasts unless it is renewed.
pub const TERM: Duration = Duration::from_secs(10);
/// How much the clocks of two processes may differ: a process must not start to write a shared
/// store if its clock is off by half of this. Where clocks differ more, two processes may both do
/// the work for a moment; the fence still refuses what the earlier one records.
pub const MAX_CLOCK_DIFFERENCE: Duration = Duration::from_secs(4);
/// How often a held lease is renewed.
const RENEW_EVERY: Duration = Duration::from_secs(3);
/// How often a process looks at the rows: the holder whether it has lost its lease, the others
/// whether it is free.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Random bytes of a holder's name.
const HOLDER_BYTES: usize = 8;

/// The leases of this process. Cheap to clone.
#[derive(Clone)]
pub struct Leases {
    store: Store,
    /// `None` if no other process can write the store.
    process: Option<Arc<Process>>,
}

/// This process among those that share the store.
struct Process {
    /// The name of this process, another one at each start.
    holder: String,
    /// The start of the periods in which this process renews all its leases together.
    started: Instant,
    renew_every: Duration,
    look_every: Duration,
    held: Mutex<BTreeMap<LeasedWork, Lease>>,
}

impl Leases {
    /// The leases of this process on its store.
    #[must_use]
    pub fn of(store: &Store) -> Self {
        match store.is_shared() {
            true => Self::shared(store, random_hex(HOLDER_BYTES)),
            false => Self { store: store.clone(), process: None },
        }
    }

    /// The leases of one of several processes, which has the name `holder`.
    #[must_use]
    pub fn shared(store: &Store, holder: String) -> Self {
        Self::shared_looking(store, holder, RENEW_EVERY, LOOK_EVERY)
    }

    fn shared_looking(
        store: &Store,
        holder: String,
        renew_every: Duration,
        look_every: Duration,
    ) -> Self {
        let (started, held) = (Instant::now(), Mutex::default());
        let process = Process { holder, started, renew_every, look_every, held };
        Self { store: store.clone(), process: Some(Arc::new(process)) }
    }

    /// True if other processes may hold leases.
    #[must_use]
    pub fn are_shared(&self) -> bool {
        self.process.is_some()
    }
}
