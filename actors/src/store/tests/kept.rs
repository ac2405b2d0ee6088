//! What is kept in memory about the rows, and how it follows the commits.

use super::*;
use crate::store::{Kept, Snapshot, StoreError, Touched};

/// The numbers of the store, and how often they were read from all rows.
struct Numbers {
    all: Vec<u64>,
    advances: usize,
}

impl Kept for Numbers {
    const SLOT: usize = 0;
    const TABLES: &'static [&'static str] = &[NUMBERS.name()];

    fn build(snapshot: &Snapshot) -> Result<Self, StoreError> {
        let rows = snapshot.range(NUMBERS, &0, None, Direction::Ascending, usize::MAX)?;
        Ok(Self { all: rows.into_iter().map(|(number, _)| number).collect(), advances: 0 })
    }

    fn advance(&self, snapshot: &Snapshot, touched: &Touched) -> Result<Self, StoreError> {
        let touched = touched.keys(NUMBERS)?;
        assert!(!touched.contains(&DEADLY), "a fault of the test");
        let mut all = self.all.clone();
        all.retain(|number| !touched.contains(number));
        for number in touched {
            all.extend(snapshot.get(NUMBERS, &number)?.map(|_| number));
        }
        all.sort_unstable();
        Ok(Self { all, advances: self.advances + 1 })
    }
}

/// The commit of this number makes [`Numbers`] panic.
const DEADLY: u64 = 4_444;

fn followed(directory: &Path) -> Store {
    let schema = numbered().following(Numbers::TABLES);
    Store::open(directory, &schema, Opening::OrMake, patient()).expect("opens")
}

fn kept(store: &Store) -> (Vec<u64>, usize) {
    let snapshot = store.snapshot();
    let kept = snapshot.kept::<Numbers>().expect("read");
    assert_eq!(kept.all, numbers(store), "it is that of the snapshot");
    (kept.all.clone(), kept.advances)
}

#[tokio::test]
async fn it_follows_every_commit_and_stays_as_it_was_for_older_snapshots() {
    let directory = tempfile::tempdir().unwrap();
    let store = followed(directory.path());
    assert!(store.snapshot().kept_now::<Numbers>().is_none(), "nothing is built unasked");
    add(&store, 3).await.unwrap();
    assert_eq!(kept(&store), (vec![3], 0));
    let old = store.snapshot();
    add(&store, 2).await.unwrap();
    let deleted = store.transact(|unit| async move {
        unit.put(COUNTERS, &ONLY, &1)?;
        Ok(unit.delete(NUMBERS, &3)?)
    });
    assert!(deleted.await.unwrap());
    assert_eq!(store.snapshot().kept_now::<Numbers>().unwrap().all, [2]);
    assert_eq!(kept(&store), (vec![2], 2));
    assert_eq!(old.kept::<Numbers>().unwrap().all, [3]);
}

#[tokio::test]
async fn what_was_built_while_commits_went_on_catches_up() {
    let directory = tempfile::tempdir().unwrap();
    let store = followed(directory.path());
    add(&store, 1).await.unwrap();
    let reader = store.snapshot();
    add(&store, 2).await.unwrap();
    add(&store, 3).await.unwrap();
    reader.kept::<Numbers>().unwrap();
    assert!(store.snapshot().kept_now::<Numbers>().is_none());
    add(&store, 4).await.unwrap();
    let snapshot = store.snapshot();
    let kept = snapshot.kept_now::<Numbers>().expect("it caught up");
    assert_eq!((kept.all.clone(), kept.advances), (vec![1, 2, 3, 4], 1));
}

#[tokio::test]
async fn what_a_turn_touched_that_was_rolled_back_is_not_in_it() {
    let directory = tempfile::tempdir().unwrap();
    let store = followed(directory.path());
    add(&store, 1).await.unwrap();
    kept(&store);
    let refused = store.transact(|unit| async move {
        count_one(&unit, 2)?;
        refusal::<()>()
    });
    refused.await.unwrap_err();
    assert_eq!(kept(&store), (vec![1], 0));
    add(&store, 3).await.unwrap();
    assert_eq!(kept(&store), (vec![1, 3], 1));
}

#[tokio::test]
async fn a_panic_costs_a_new_start_and_no_commit() {
    let directory = tempfile::tempdir().unwrap();
    let store = followed(directory.path());
    add(&store, 1).await.unwrap();
    kept(&store);
    add(&store, DEADLY).await.expect("the commit stands");
    assert!(store.snapshot().kept_now::<Numbers>().is_none());
    assert_eq!(kept(&store), (vec![1, DEADLY], 0));
    add(&store, 2).await.unwrap();
    assert_eq!(kept(&store), (vec![1, 2, DEADLY], 1));
}

#[tokio::test]
async fn a_store_that_does_not_follow_its_tables_builds_it_for_each_snapshot() {
    let directory = tempfile::tempdir().unwrap();
    let store = open_or_make(directory.path(), patient()).unwrap();
    for number in 1..4 {
        add(&store, number).await.unwrap();
        assert_eq!(kept(&store).1, 0);
    }
}

/// A store that keeps nothing, like that of the log, commits for years.
#[tokio::test]
async fn commits_that_touch_nothing_kept_leave_no_notes() {
    let store = in_memory(patient());
    for number in 0..100 {
        add(&store, number).await.unwrap();
    }
    assert_eq!(store.shared.following.noted(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_that_ask_at_the_same_time_share_one_state() {
    let directory = tempfile::tempdir().unwrap();
    let store = followed(directory.path());
    add(&store, 1).await.unwrap();
    let snapshot = store.snapshot();
    let readers: Vec<_> = (0..20)
        .map(|_| {
            let snapshot = Arc::clone(&snapshot);
            tokio::task::spawn_blocking(move || snapshot.kept::<Numbers>().unwrap())
        })
        .collect();
    let mut states = Vec::new();
    for reader in readers {
        states.push(soon(reader).await.unwrap());
    }
    assert!(states.iter().all(|state| Arc::ptr_eq(state, &states[0])));
}
