//! A disk in memory that fails, stalls and loses power on demand.

use super::Dice;
use redb::StorageBackend;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// What a disk writes whole or not at all, in bytes.
const SECTOR: usize = 512;

#[derive(Clone, Debug, Default)]
pub(super) struct Disk {
    shared: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Debug, Default)]
struct State {
    /// What a read returns.
    seen: Vec<u8>,
    /// What certainly survives a power loss.
    durable: Vec<u8>,
    /// What may survive it, each change independently.
    unsynced: Vec<Change>,
    trouble: Option<Trouble>,
    /// Syncs that still succeed before the fault begins.
    good_syncs: usize,
    syncs: usize,
    is_stalled: bool,
    stalled: usize,
}

impl State {
    fn require_room(&mut self) -> io::Result<()> {
        match self.trouble {
            Some(Trouble::NoRoom) => Err(io::ErrorKind::StorageFull.into()),
            Some(Trouble::NoQuota) => Err(io::ErrorKind::QuotaExceeded.into()),
            _ => Ok(()),
        }
    }
}

#[derive(Clone, Debug)]
enum Change {
    Write(usize, Vec<u8>),
    SetLen(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The sync reports an error.
    SyncFails,
    /// The sync succeeds but reports an error.
    SyncedButFails,
    /// The driver panics, and fails from then on.
    Panics,
    /// Reads fail.
    ReadFails,
    /// Writes and growing the file fail.
    NoRoom,
    /// The same, because of a quota.
    NoQuota,
}

impl Disk {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// A backend for redb; all backends share the same disk.
    pub(super) fn plug_in(&self) -> Self {
        self.clone()
    }

    pub(super) fn fail(&self, trouble: Trouble) {
        self.fail_after(0, trouble);
    }

    pub(super) fn fail_after(&self, good_syncs: usize, trouble: Trouble) {
        let mut state = self.state();
        state.trouble = Some(trouble);
        state.good_syncs = good_syncs;
    }

    /// Ends the fault, so that a store on the disk can be dropped.
    pub(super) fn heal(&self) {
        self.state().trouble = None;
    }

    pub(super) fn syncs(&self) -> usize {
        self.state().syncs
    }

    /// From now on a sync waits for [`Self::go_on`].
    pub(super) fn stall(&self) {
        self.state().is_stalled = true;
    }

    pub(super) fn is_stalling(&self) -> bool {
        self.state().stalled > 0
    }

    pub(super) fn go_on(&self) {
        self.state().is_stalled = false;
        self.shared.1.notify_all();
    }

    /// The disk after a power loss: each unsynced change is there or not, independently, and some
    /// writes are torn: each of their sectors is there or not.
    pub(super) fn after_power_loss(&self, dice: &mut Dice) -> Self {
        let state = self.state();
        let mut bytes = state.durable.clone();
        for change in &state.unsynced {
            match change {
                Change::SetLen(len) => bytes.resize(*len, 0),
                Change::Write(at, data) => {
                    let is_torn = dice.one_in(4);
                    let is_there = dice.one_in(2);
                    for (sector, data) in sectors(*at, data) {
                        let is_written = if is_torn { dice.one_in(2) } else { is_there };
                        if is_written {
                            put(&mut bytes, sector, data);
                        }
                    }
                }
            }
        }
        Self::of(bytes)
    }

    fn of(bytes: Vec<u8>) -> Self {
        let disk = Self::new();
        *disk.state() = State { seen: bytes.clone(), durable: bytes, ..State::default() };
        disk
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The parts of a write that a disk writes whole or not at all, each with its place.
fn sectors(at: usize, data: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut next = at;
    let mut rest = data;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (sector, later) = rest.split_at(rest.len().min(SECTOR - next % SECTOR));
        let place = next;
        (next, rest) = (next + sector.len(), later);
        Some((place, sector))
    })
}

fn put(bytes: &mut Vec<u8>, at: usize, data: &[u8]) {
    let end = at + data.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[at..end].copy_from_slice(data);
}

fn out_of_range() -> io::Error {
    io::ErrorKind::UnexpectedEof.into()
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().seen.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        if state.trouble == Some(Trouble::ReadFails) {
            return Err(io::Error::other("intended"));
        }
        let offset = usize::try_from(offset).unwrap();
        let found = state.seen.get(offset..offset + out.len()).ok_or_else(out_of_range)?;
        out.copy_from_slice(found);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let len = usize::try_from(len).unwrap();
        let mut state = self.state();
        if len > state.seen.len() {
            state.require_room()?;
        }
        state.seen.resize(len, 0);
        state.unsynced.push(Change::SetLen(len));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state();
        state.stalled += 1;
        while state.is_stalled {
            state = self.shared.1.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.stalled -= 1;
        let is_good = state.good_syncs > 0 || state.trouble.is_none();
        state.good_syncs = state.good_syncs.saturating_sub(1);
        let trouble = state.trouble.filter(|_| !is_good);
        if trouble == Some(Trouble::Panics) {
            state.trouble = Some(Trouble::SyncFails);
            drop(state);
            super::die();
        }
        if trouble != Some(Trouble::SyncFails) {
            state.syncs += 1;
            state.durable = state.seen.clone();
            state.unsynced.clear();
        }
        match trouble {
            Some(Trouble::SyncFails | Trouble::SyncedButFails) => Err(io::Error::other("intended")),
            _ => Ok(()),
        }
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let offset = usize::try_from(offset).unwrap();
        let mut state = self.state();
        state.require_room()?;
        let place = state.seen.get_mut(offset..offset + data.len()).ok_or_else(out_of_range)?;
        place.copy_from_slice(data);
        state.unsynced.push(Change::Write(offset, data.to_vec()));
        Ok(())
    }
}
