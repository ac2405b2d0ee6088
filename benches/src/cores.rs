//! Which cores run what: a database has one of its own, so that its processor time is its own too.

use crate::{Outcome, complaint};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The cores of this machine, divided. While it lives, this thread, and what it starts, stay off the
/// first one.
pub(crate) struct DividedCores {
    all: CpuSet,
    /// The core of the database.
    pub(crate) first: usize,
    /// The number of the other cores.
    pub(crate) others: u32,
}

impl DividedCores {
    pub(crate) fn divide() -> Outcome<Self> {
        let all = sched_getaffinity(None)?;
        let first = (0..CpuSet::MAX_CPU).find(|core| all.is_set(*core));
        let first = first.ok_or_else(|| complaint("no core"))?;
        let mut others = all;
        others.unset(first);
        if others.count() == 0 {
            return Err(complaint("a database beside Souk needs two cores"));
        }
        sched_setaffinity(None, &others)?;
        Ok(Self { all, first, others: others.count() })
    }
}

impl Drop for DividedCores {
    fn drop(&mut self) {
        // It was allowed before.
        let _ = sched_setaffinity(None, &self.all);
    }
}
