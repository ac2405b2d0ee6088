//! How much is kept, so that it can have a bound: counted in the turn that records or deletes, for
//! each kind of caller.

use super::StoredAnswer;
use super::stored::{BY_TIME, COUNTS, RECORDS};
use crate::check::Findings;
use crate::store::{Direction, Read, Snapshot, StoreError, Unit};
use souk_domain::UnixMillis;
use std::ops::ControlFlow;

/// What a record takes beside its sealed answer: its keys, its place in two tables, and the room
/// that the store leaves free in its pages.
pub(super) const RECORD_OCTETS: u64 = 256;

/// Who records: the kinds have shares of their own, so that strangers cannot fill the share of
/// those who are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// A user or a service.
    Known,
    /// A guest, or whoever shows nothing of their own.
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

/// As what a record was counted; it is counted out as the same.
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

/// What is kept for a kind of caller. Records of versions 1 and 2 are not counted; they are gone a
/// day after the shop was upgraded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Stored answers.
    pub records: u64,
    /// What they take, about.
    pub octets: u64,
}

/// What is kept for a kind of caller.
///
/// # Errors
/// [`StoreError`].
pub fn kept(read: &impl Read, caller: Caller) -> Result<Kept, StoreError> {
    Ok(read.get(COUNTS, &caller.key())?.unwrap_or_default())
}

/// Counts records out that are deleted in this turn, and one in.
pub(super) fn count(unit: &Unit, gone: &[Counted], new: Option<Counted>) -> Result<(), StoreError> {
    for caller in Caller::ALL {
        let old = kept(unit, caller)?;
        let mut now = old;
        for counted in gone.iter().filter(|counted| counted.caller == caller) {
            now.records = now.records.saturating_sub(1);
            now.octets = now.octets.saturating_sub(counted.octets);
        }
        for counted in new.iter().filter(|counted| counted.caller == caller) {
            now.records += 1;
            now.octets = now.octets.saturating_add(counted.octets);
        }
        if now != old {
            unit.put(COUNTS, &caller.key(), &now)?;
        }
    }
    Ok(())
}

/// The counts are those of the records, and every record has its time.
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

/// Records of version 1 do not say when they were given.
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
