//! Many requests in few commits, and how they affect each other.

use super::*;
use crate::store::StoreError;

/// Queues requests in this order behind a holder of the turn, then releases the holder.
async fn behind(store: &Store, waiting: usize) {
    until(|| store.stats().waiting == waiting).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_turns_are_counted_exactly_in_few_commits() {
    let store = in_memory(patient());
    let answers: Vec<_> = (0..1_000).map(|number| spawn_add(&store, number)).collect();
    for answer in answers {
        soon(answer).await.unwrap().unwrap();
    }
    assert_eq!(numbers(&store), (0..1_000).collect::<Vec<_>>());
    let stats = store.stats();
    assert_eq!((stats.turns, stats.rollbacks, stats.waiting), (1_000, 0, 0));
    assert!(stats.commits < 500, "grouped, not one by one: {stats:?}");
}

#[tokio::test]
async fn requests_that_arrive_during_a_commit_share_the_next_one() {
    let disk = Disk::new();
    let store = on(&disk, patient());
    disk.stall();
    let first = spawn_add(&store, 0);
    until(|| disk.is_stalling()).await;
    let others: Vec<_> = (1..=300).map(|number| spawn_add(&store, number)).collect();
    behind(&store, 300).await;
    disk.go_on();
    for answer in std::iter::once(first).chain(others) {
        soon(answer).await.unwrap().unwrap();
    }
    assert_eq!(numbers(&store).len(), 301);
    assert_eq!(store.stats().commits, 2);
}

#[tokio::test]
async fn an_epoch_has_a_maximum_number_of_turns() {
    let store = in_memory(StoreLimits { max_turns_per_epoch: 10, ..patient() });
    let holder = Holder::begin(&store, 0).await;
    let others: Vec<_> = (1..100).map(|number| spawn_add(&store, number)).collect();
    behind(&store, 99).await;
    holder.end().await.unwrap();
    for answer in others {
        soon(answer).await.unwrap().unwrap();
    }
    assert_eq!(store.stats().commits, 10);
}

#[tokio::test]
async fn a_large_epoch_is_committed_while_others_wait() {
    let store = in_memory(StoreLimits { max_epoch_bytes: 1, ..patient() });
    let holder = Holder::begin(&store, 0).await;
    let others: Vec<_> = (1..10).map(|number| spawn_add(&store, number)).collect();
    behind(&store, 9).await;
    holder.end().await.unwrap();
    for answer in others {
        soon(answer).await.unwrap().unwrap();
    }
    assert_eq!(store.stats().commits, 10);
}

#[tokio::test]
async fn an_old_epoch_is_committed_while_others_wait() {
    let store = in_memory(StoreLimits { max_epoch_age: Duration::ZERO, ..patient() });
    let holder = Holder::begin(&store, 0).await;
    let other = spawn_add(&store, 1);
    behind(&store, 1).await;
    holder.end().await.unwrap();
    soon(other).await.unwrap().unwrap();
    assert_eq!(store.stats().commits, 2);
}

#[tokio::test]
async fn a_panic_between_two_writes_undoes_that_turn_alone() {
    let store = in_memory(patient());
    let before = Holder::begin(&store, 1).await;
    let dying = tokio::spawn({
        let store = store.clone();
        async move {
            let work = |unit: Unit| async move {
                unit.put(NUMBERS, &666, &0)?;
                if unit.now().get() > 0 {
                    die();
                }
                unit.put(COUNTERS, &ONLY, &666).map_err(Failure::from)
            };
            store.transact(work).await
        }
    });
    behind(&store, 1).await;
    let after = spawn_add(&store, 2);
    behind(&store, 2).await;
    let runs = Arc::clone(&before.gate);
    before.end().await.unwrap();
    assert!(matches!(soon(dying).await.unwrap(), Err(Failure::Unavailable)));
    soon(after).await.unwrap().unwrap();
    assert_eq!(numbers(&store), [1, 2]);
    assert_eq!((store.stats().rollbacks, store.stats().commits), (1, 1), "they shared an epoch");
    assert_eq!(runs.runs(), 1, "the others did not notice");
}

#[tokio::test]
async fn a_panic_inside_a_read_of_the_epoch_harms_no_other_request() {
    let store = in_memory(patient());
    add(&store, 1).await.unwrap();
    let died = store
        .transact(|unit| async move {
            count_one(&unit, 666)?;
            unit.visit(NUMBERS, &0, None, Direction::Ascending, |_, _| die())?;
            Ok(())
        })
        .await;
    assert!(matches!(died, Err(Failure::Unavailable)));
    add(&store, 2).await.unwrap();
    assert_eq!(numbers(&store), [1, 2]);
}

#[tokio::test]
async fn an_owner_that_dies_over_a_unit_harms_no_other_request() {
    let store = in_memory(patient());
    let died = store
        .transact(|unit| async move {
            count_one(&unit, 666)?;
            let owner = tokio::spawn(async move {
                let _held = unit;
                die();
            });
            owner.await.map_err(|_| Failure::OwnerDied { owner: "numbers" })
        })
        .await;
    assert!(matches!(died, Err(Failure::OwnerDied { owner: "numbers" })));
    add(&store, 1).await.unwrap();
    assert_eq!(numbers(&store), [1]);
}

#[tokio::test]
async fn a_refusal_after_a_write_undoes_that_turn_alone() {
    let store = in_memory(patient());
    let before = Holder::begin(&store, 1).await;
    let refused = tokio::spawn({
        let store = store.clone();
        async move {
            let work = |unit: Unit| async move {
                count_one(&unit, 666)?;
                refusal::<()>()
            };
            store.transact(work).await
        }
    });
    behind(&store, 1).await;
    let runs = Arc::clone(&before.gate);
    before.end().await.unwrap();
    assert!(matches!(soon(refused).await.unwrap(), Err(Failure::Refused(_))));
    assert_eq!(numbers(&store), [1]);
    assert_eq!((store.stats().rollbacks, store.stats().commits, runs.runs()), (1, 1, 1));
}

#[tokio::test]
async fn a_refusal_without_a_write_shares_the_commit_of_the_others() {
    let store = in_memory(patient());
    let before = Holder::begin(&store, 1).await;
    let refused = tokio::spawn({
        let store = store.clone();
        async move { store.transact(|_| async { refusal::<()>() }).await }
    });
    behind(&store, 1).await;
    let runs = Arc::clone(&before.gate);
    before.end().await.unwrap();
    assert!(matches!(soon(refused).await.unwrap(), Err(Failure::Refused(_))));
    assert_eq!(numbers(&store), [1]);
    assert_eq!((store.stats().rollbacks, store.stats().commits, runs.runs()), (0, 1, 1));
}

#[tokio::test]
async fn a_turn_that_writes_nothing_costs_no_commit() {
    let disk = Disk::new();
    let store = on(&disk, patient());
    let syncs = disk.syncs();
    let read = store.transact(|unit| async move { Ok(unit.get(NUMBERS, &1)?) }).await.unwrap();
    assert_eq!((read, store.stats().commits, disk.syncs()), (None, 0, syncs));
}

/// What a turn undoes is what it found, whatever it did to the same rows.
#[tokio::test]
async fn a_turn_that_is_undone_leaves_every_row_and_number_as_it_found_them() {
    let store = in_memory(patient());
    for number in 1..=3 {
        add(&store, number).await.unwrap();
    }
    let before = Holder::begin(&store, 4).await;
    let dying = tokio::spawn({
        let store = store.clone();
        async move {
            let work = |unit: Unit| async move {
                assert_eq!(unit.count(NUMBERS)?, 4);
                unit.next_number("kind")?;
                for again in 0..3 {
                    unit.put(NUMBERS, &1, &again)?;
                    unit.delete(NUMBERS, &2)?;
                    unit.delete(NUMBERS, &4)?;
                    unit.put(NUMBERS, &4, &again)?;
                    unit.put(NUMBERS, &(5 + again), &0)?;
                }
                assert_eq!(unit.count(NUMBERS)?, 6);
                refusal::<()>()
            };
            store.transact(work).await
        }
    });
    behind(&store, 1).await;
    let after = tokio::spawn({
        let store = store.clone();
        async move {
            let work = |unit: Unit| async move {
                let rows = unit.range(NUMBERS, &0, None, Direction::Descending, 10)?;
                Ok((rows, unit.count(NUMBERS)?, unit.next_number("kind")?))
            };
            store.transact(work).await
        }
    });
    behind(&store, 2).await;
    before.end().await.unwrap();
    assert!(matches!(soon(dying).await.unwrap(), Err(Failure::Refused(_))));
    let found = soon(after).await.unwrap().unwrap();
    assert_eq!(found, (vec![(4, 3), (3, 2), (2, 1), (1, 0)], 4, 1));
    assert_eq!(numbers(&store), [1, 2, 3, 4]);
}

/// The memory of the epochs is bounded: a turn beyond it is refused for a moment, and loses
/// nothing.
#[tokio::test]
async fn a_turn_beyond_the_bound_of_the_overlay_is_busy_and_undone() {
    let limits = StoreLimits { max_overlay_bytes: 1_000, ..patient() };
    let store = in_memory(limits);
    let before = Holder::begin(&store, 1).await;
    let large = tokio::spawn({
        let store = store.clone();
        async move {
            let work = |unit: Unit| async move {
                for number in 100..200 {
                    // A turn that ignores the refusal is still undone.
                    let _ = unit.put(NUMBERS, &number, &0);
                }
                Ok(())
            };
            store.transact(work).await
        }
    });
    behind(&store, 1).await;
    before.end().await.unwrap();
    let answer = soon(large).await.unwrap();
    assert!(matches!(answer, Err(Failure::Busy)), "{answer:?}");
    add(&store, 2).await.unwrap();
    assert_eq!(numbers(&store), [1, 2]);
}

/// Waiting would not help a turn that is too large for an empty epoch.
#[tokio::test]
async fn a_turn_that_alone_exceeds_the_bound_of_the_overlay_is_too_large() {
    let store = in_memory(StoreLimits { max_overlay_bytes: 1_000, ..patient() });
    let large = store.transact(|unit| async move {
        for number in 100..200 {
            unit.put(NUMBERS, &number, &0)?;
        }
        Ok(())
    });
    let answer = large.await;
    let is_too_large = matches!(answer, Err(Failure::Store(StoreError::TurnTooLarge { .. })));
    assert!(is_too_large, "{answer:?}");
    add(&store, 1).await.unwrap();
    assert_eq!(numbers(&store), [1]);
}

/// A row that is replaced within a turn is kept to undo it, so it counts.
#[tokio::test]
async fn what_is_kept_to_undo_a_turn_counts_until_the_turn_has_ended() {
    let store = in_memory(StoreLimits { max_overlay_bytes: 1_000, ..patient() });
    let again = |unit: Unit| async move {
        for value in 0..100 {
            unit.put(NUMBERS, &1, &value)?;
        }
        Ok(())
    };
    assert!(store.transact(again).await.is_err(), "a hundred versions of one row");
    for _ in 0..100 {
        let once = |unit: Unit| async move { Ok(unit.put(NUMBERS, &1, &1)?) };
        store.transact(once).await.unwrap();
    }
}
