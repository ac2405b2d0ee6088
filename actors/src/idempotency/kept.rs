//! Counts the stored answers for each kind of caller, so that they can be bounded. The turn that
//! records or deletes also counts.

use super::StoredAnswer;
use super::stored::{BY_TIME, COUNTS, RECORDS};
use crate::check::Findings;
use crate::store::{Direction, Read, Snapshot, StoreError, Unit};
use souk_domain::UnixMillis;
use std::ops::ControlFlow;

/// The size of a record besides its sealed answer, in bytes: its keys, its rows in two tables, and
/// the free space in the store's pages.
pub(super) const RECORD_OCTETS: u64 = 256;

/// The kinds of callers. Each kind has a share of its own, so that anonymous callers cannot fill
/// the share of known ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// A user or a service.
    Known,
    /// A guest, or a caller without a log-in.
    Anonymous,
}

impl Caller {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Known, Self::Anonymous];

    pub(super) fn key(self) -> u64 {
        match self {
            Self::Known => 0,
            Self::Anonymous => 1,
        }
    }
}

/// The values a record was counted with; the same values are subtracted when it is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) caller: Caller,
    pub(super) octets: u64,
}

impl Counted {
    pub(super) fn of(caller: Caller, sealed_octets: usize) -> Self {
        let sealed_octets = u64::try_from(sealed_octets).unwrap_or(u64::MAX);
        Self { caller, octets: sealed_octets.saturating_add(RECORD_OCTETS) }
    }
}

/// The stored answers of a kind of caller. Records of versions 1 and 2 are not counted; they expire
/// a day after the upgrade.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The number of stored answers.
    pub records: u64,
    /// Their approximate size in bytes.
    pub octets: u64,
}

/// The stored answers of a kind of caller.
///
/// # Errors
/// [`StoreError`].
pub fn kept(read: &impl Read, caller: Caller) -> Result<Kept, StoreError> {
    Ok(read.get(COUNTS, &caller.key())?.unwrap_or_default())
}

/// Subtracts the records that are deleted in this turn, and adds a new one.
pub(super) fn count(unit: &Unit, gone: &[Counted], new: Option<Counted>) -> Result<(), StoreError> {
    for caller in Caller::ALL {
        let of_caller = |counted: &&Counted| counted.caller == caller;
        let gone: Vec<Counted> = gone.iter().filter(of_caller).copied().collect();
        let new = new.filter(|counted| counted.caller == caller);
        if gone.is_empty() && new.is_none() {
            continue;
        }
        // Computed from the row before it alone: every change with a key counts here.
        unit.merge(COUNTS, &caller.key(), move |kept: Option<Kept>| {
            let mut kept = kept.unwrap_or_default();
            for counted in &gone {
                kept.records = kept.records.saturating_sub(1);
                kept.octets = kept.octets.saturating_sub(counted.octets);
            }
            if let Some(counted) = new {
                kept.records += 1;
                kept.octets = kept.octets.saturating_add(counted.octets);
            }
            kept
        })?;
    }
    Ok(())
}

/// Checks that the counts match the records, and that every record has its time entry.
pub(crate) fn check(snapshot: &Snapshot, findings: &mut Findings) -> Result<(), StoreError> {
    let mut counts = Caller::ALL.map(|caller| (caller, Kept::default()));
    let (mut records, mut unlisted) = (0, 0);
    let mut failure = None;
    snapshot.visit(RECORDS, &[0; 32], None, Direction::Ascending, |key, stored| {
        records += 1;
        for (caller, kept) in &mut counts {
            for counted in stored.counted.iter().filter(|counted| counted.caller == *caller) {
                kept.records += 1;
                kept.octets = kept.octets.saturating_add(counted.octets);
            }
        }
        match is_listed(snapshot, key, &stored) {
            Ok(is_listed) => unlisted += u64::from(!is_listed),
            Err(error) => {
                failure = Some(error);
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    })?;
    if let Some(error) = failure {
        return Err(error);
    }
    findings.require(unlisted == 0, || format!("{unlisted} stored answers will not be deleted"));
    for (caller, counted) in counts {
        let kept = kept(snapshot, caller)?;
        findings.require(kept == counted, || {
            format!("stored answers of {caller:?} callers: {kept:?} should be {counted:?}")
        });
    }
    findings.counted("stored answers", records);
    Ok(())
}

/// Records of version 1 do not contain their time.
fn is_listed(
    snapshot: &Snapshot,
    key: [u8; 32],
    stored: &StoredAnswer,
) -> Result<bool, StoreError> {
    let listed_at = |given_at: UnixMillis| snapshot.get(BY_TIME, &(given_at, key));
    Ok(match stored.given_at {
        Some(given_at) => listed_at(given_at)?.is_some(),
        None => true,
    })
}
