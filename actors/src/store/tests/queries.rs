//! Snapshots: what they show, and that they never wait.

use super::*;

#[tokio::test]
async fn a_snapshot_never_changes() {
    let store = in_memory(patient());
    add(&store, 1).await.unwrap();
    let old = store.snapshot();
    for number in 2..100 {
        add(&store, number).await.unwrap();
    }
    let deleted = store.transact(|unit| async move { Ok(unit.delete(NUMBERS, &1)?) }).await;
    assert!(deleted.unwrap());
    assert_eq!(old.get(NUMBERS, &1).unwrap(), Some(0));
    assert_eq!((old.get(NUMBERS, &2).unwrap(), old.count(NUMBERS).unwrap()), (None, 1));
    let new = store.snapshot();
    assert_eq!((new.get(NUMBERS, &1).unwrap(), new.count(NUMBERS).unwrap()), (None, 98));
}

#[tokio::test]
async fn an_open_turn_is_invisible_to_queries_and_does_not_block_them() {
    let store = in_memory(patient());
    add(&store, 1).await.unwrap();
    let holder = Holder::begin(&store, 2).await;
    assert_eq!(numbers(&store), [1]);
    holder.end().await.unwrap();
    assert_eq!(numbers(&store), [1, 2]);
}

#[tokio::test]
async fn a_delayed_commit_is_invisible_to_queries_and_does_not_block_them() {
    let disk = Disk::new();
    let store = on(&disk, patient());
    add(&store, 1).await.unwrap();
    disk.stall();
    let slow = spawn_add(&store, 2);
    until(|| disk.is_stalling()).await;
    assert_eq!(numbers(&store), [1]);
    assert!(!slow.is_finished(), "nothing is answered before it is durable");
    disk.go_on();
    soon(slow).await.unwrap().unwrap();
    assert_eq!(numbers(&store), [1, 2]);
}

#[tokio::test]
async fn each_commit_wakes_its_followers_after_it_is_readable() {
    let store = in_memory(patient());
    let mut commits = store.commits();
    for number in 1..10 {
        let adding = spawn_add(&store, number);
        soon(commits.changed()).await.unwrap();
        assert_eq!((*commits.borrow_and_update(), numbers(&store).len() as u64), (number, number));
        soon(adding).await.unwrap().unwrap();
    }
}

/// Old pages are reused: a store that repeatedly changes one row does not grow.
#[tokio::test]
async fn dropped_snapshots_keep_no_pages() {
    let disk = Disk::new();
    let store = on(&disk, patient());
    for _ in 0..20 {
        add_again(&store).await;
    }
    let early = redb::StorageBackend::len(&disk).unwrap();
    for _ in 0..500 {
        add_again(&store).await;
    }
    assert_eq!(redb::StorageBackend::len(&disk).unwrap(), early);
}

async fn add_again(store: &Store) {
    let work = |unit: Unit| async move { Ok(unit.put(NUMBERS, &1, &1)?) };
    store.transact(work).await.unwrap();
}
