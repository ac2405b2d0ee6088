//! Several stores on one PostgreSQL database: what a count may hide, and what a copy of the rows may miss.

use super::shared::{connect, new_database, open_in};
use super::{ONLY, TABLES, refusal, soon, until};
use crate::Failure;
use crate::store::tests::{COUNTERS, NUMBERS};
use crate::store::{Read, Store, Unit};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Barrier;

/// A program that does not know the table of the counters yet.
const FEWER_TABLES: &[&str] = &["numbers"];

async fn put(store: &Store, number: u64) {
    let work = move |unit: Unit| async move { Ok(unit.put(NUMBERS, &number, &number)?) };
    store.transact(work).await.unwrap();
}

/// Closes a store, and returns when its copy can be opened again.
async fn closed(store: Store, directory: &Path) {
    store.close().await;
    drop(store);
    let file = directory.join("souk.copy.redb");
    until(|| redb::Database::open(&file).is_ok()).await;
}

/// Removes a row unless it is the last. The first time, it waits for the other one to have counted too.
async fn leave(store: Store, row: u64, both_counted: Arc<Barrier>) -> Result<(), Failure> {
    let tries = Arc::new(AtomicUsize::new(0));
    let work = move |unit: Unit| {
        let (both_counted, is_first) =
            (Arc::clone(&both_counted), tries.fetch_add(1, Ordering::SeqCst) == 0);
        async move {
            let count = unit.count(NUMBERS)?;
            if is_first {
                both_counted.wait().await;
            }
            if count < 2 {
                return refusal();
            }
            unit.delete(NUMBERS, &row)?;
            Ok(())
        }
    };
    store.transact(work).await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_leave_at_once_at_two_processes_one_stays() {
    let url = new_database().await;
    let directories = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let stores = directories.each_ref().map(|it| open_in(it.path(), &url, TABLES));
    put(&stores[0], 1).await;
    put(&stores[0], 2).await;
    stores[1].catch_up().await.unwrap();

    let both_counted = Arc::new(Barrier::new(2));
    let [one, other] = stores.clone();
    let (one, other) = soon(async {
        tokio::join!(leave(one, 1, Arc::clone(&both_counted)), leave(other, 2, both_counted))
    })
    .await;

    assert_eq!(usize::from(one.is_ok()) + usize::from(other.is_ok()), 1, "{one:?} {other:?}");
    stores[0].catch_up().await.unwrap();
    assert_eq!(stores[0].snapshot().count(NUMBERS).unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_an_older_program_used_misses_no_row_afterwards() {
    let url = new_database().await;
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    closed(open_in(here.path(), &url, TABLES), here.path()).await;
    let newer = open_in(there.path(), &url, TABLES);
    let older = open_in(here.path(), &url, FEWER_TABLES);

    let count = |unit: Unit| async move { Ok(unit.put(COUNTERS, &ONLY, &7)?) };
    newer.transact(count).await.unwrap();
    put(&newer, 1).await;
    older.catch_up().await.unwrap();
    assert_eq!(older.snapshot().get(NUMBERS, &1).unwrap(), Some(1));
    closed(older, here.path()).await;

    let upgraded = open_in(here.path(), &url, TABLES);
    assert_eq!(upgraded.snapshot().get(COUNTERS, &ONLY).unwrap(), Some(7));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_in_the_log_stops_a_process_and_is_not_passed_over() {
    let url = new_database().await;
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open_in(here.path(), &url, TABLES);
    put(&store, 1).await;
    closed(store, here.path()).await;
    let other = open_in(there.path(), &url, TABLES);
    for number in 2..=4 {
        put(&other, number).await;
    }
    let second_last = "DELETE FROM souk_epochs WHERE no = (SELECT last - 1 FROM souk_epoch)";
    connect(&url).await.batch_execute(second_last).await.unwrap();

    let behind = open_in(here.path(), &url, TABLES);
    let mut broken = behind.broken();
    soon(broken.wait_for(|broken| *broken)).await.unwrap();
    assert!(behind.catch_up().await.is_err(), "what it knows is not the latest");
    assert_eq!(behind.snapshot().get(NUMBERS, &4).unwrap(), None);
}
