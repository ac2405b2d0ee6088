//! Several processes on one store: handles of one store whose leases have different holders.

use super::rows::{self, LeaseRow};
use super::stored::ROWS;
use super::{Lease, LeasedWork, Leases, MAX_CLOCK_DIFFERENCE, TERM};
use crate::Failure;
use crate::check::Findings;
use crate::store::{Read, Store, Unit};
use souk_domain::UnixMillis;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

const WORK: LeasedWork = LeasedWork::Relay;
const NOW: UnixMillis = UnixMillis::new(1_700_000_000_000);
const MILLISECOND: Duration = Duration::from_millis(1);

fn store() -> (TempDir, Store) {
    let directory = tempfile::tempdir().expect("a directory");
    let store = Store::made_in(directory.path(), &crate::tables());
    (directory, store)
}

async fn turn<T: Send + 'static>(
    store: &Store,
    work: impl Fn(&Unit) -> Result<T, Failure> + Clone + Send + Sync + 'static,
) -> Result<T, Failure> {
    let work = move |unit: Unit| {
        let work = work.clone();
        async move { work(&unit) }
    };
    store.transact(work).await
}

async fn take(store: &Store, holder: &'static str, now: UnixMillis) -> Option<u64> {
    turn(store, move |unit| rows::take(unit, WORK, holder, now)).await.expect("a turn")
}

async fn renew(store: &Store, holder: &'static str, fence: u64, now: UnixMillis) -> bool {
    turn(store, move |unit| rows::renew(unit, WORK, holder, fence, now)).await.expect("a turn")
}

async fn release(store: &Store, holder: &'static str, fence: u64) {
    turn(store, move |unit| rows::release(unit, WORK, holder, fence)).await.expect("a turn");
}

fn row(store: &Store) -> Option<LeaseRow> {
    store.snapshot().get(ROWS, &WORK.name().to_owned()).expect("read")
}

fn lease(holder: &str, fence: u64) -> Lease {
    Lease::taken(WORK, holder.to_owned(), fence, Instant::now())
}

#[tokio::test]
async fn another_process_takes_a_lease_over_after_its_term_and_not_before() {
    let (_directory, store) = store();
    assert_eq!(take(&store, "a", NOW).await, Some(1));
    let end = NOW.after(TERM);
    for early in [NOW, end.before(MILLISECOND)] {
        assert_eq!(take(&store, "b", early).await, None);
        assert!(!rows::is_free(&*store.snapshot(), WORK, "b", early).expect("read"));
    }
    assert!(rows::is_free(&*store.snapshot(), WORK, "b", end).expect("read"));
    assert_eq!(take(&store, "b", end).await, Some(2));
    assert!(!renew(&store, "a", 1, end).await);
    assert_eq!(take(&store, "a", end).await, None);
}

#[tokio::test]
async fn a_renewed_lease_lasts_another_term() {
    let (_directory, store) = store();
    take(&store, "a", NOW).await;
    let later = NOW.after(TERM - MILLISECOND);
    assert!(renew(&store, "a", 1, later).await);
    assert_eq!(take(&store, "b", NOW.after(TERM)).await, None);
    // A clock that was set back ends no lease early.
    assert!(renew(&store, "a", 1, NOW).await);
    assert_eq!(take(&store, "b", later.after(TERM - MILLISECOND)).await, None);
    // Nobody has taken it meanwhile, so it can still be renewed.
    assert!(renew(&store, "a", 1, later.after(TERM * 2)).await);
}

#[tokio::test]
async fn a_released_lease_is_free_at_once_and_its_fences_rise() {
    let (_directory, store) = store();
    take(&store, "a", NOW).await;
    release(&store, "a", 1).await;
    assert!(!renew(&store, "a", 1, NOW).await, "a released lease is not renewed");
    assert_eq!(take(&store, "b", NOW).await, Some(2));
    release(&store, "a", 1).await;
    assert_eq!(take(&store, "c", NOW).await, None, "only its holder releases it");
    // The same process may take its own lease again, for instance after a panic.
    assert_eq!(take(&store, "b", NOW).await, Some(3));
    assert!(!renew(&store, "b", 2, NOW).await);
}

#[tokio::test]
async fn a_turn_of_an_earlier_holder_is_refused_and_leaves_nothing() {
    let (_directory, store) = store();
    take(&store, "a", NOW).await;
    let old = lease("a", 1);
    let guarded = old.guarded(&store);
    let count = |unit: &Unit| Ok(unit.next_number("tests")?);
    assert_eq!(turn(&guarded, count).await.expect("held"), 1);

    take(&store, "b", NOW.after(TERM)).await;
    assert!(!old.is_over(), "a process that was stopped does not know it yet");
    let refused = turn(&guarded, count).await.expect_err("refused");
    assert!(matches!(refused, Failure::LeaseLost { work: "relay" }), "{refused:?}");
    assert!(old.is_over(), "the refusal ends its work");
    assert_eq!(turn(&lease("b", 2).guarded(&store), count).await.expect("held"), 2);

    release(&store, "b", 2).await;
    for (holder, fence) in [("b", 2), ("b", 1), ("a", 2)] {
        let refused = turn(&lease(holder, fence).guarded(&store), count).await;
        assert!(matches!(refused, Err(Failure::LeaseLost { .. })), "{holder} {fence}");
    }
    assert_eq!(turn(&store, count).await.expect("unguarded"), 3);
}

#[tokio::test]
async fn a_holder_stops_before_another_may_take_over() {
    let asked = Instant::now();
    let nearly_over = asked.checked_sub(TERM - MAX_CLOCK_DIFFERENCE).expect("an instant");
    let lease = Lease::taken(WORK, "a".to_owned(), 1, nearly_over);
    assert!(lease.is_over());
    let taken = lease.on_shared_store().expect("on a shared store");
    taken.renewed(asked);
    assert!(!lease.is_over());
    taken.lose();
    assert!(lease.is_over(), "what is lost stays lost");
    taken.renewed(Instant::now());
    assert!(lease.is_over());
}

/// One process's work: reports each session's start and end, and ends a session by `end`.
struct Worker {
    starts: mpsc::UnboundedReceiver<Lease>,
    running: Arc<AtomicUsize>,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<Option<Result<(), Failure>>>,
}

/// Counts the sessions that are running.
struct Running(Arc<AtomicUsize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Worker {
    fn start(leases: &Leases, running: &Arc<AtomicUsize>) -> Self {
        let (started, starts) = mpsc::unbounded_channel();
        let (stop, stopped) = watch::channel(false);
        let (leases, counted) = (leases.clone(), Arc::clone(running));
        let task = tokio::spawn(async move {
            let session = |lease: Lease| {
                let (mut stopped, started) = (stopped.clone(), started.clone());
                counted.fetch_add(1, Ordering::SeqCst);
                let running = Running(Arc::clone(&counted));
                async move {
                    let _running = running;
                    started.send(lease).expect("the test listens");
                    let _ = stopped.wait_for(|stop| *stop).await;
                    Ok(())
                }
            };
            leases.run_while_held(WORK, stopped.clone(), session).await
        });
        Self { starts, running: Arc::clone(running), stop, task }
    }

    async fn started(&mut self) -> Lease {
        let started = tokio::time::timeout(Duration::from_secs(30), self.starts.recv()).await;
        started.expect("it starts").expect("it runs")
    }

    async fn stop(self) -> Option<Result<(), Failure>> {
        self.stop.send_replace(true);
        self.task.await.expect("it ends")
    }
}

#[tokio::test]
async fn work_runs_in_one_process_and_moves_when_its_lease_is_released_or_lost() {
    let (_directory, store) = store();
    let running = Arc::new(AtomicUsize::new(0));
    let [first, second] = ["a", "b"].map(|holder| Leases::shared(&store, holder.to_owned()));
    let mut one = Worker::start(&first, &running);
    let lease = one.started().await;
    assert!(first.held().iter().any(|held| held.work == WORK && held.is_held));
    let mut other = Worker::start(&second, &running);

    // A clean stop hands the work over, although the term has not ended.
    assert!(one.stop().await.expect("it ran").is_ok());
    assert!(lease.is_over());
    let lease = other.started().await;
    assert_eq!(running.load(Ordering::SeqCst), 1);
    assert_eq!(row(&store).map(|row| (row.holder, row.fence)), Some(("b".to_owned(), 2)));

    // A third process takes it over, as if the second had been stopped for longer than its term.
    let late = crate::clock::now().after(TERM);
    assert_eq!(take(&store, "c", late).await, Some(3));
    while running.load(Ordering::SeqCst) > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(lease.is_over());
    assert!(second.held().iter().all(|held| !held.is_held));

    // Once the third has released it, the second begins a new session.
    release(&store, "c", 3).await;
    other.started().await;
    assert_eq!(other.running.load(Ordering::SeqCst), 1);
    assert_eq!(row(&store).map(|row| (row.holder, row.fence)), Some(("b".to_owned(), 4)));
    assert!(other.stop().await.expect("it ran").is_ok());
    assert_eq!(row(&store).map(|row| row.until), Some(UnixMillis::new(0)));
}

#[tokio::test]
async fn a_holder_renews_its_lease_while_its_work_runs() {
    let (_directory, store) = store();
    let look_every = Duration::from_millis(10);
    let leases = Leases::shared_looking(&store, "a".to_owned(), look_every * 2, look_every);
    let running = Arc::new(AtomicUsize::new(0));
    let mut worker = Worker::start(&leases, &running);
    let lease = worker.started().await;
    let first = row(&store).expect("taken");
    let mut commits = store.commits();
    while row(&store).expect("taken").until <= first.until {
        commits.changed().await.expect("the store is open");
    }
    assert!(!lease.is_over());
    assert_eq!(row(&store).expect("taken").fence, first.fence);
    assert!(worker.stop().await.expect("it ran").is_ok());
}

#[tokio::test]
async fn a_refused_turn_ends_the_session_and_its_error_is_no_failure_of_the_work() {
    let (_directory, store) = store();
    let leases = Leases::shared(&store, "a".to_owned());
    let (_stop, stopped) = watch::channel(false);
    let sessions = Arc::new(AtomicUsize::new(0));
    let session = |lease: Lease| {
        let (store, number) = (store.clone(), sessions.fetch_add(1, Ordering::SeqCst));
        async move {
            if number == 0 {
                take(&store, "b", crate::clock::now().after(TERM)).await;
                release(&store, "b", 2).await;
            }
            turn(&lease.guarded(&store), |unit| Ok(unit.next_number("tests")?)).await
        }
    };
    let ended = leases.run_while_held(WORK, stopped, session).await;
    assert_eq!(ended.expect("it ran").expect("the second session"), 1);
    assert_eq!(sessions.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn an_error_of_the_work_is_returned_and_releases_the_lease() {
    let (_directory, store) = store();
    let leases = Leases::shared(&store, "a".to_owned());
    let (stop, stopped) = watch::channel(false);
    let fails = |_: Lease| async { Err::<(), _>(Failure::Busy) };
    let ended = leases.run_while_held(WORK, stopped.clone(), fails).await;
    assert!(matches!(ended, Some(Err(Failure::Busy))));
    assert_eq!(take(&store, "b", crate::clock::now()).await, Some(2));

    stop.send_replace(true);
    let ended = leases.run_while_held(WORK, stopped, fails).await;
    assert!(ended.is_none(), "another process has it, and a stop is requested");
}

#[tokio::test]
async fn what_an_aborted_session_held_is_released_when_the_process_closes() {
    let (_directory, store) = store();
    let leases = Leases::shared(&store, "a".to_owned());
    let running = Arc::new(AtomicUsize::new(0));
    let mut worker = Worker::start(&leases, &running);
    worker.started().await;
    worker.task.abort();
    assert!((&mut worker.task).await.is_err());
    assert_eq!(take(&store, "b", crate::clock::now()).await, None);
    leases.close().await;
    assert_eq!(take(&store, "b", crate::clock::now()).await, Some(2));
}

#[tokio::test]
async fn a_store_of_one_process_has_no_leases() {
    let (_directory, store) = store();
    let leases = Leases::of(&store);
    let before = store.stats();
    let (_stop, stopped) = watch::channel(false);
    let session = |lease: Lease| {
        let guarded = lease.guarded(&store);
        async move {
            assert!(!lease.is_shared() && !lease.is_over());
            turn(&guarded, |_| Ok(())).await
        }
    };
    for _ in 0..2 {
        let ended = leases.run_while_held(WORK, stopped.clone(), session).await;
        assert!(ended.expect("it ran").is_ok());
    }
    leases.close().await;
    let after = store.stats();
    assert_eq!((after.turns - before.turns, after.commits), (2, before.commits));
    assert!(row(&store).is_none() && leases.held().is_empty());
}

#[tokio::test]
async fn the_check_finds_a_row_that_no_process_writes() {
    let (_directory, store) = store();
    let bad = LeaseRow { holder: String::new(), fence: 0, until: UnixMillis::new(-1) };
    take(&store, "a", NOW).await;
    let findings = |store: &Store| {
        let mut findings = Findings::default();
        rows::check(&store.snapshot(), &mut findings).expect("read");
        findings.violations().to_vec()
    };
    assert!(findings(&store).is_empty());
    turn(&store, move |unit| Ok(unit.put(ROWS, &WORK.name().to_owned(), &bad)?))
        .await
        .expect("written");
    assert_eq!(findings(&store).len(), 3);
}
