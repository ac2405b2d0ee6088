//! The rules of a lease's row: who may take, renew and release it, and who may act under it.

use super::stored::ROWS;
use super::{LeasedWork, TERM};
use crate::Failure;
use crate::check::Findings;
use crate::store::{Direction, Read, Snapshot, StoreError, Unit};
use souk_domain::UnixMillis;

/// The end of a lease that was released.
const RELEASED: UnixMillis = UnixMillis::new(0);

/// The row of a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LeaseRow {
    /// The process that took it last. Never empty.
    pub(super) holder: String,
    /// Higher with each time that it was taken; 1 the first time.
    pub(super) fence: u64,
    /// When it ends, by the clock of the holder; the epoch once it was released.
    pub(super) until: UnixMillis,
}

impl LeaseRow {
    fn is_free_for(&self, holder: &str, now: UnixMillis) -> bool {
        // What this process did under it has ended: it runs each work once at a time.
        self.holder == holder || self.until <= now
    }

    fn is_of(&self, holder: &str, fence: u64) -> bool {
        self.fence == fence && self.holder == holder && self.until != RELEASED
    }
}

fn row(read: &impl Read, work: LeasedWork) -> Result<Option<LeaseRow>, StoreError> {
    read.get(ROWS, &work.name().to_owned())
}

fn put(unit: &Unit, work: LeasedWork, row: &LeaseRow) -> Result<(), StoreError> {
    unit.put(ROWS, &work.name().to_owned(), row)
}

/// True if `holder` may take the lease at `now`.
pub(super) fn is_free(
    read: &impl Read,
    work: LeasedWork,
    holder: &str,
    now: UnixMillis,
) -> Result<bool, StoreError> {
    Ok(row(read, work)?.is_none_or(|row| row.is_free_for(holder, now)))
}

/// True unless a later holder has the lease, or it was released. A snapshot that is older than the
/// lease says nothing.
pub(super) fn may_be_held(
    read: &impl Read,
    work: LeasedWork,
    holder: &str,
    fence: u64,
) -> Result<bool, StoreError> {
    Ok(row(read, work)?.is_none_or(|row| row.fence < fence || row.is_of(holder, fence)))
}

/// True if `holder` has the lease with this fence. Once it has ended, its holder still has it until
/// another takes it.
pub(super) fn is_held(
    read: &impl Read,
    work: LeasedWork,
    holder: &str,
    fence: u64,
) -> Result<bool, StoreError> {
    Ok(row(read, work)?.is_some_and(|row| row.is_of(holder, fence)))
}

/// Takes the lease for one term from `now`. Returns its fence; `None` if another has it.
pub(super) fn take(
    unit: &Unit,
    work: LeasedWork,
    holder: &str,
    now: UnixMillis,
) -> Result<Option<u64>, Failure> {
    let before = row(unit, work)?;
    if before.as_ref().is_some_and(|row| !row.is_free_for(holder, now)) {
        return Ok(None);
    }
    let fence = before.map_or(0, |row| row.fence).saturating_add(1);
    put(unit, work, &LeaseRow { holder: holder.to_owned(), fence, until: now.after(TERM) })?;
    Ok(Some(fence))
}

/// Renews the lease for one term from `now`. False if it is lost.
pub(super) fn renew(
    unit: &Unit,
    work: LeasedWork,
    holder: &str,
    fence: u64,
    now: UnixMillis,
) -> Result<bool, Failure> {
    let Some(row) = row(unit, work)?.filter(|row| row.is_of(holder, fence)) else {
        return Ok(false);
    };
    // A clock that was set back ends no lease early.
    let until = now.after(TERM).max(row.until);
    put(unit, work, &LeaseRow { until, ..row })?;
    Ok(true)
}

/// Releases the lease, so that another process can take it at once. Does nothing if it is lost.
pub(super) fn release(
    unit: &Unit,
    work: LeasedWork,
    holder: &str,
    fence: u64,
) -> Result<(), Failure> {
    if let Some(row) = row(unit, work)?.filter(|row| row.is_of(holder, fence)) {
        put(unit, work, &LeaseRow { until: RELEASED, ..row })?;
    }
    Ok(())
}

/// Checks the rows of the leases.
pub(crate) fn check(snapshot: &Snapshot, findings: &mut Findings) -> Result<(), StoreError> {
    // One row for each kind of work; later versions may have a few more.
    const ROWS_MAX: usize = 1_000;
    for (name, row) in snapshot.range(ROWS, &String::new(), None, Direction::Ascending, ROWS_MAX)? {
        findings.require(row.fence > 0, || format!("the lease of {name} has no fence"));
        findings.require(!row.holder.is_empty(), || format!("the lease of {name} has no holder"));
        findings.require(row.until >= RELEASED, || {
            format!("the lease of {name} ends before there were leases")
        });
    }
    Ok(())
}
