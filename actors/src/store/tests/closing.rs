//! Shutdown of a store, of a runtime, of a task in the middle: nothing waits for ever.

use super::*;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Polls `it` once, as a runtime would, so that it enters the queue.
fn poll_once<F: Future>(it: F) {
    let mut it = pin!(it);
    assert!(matches!(it.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending));
}

fn another_runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

#[tokio::test]
async fn closing_completes_the_current_turn_and_rejects_the_others() {
    let store = in_memory(patient());
    let holder = Holder::begin(&store, 1).await;
    let waiting = spawn_add(&store, 2);
    until(|| store.stats().waiting == 1).await;
    let closing = tokio::spawn({
        let store = store.clone();
        async move { store.close().await }
    });
    until(|| store.shared.closing.load(Ordering::SeqCst)).await;
    holder.end().await.expect("its turn had begun");
    assert!(matches!(soon(waiting).await.unwrap(), Err(Failure::Unavailable)));
    soon(closing).await.unwrap();
    assert!(matches!(add(&store, 3).await, Err(Failure::Unavailable)));
    assert_eq!(numbers(&store), [1], "queries go on");
}

/// `close` waits in the queue when the only other request in it is dropped.
#[tokio::test]
async fn closing_commits_an_epoch_left_open_for_a_dropped_request() {
    let store = in_memory(patient());
    let elsewhere = another_runtime();
    let holder = Holder::begin(&store, 1).await;
    elsewhere.spawn({
        let store = store.clone();
        async move { add(&store, 2).await }
    });
    let drive = std::thread::spawn(move || {
        elsewhere.block_on(async {
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
        });
        elsewhere
    });
    let elsewhere = drive.join().unwrap();
    assert_eq!(store.stats().waiting, 1);
    let closing = tokio::spawn({
        let store = store.clone();
        async move { store.close().await }
    });
    until(|| store.shared.closing.load(Ordering::SeqCst)).await;
    holder.gate.open();
    // The turn was passed to the other runtime, which does not run, and then ends.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert!(!holder.answer.is_finished());
    elsewhere.shutdown_background();
    soon(holder.answer).await.unwrap().unwrap();
    soon(closing).await.unwrap();
    assert_eq!(numbers(&store), [1]);
}

#[tokio::test]
async fn a_request_dropped_while_waiting_leaves_no_epoch_open() {
    let store = in_memory(patient());
    let holder = Holder::begin(&store, 1).await;
    let elsewhere = another_runtime();
    {
        let _inside = elsewhere.enter();
        poll_once(add(&store, 2));
    }
    assert_eq!(store.stats().waiting, 1);
    holder.gate.open();
    // The epoch stays open for the waiting request, whose runtime ends without running it.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert!(!holder.answer.is_finished());
    elsewhere.shutdown_background();
    soon(holder.answer).await.unwrap().unwrap();
    assert_eq!((numbers(&store), store.stats().waiting), (vec![1], 0));
}

#[tokio::test]
async fn a_task_dropped_while_it_writes_is_undone_alone() {
    let store = in_memory(patient());
    let before = Holder::begin(&store, 1).await;
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let elsewhere = builder.worker_threads(1).enable_time().build().unwrap();
    let gate = Gate::new();
    elsewhere.spawn({
        let (store, gate) = (store.clone(), Arc::clone(&gate));
        async move {
            let work = move |unit: Unit| {
                let gate = Arc::clone(&gate);
                async move {
                    count_one(&unit, 666)?;
                    gate.pass().await;
                    Ok(())
                }
            };
            store.transact(work).await
        }
    });
    until(|| store.stats().waiting == 1).await;
    before.gate.open();
    gate.begun().await;
    assert!(!before.answer.is_finished(), "it shares the epoch");
    elsewhere.shutdown_background();
    soon(before.answer).await.unwrap().unwrap();
    assert_eq!((numbers(&store), before.gate.runs()), (vec![1], 1));
}

#[tokio::test]
async fn no_request_waits_for_an_epoch_when_the_disk_fills_up() {
    let store = in_memory(patient());
    let holder = Holder::begin(&store, 1).await;
    let waiting = spawn_add(&store, 2);
    until(|| store.stats().waiting == 1).await;
    store.shared.free_disk.fill(true);
    holder.end().await.unwrap();
    assert!(matches!(soon(waiting).await.unwrap(), Err(Failure::DiskFull)));
    assert_eq!(numbers(&store), [1]);
}

#[tokio::test]
async fn a_nearly_full_disk_rejects_changes_and_answers_queries() {
    let directory = tempfile::tempdir().unwrap();
    let store = open_or_make(directory.path(), patient()).unwrap();
    add(&store, 1).await.unwrap();
    store.close().await;
    drop(store);
    let limits = StoreLimits { min_free_disk_bytes: u64::MAX, ..patient() };
    let store = open_or_make(directory.path(), limits).unwrap();
    assert!(matches!(add(&store, 2).await, Err(Failure::DiskFull)));
    assert_eq!(numbers(&store), [1]);
}

#[tokio::test]
async fn changes_are_accepted_again_when_there_is_room() {
    let store = in_memory(patient());
    store.shared.free_disk.watch();
    assert_eq!(store.takes_no_changes(), None);
    for round in 0..3 {
        store.shared.free_disk.fill(true);
        assert!(matches!(add(&store, 100 + round).await, Err(Failure::DiskFull)));
        assert!(matches!(store.takes_no_changes(), Some(NoChanges::DiskFull { .. })));
        store.shared.free_disk.fill(false);
        add(&store, round).await.unwrap();
        assert_eq!(store.takes_no_changes(), None);
    }
    store.close().await;
    assert_eq!(store.takes_no_changes(), Some(NoChanges::Closing));
}

#[tokio::test]
async fn a_closed_store_reopens_at_once_with_every_answered_change() {
    let directory = tempfile::tempdir().unwrap();
    let mut expected = Vec::new();
    for round in 0..10 {
        let store = open_or_make(directory.path(), patient()).unwrap();
        assert_eq!(numbers(&store), expected);
        let answers: Vec<_> = (0..10).map(|it| spawn_add(&store, round * 10 + it)).collect();
        for answer in answers {
            soon(answer).await.unwrap().unwrap();
        }
        expected.extend((0..10).map(|it| round * 10 + it));
        store.close().await;
    }
}
