//! Many requests in few commits, and how they affect each other.

use super::*;

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
    assert_eq!((stats.turns, stats.aborts, stats.waiting), (1_000, 0, 0));
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
async fn a_panic_between_two_writes_undoes_that_turn_and_the_others_run_again() {
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
    assert_eq!(store.stats().aborts, 1);
    assert_eq!(runs.runs(), 2, "it shared the epoch that was thrown away");
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
async fn a_refusal_after_a_write_undoes_it_and_the_others_run_again() {
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
    before.end().await.unwrap();
    assert!(matches!(soon(refused).await.unwrap(), Err(Failure::Refused(_))));
    assert_eq!(numbers(&store), [1]);
    assert_eq!(store.stats().aborts, 1);
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
    assert_eq!((store.stats().aborts, store.stats().commits, runs.runs()), (0, 1, 1));
}

#[tokio::test]
async fn a_turn_that_writes_nothing_costs_no_commit() {
    let disk = Disk::new();
    let store = on(&disk, patient());
    let syncs = disk.syncs();
    let read = store.transact(|unit| async move { Ok(unit.get(NUMBERS, &1)?) }).await.unwrap();
    assert_eq!((read, store.stats().commits, disk.syncs()), (None, 0, syncs));
}

/// Other turns abort its epoch every time; its last attempt is committed before they can.
#[tokio::test]
async fn a_request_that_others_undo_repeatedly_succeeds_at_its_last_attempt() {
    let store = in_memory(StoreLimits { max_attempts: 3, ..patient() });
    let gate = Gate::new();
    let unlucky = tokio::spawn({
        let (store, gate) = (store.clone(), Arc::clone(&gate));
        async move {
            let work = move |unit: Unit| {
                let gate = Arc::clone(&gate);
                async move {
                    count_one(&unit, 1)?;
                    gate.runs.fetch_add(1, Ordering::SeqCst);
                    gate.begun.add_permits(1);
                    gate.go_on.acquire().await.unwrap().forget();
                    Ok(())
                }
            };
            store.transact(work).await
        }
    });
    for _ in 0..3 {
        gate.begun().await;
        let dying = tokio::spawn({
            let store = store.clone();
            async move { store.transact(|_| async { die() }).await as Result<(), Failure> }
        });
        behind(&store, 1).await;
        gate.open();
        assert!(matches!(soon(dying).await.unwrap(), Err(Failure::Unavailable)));
    }
    soon(unlucky).await.unwrap().unwrap();
    assert_eq!((numbers(&store), gate.runs()), (vec![1], 3));
}
