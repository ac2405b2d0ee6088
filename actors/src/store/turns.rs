//! Turns: when a request may write, and when the open epoch is sealed.

use super::committer::{EpochToEnd, Sealed};
use super::epoch::{Done, Epoch, FailedWrite, Unit, Written};
use super::free_disk::DiskState;
use super::reads::ReadSet;
use super::write_set::WriteSet;
use super::{Pipeline, Shared};
use crate::Failure;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::{OwnedMutexGuard, oneshot};

/// How the epoch of a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Everything in it is durable.
    Committed,
    /// Nothing of it happened, because another process changed what its turns had read. They run
    /// again.
    Overtaken,
    /// Nothing is known to have happened: the engine refused it, or the disk failed during the
    /// commit. The next start finds all of it or nothing.
    Failed,
}

/// The value behind the lock that makes turns exclusive: the holder of the lock has the turn and is
/// the only writer.
#[derive(Default)]
pub(super) struct Writer {
    open: Option<OpenEpoch>,
    last_turn: u64,
    /// The number of the last epoch that went to the committer.
    last_sealed: u64,
    /// That epoch, if turns went on before it was durable.
    committing: Option<Arc<Sealed>>,
    /// How long a turn takes on average.
    turn_time: Duration,
}

/// The epoch that is currently written.
struct OpenEpoch {
    epoch: Arc<Epoch>,
    opened: Instant,
    turns: Vec<oneshot::Sender<Ending>>,
}

impl Writer {
    /// True while the committer has not ended the last epoch it got.
    fn is_committing(&self, shared: &Shared) -> bool {
        shared.ended.load(Ordering::SeqCst) < self.last_sealed
    }

    fn open_epoch(&mut self, shared: &Shared) -> &mut OpenEpoch {
        self.open.get_or_insert_with(|| {
            let base = shared.snapshot.load_full();
            // The committer publishes an epoch's snapshot before it counts the epoch as ended.
            let newer = self.committing.take().filter(|sealed| sealed.number > base.epoch());
            let committing = newer.map(|sealed| Arc::clone(&sealed.writes));
            let tables = shared.tables.clone();
            let blocks = shared.engine.blocks();
            let epoch = Arc::new(Epoch::new(tables, base, committing, &shared.limits, blocks));
            OpenEpoch { epoch, opened: Instant::now(), turns: Vec::new() }
        })
    }
}

/// An average that follows changes: the newest value counts for an eighth.
pub(super) fn averaged(average: Duration, newest: Duration) -> Duration {
    (average * 7 + newest) / 8
}

/// One request's exclusive time with the open epoch. If it is dropped without [`Turn::finish`] (a
/// panic, an aborted task), it is rolled back.
pub(super) struct Turn {
    shared: Arc<Shared>,
    /// `None` once the turn has passed on the lock.
    writer: Option<OwnedMutexGuard<Writer>>,
    unit: Unit,
    began: Instant,
}

impl Turn {
    /// Waits for its turn, first come, first served, and opens an epoch if none is open.
    pub(super) async fn take(waiting: WaitingTurn) -> Result<Self, Failure> {
        let shared = Arc::clone(&waiting.shared);
        let mut writer = Arc::clone(&shared.writer).lock_owned().await;
        drop(waiting);
        if let Err(failure) = admits_turns(&shared) {
            // This turn will not happen, so an epoch that other turns opened must not wait for it.
            seal(&shared, writer);
            return Err(failure);
        }
        if writer.open.is_none() {
            shared.engine.before_epoch(&shared).await;
        }
        writer.last_turn += 1;
        let turn = writer.last_turn;
        let epoch = Arc::clone(&writer.open_epoch(&shared).epoch);
        epoch.begin_turn(turn);
        let unit = Unit::new(epoch, turn, crate::clock::now());
        Ok(Self { shared, writer: Some(writer), unit, began: Instant::now() })
    }

    pub(super) fn unit(&self) -> Unit {
        self.unit.clone()
    }

    pub(super) fn deadline(&self) -> Duration {
        self.shared.limits.turn_deadline
    }

    /// Prevents further writes by this turn's units. Returns what they wrote.
    pub(super) fn end_writing(&self) -> Written {
        self.unit.epoch().end_writing()
    }

    /// Ends the turn, keeping its writes or rolling them back. Returns when the epoch has ended.
    pub(super) async fn finish(mut self, keeps_writes: bool) -> Ending {
        let (answer, fate) = oneshot::channel();
        if self.shared.waiting.load(Ordering::SeqCst) == 0 {
            // Requests that have arrived but not yet queued for a turn get one chance to share this
            // commit. Without such requests this costs well under a microsecond.
            tokio::task::yield_now().await;
        }
        self.hand_on(keeps_writes, Some(answer));
        fate.await.unwrap_or(Ending::Failed)
    }

    fn hand_on(&mut self, keeps_writes: bool, answer: Option<oneshot::Sender<Ending>>) {
        let Some(mut writer) = self.writer.take() else { return };
        let shared = &self.shared;
        if !keeps_writes && self.unit.epoch().roll_back() {
            shared.rollbacks.fetch_add(1, Ordering::Relaxed);
        }
        writer.turn_time = averaged(writer.turn_time, self.began.elapsed());
        let is_committing = writer.is_committing(shared);
        let open = writer.open_epoch(shared);
        open.turns.extend(answer);
        let limits = &shared.limits;
        let is_full = open.turns.len() >= limits.max_turns_per_epoch
            || open.opened.elapsed() >= limits.max_epoch_age
            || open.epoch.bytes() >= limits.max_epoch_bytes;
        let is_last = !is_committing && shared.waiting.load(Ordering::SeqCst) == 0;
        if is_full || is_last {
            seal(shared, writer);
            return;
        }
        drop(writer);
        seal_if_abandoned(shared);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.hand_on(false, None);
    }
}

/// A request that waits for its turn; counted until the turn begins or the request is dropped.
pub(super) struct WaitingTurn {
    shared: Arc<Shared>,
}

impl WaitingTurn {
    /// Waits again, after another process overtook an epoch.
    fn again(shared: Arc<Shared>) -> Self {
        shared.waiting.fetch_add(1, Ordering::SeqCst);
        Self { shared }
    }

    /// Starts to wait. Fails if the bound on waiting requests is reached.
    pub(super) fn behind(shared: &Arc<Shared>) -> Result<Self, Failure> {
        let is_free = |waiting| (waiting < shared.limits.max_waiting_turns).then_some(waiting + 1);
        match shared.waiting.fetch_update(Ordering::SeqCst, Ordering::SeqCst, is_free) {
            Ok(_) => Ok(Self { shared: Arc::clone(shared) }),
            Err(_) => Err(Failure::Busy),
        }
    }
}

impl Drop for WaitingTurn {
    fn drop(&mut self) {
        self.shared.waiting.fetch_sub(1, Ordering::SeqCst);
        seal_if_abandoned(&self.shared);
    }
}

/// Seals an epoch that was left open for a request that no longer waits, or for the committer to
/// end the one before. Called after each of these: after the lock was released, after a request
/// stopped waiting, and after a commit. So one of the callers always finds the epoch.
pub(super) fn seal_if_abandoned(shared: &Arc<Shared>) {
    loop {
        if shared.waiting.load(Ordering::SeqCst) > 0 {
            return;
        }
        let Ok(mut writer) = Arc::clone(&shared.writer).try_lock_owned() else { return };
        if !writer.is_committing(shared) {
            writer.committing = None;
        }
        if writer.open.is_none() {
            return;
        }
        if !writer.is_committing(shared) {
            seal(shared, writer);
            return;
        }
        let last_sealed = writer.last_sealed;
        drop(writer);
        // The committer may have ended it while the lock was held here, and found no lock.
        if shared.ended.load(Ordering::SeqCst) < last_sealed {
            return;
        }
    }
}

/// Sends the open epoch, if there is one, to the committer, and releases the lock: at once if the
/// next epoch is to be written meanwhile, otherwise when the epoch has ended. An epoch without
/// writes ends here, unless its turns may have read one that is not durable yet.
pub(super) fn seal(shared: &Arc<Shared>, mut writer: OwnedMutexGuard<Writer>) {
    let Some(open) = writer.open.take() else { return };
    let is_committing = writer.is_committing(shared);
    let Done { writes, reads, base } = match open.epoch.seal() {
        Ok(done) => done,
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "an epoch cannot be sealed");
            // Its turns find that their epoch has failed. A later one would miss what it read.
            shared.broken.send_replace(true);
            return;
        }
    };
    // Where other processes write too, even a refusal must not rest on what they have changed.
    if writes.is_empty() && !is_committing && reads.is_none() {
        drop(writer);
        // They may have read an epoch that was being committed when theirs began, and failed.
        let has_failed = *shared.broken.borrow();
        if !has_failed {
            shared.count_turns(open.turns.len());
        }
        answer(open.turns, if has_failed { Ending::Failed } else { Ending::Committed });
        return;
    }
    writer.last_sealed += 1;
    let (number, writes) = (writer.last_sealed, Arc::new(writes));
    let sealed = Arc::new(Sealed { number, writes, reads: reads.unwrap_or_default(), base });
    let goes_on = !is_committing && overlaps(shared, &writer, &sealed);
    writer.committing = goes_on.then(|| Arc::clone(&sealed));
    let line = if goes_on { None } else { Some(writer) };
    shared.committer.commit(EpochToEnd { sealed, turns: open.turns, line });
}

/// Ends the open epoch, or waits for the one being committed: releases the lock when it has ended.
/// False if there is neither.
pub(super) fn end_pending(shared: &Arc<Shared>, mut writer: OwnedMutexGuard<Writer>) -> bool {
    if writer.open.is_some() {
        seal(shared, writer);
        return true;
    }
    if !writer.is_committing(shared) {
        return false;
    }
    writer.last_sealed += 1;
    let (writes, base) = (Arc::new(WriteSet::new(0)), shared.snapshot.load_full());
    let (number, reads) = (writer.last_sealed, ReadSet::default());
    let sealed = Arc::new(Sealed { number, writes, reads, base });
    shared.committer.commit(EpochToEnd { sealed, turns: Vec::new(), line: Some(writer) });
    true
}

/// True if the next epoch is to be written while this one is committed. That pays when the turns
/// that wait take longer than the commit: otherwise it only splits the requests into more commits.
fn overlaps(shared: &Shared, writer: &Writer, sealed: &Sealed) -> bool {
    if sealed.writes.bytes() > shared.limits.max_epoch_bytes {
        return false;
    }
    match shared.limits.pipeline {
        Pipeline::Never => false,
        Pipeline::Always => true,
        Pipeline::WhenItPays => {
            let waiting = u32::try_from(shared.waiting.load(Ordering::SeqCst)).unwrap_or(u32::MAX);
            let commit_time = Duration::from_nanos(shared.commit_nanos.load(Ordering::Relaxed));
            writer.turn_time.saturating_mul(waiting) > commit_time
        }
    }
}

/// Answers the requests of an epoch.
pub(super) fn answer(turns: Vec<oneshot::Sender<Ending>>, ending: Ending) {
    for turn in turns {
        // The receiver is gone if the request's task was dropped.
        let _ = turn.send(ending);
    }
}

fn admits_turns(shared: &Shared) -> Result<(), Failure> {
    let is_stopped = shared.closing.load(Ordering::SeqCst) || *shared.broken.borrow();
    if is_stopped || shared.engine.is_away() {
        return Err(Failure::Unavailable);
    }
    match shared.free_disk.look() {
        DiskState::Good => Ok(()),
        DiskState::Full => Err(Failure::DiskFull),
        DiskState::ReadOnly => Err(Failure::DiskReadOnly),
    }
}

/// How long the turns of a request may be run again because other processes overtook them.
const OVERTAKEN_FOR: Duration = Duration::from_secs(10);

/// Runs `work` in a turn, and keeps its writes if it succeeds. Runs it again, from the start, if
/// another process changed what it had read, or if it needed a block of numbers.
pub(super) async fn run<T, F, Fut>(waiting: WaitingTurn, work: F) -> Result<T, Failure>
where
    F: Fn(Unit) -> Fut,
    Fut: Future<Output = Result<T, Failure>>,
{
    let (shared, began) = (Arc::clone(&waiting.shared), Instant::now());
    let mut waiting = waiting;
    loop {
        if let Some(result) = run_once(waiting, &work).await {
            return result;
        }
        if began.elapsed() > OVERTAKEN_FOR {
            return Err(Failure::Busy);
        }
        waiting = WaitingTurn::again(Arc::clone(&shared));
    }
}

/// One attempt; `None` if it has to run again.
async fn run_once<T, F, Fut>(waiting: WaitingTurn, work: &F) -> Option<Result<T, Failure>>
where
    F: Fn(Unit) -> Fut,
    Fut: Future<Output = Result<T, Failure>>,
{
    let turn = match Turn::take(waiting).await {
        Ok(turn) => turn,
        Err(failure) => return Some(Err(failure)),
    };
    let deadline = turn.deadline();
    let result = match tokio::time::timeout(deadline, work(turn.unit())).await {
        Ok(result) => result,
        Err(_) => {
            tracing::error!(deadline_ms = deadline.as_millis(), "a turn passed its deadline");
            Err(Failure::Unavailable)
        }
    };
    // Before the decision: an owner that still holds the unit could write after it.
    let written = turn.end_writing();
    let awaits_numbers = written.failed == Some(FailedWrite::NumbersAwaited);
    let result = if awaits_numbers { Err(Failure::Unavailable) } else { judge(result, &written) };
    if result.as_ref().is_err_and(has_lost_the_disk) {
        // The engine may never write again after a disk error, not even after a read error.
        turn.shared.broken.send_replace(true);
    }
    match turn.finish(result.is_ok()).await {
        Ending::Overtaken => None,
        Ending::Committed if awaits_numbers => None,
        Ending::Committed => Some(result),
        // A success or a refusal may rest on what was lost.
        Ending::Failed => Some(match result {
            Ok(_) | Err(Failure::Refused(_)) => Err(Failure::Unavailable),
            Err(failure) => Err(failure),
        }),
    }
}

fn judge<T>(result: Result<T, Failure>, written: &Written) -> Result<T, Failure> {
    match (&result, written.failed) {
        (_, Some(FailedWrite::OverlayFull)) => {
            tracing::warn!("too much waits to be written: a turn was rolled back");
            Err(Failure::Busy)
        }
        (Ok(_), Some(FailedWrite::Other | FailedWrite::NumbersAwaited)) => {
            tracing::error!("a turn went on after a failed write; it was rolled back");
            Err(Failure::Unavailable)
        }
        (Err(Failure::Refused(refusal)), _) if !written.is_empty => {
            tracing::error!(%refusal, "a refusal came after a write; the turn was rolled back");
            result
        }
        _ => result,
    }
}

fn has_lost_the_disk(failure: &Failure) -> bool {
    matches!(failure, Failure::Store(error) if error.is_of_the_disk())
}
