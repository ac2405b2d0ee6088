//! Turns that go on while the epoch before theirs is committed.

use super::disk::Trouble;
use super::*;

fn always() -> StoreLimits {
    StoreLimits { pipeline: Pipeline::Always, ..patient() }
}

/// A store whose first epoch, with the number 1, waits for the disk.
async fn committing(disk: &Disk) -> (Store, JoinHandle<Result<(), Failure>>) {
    let store = on(disk, always());
    disk.stall();
    let first = spawn_add(&store, 1);
    until(|| disk.is_stalling()).await;
    (store, first)
}

#[tokio::test]
async fn a_turn_sees_what_is_being_committed_and_waits_for_it() {
    let disk = Disk::new();
    let (store, first) = committing(&disk).await;
    let seen = Gate::new();
    let reader = tokio::spawn({
        let (store, seen) = (store.clone(), Arc::clone(&seen));
        async move {
            let work = move |unit: Unit| {
                let seen = Arc::clone(&seen);
                async move {
                    let found = (unit.get(NUMBERS, &1)?, unit.count(NUMBERS)?);
                    seen.begun.add_permits(1);
                    Ok(found)
                }
            };
            store.transact(work).await
        }
    });
    seen.begun().await;
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    assert!(!reader.is_finished(), "it has read what may still be lost");
    assert_eq!(numbers(&store), [] as [u64; 0], "queries see what is durable");
    disk.go_on();
    soon(first).await.unwrap().unwrap();
    assert_eq!(soon(reader).await.unwrap().unwrap(), (Some(0), 1));
    assert_eq!(store.stats().commits, 1, "a turn that only read costs no commit");
}

#[tokio::test]
async fn turns_during_a_commit_share_the_next_one() {
    let disk = Disk::new();
    let (store, first) = committing(&disk).await;
    let others: Vec<_> = (2..100).map(|number| spawn_add(&store, number)).collect();
    until(|| store.stats().waiting == 0).await;
    for _ in 0..500 {
        tokio::task::yield_now().await;
    }
    assert!(others.iter().all(|other| !other.is_finished()));
    disk.go_on();
    for answer in std::iter::once(first).chain(others) {
        soon(answer).await.unwrap().unwrap();
    }
    assert_eq!(numbers(&store), (1..100).collect::<Vec<_>>());
    assert_eq!(store.stats().commits, 2);
}

/// The second epoch deletes, replaces and adds over the first one, which is over a durable one.
#[tokio::test]
async fn a_walk_sees_three_levels_as_one() {
    let disk = Disk::new();
    let store = on(&disk, always());
    let base = |unit: Unit| async move {
        for number in [10, 20, 30, 40, 50] {
            unit.put(NUMBERS, &number, &0)?;
        }
        Ok(())
    };
    store.transact(base).await.unwrap();
    disk.stall();
    let middle = tokio::spawn({
        let store = store.clone();
        let work = |unit: Unit| async move {
            unit.delete(NUMBERS, &20)?;
            unit.put(NUMBERS, &25, &1)?;
            unit.put(NUMBERS, &30, &1)?;
            unit.delete(NUMBERS, &50)?;
            Ok(unit.put(NUMBERS, &60, &1)?)
        };
        async move { store.transact(work).await }
    });
    until(|| disk.is_stalling()).await;
    let newest = tokio::spawn({
        let store = store.clone();
        let work = |unit: Unit| async move {
            unit.put(NUMBERS, &20, &2)?;
            unit.delete(NUMBERS, &25)?;
            unit.delete(NUMBERS, &10)?;
            unit.put(NUMBERS, &60, &2)?;
            let up = unit.range(NUMBERS, &0, None, Direction::Ascending, 10)?;
            let mut down = unit.range(NUMBERS, &0, None, Direction::Descending, 10)?;
            down.reverse();
            assert_eq!(up, down);
            let two = unit.range(NUMBERS, &0, Some(&60), Direction::Descending, 2)?;
            Ok((up, two, unit.count(NUMBERS)?))
        };
        async move { store.transact(work).await }
    });
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    disk.go_on();
    soon(middle).await.unwrap().unwrap();
    let (rows, two, count) = soon(newest).await.unwrap().unwrap();
    assert_eq!((rows.as_slice(), count), (&[(20, 2), (30, 1), (40, 0), (60, 2)][..], 4));
    assert_eq!(two, [(40, 0), (30, 1)]);
}

/// What the second epoch read from the first never came to be, so it must not be written.
#[tokio::test]
async fn an_epoch_on_top_of_one_that_failed_is_never_written() {
    for trouble in [Trouble::SyncFails, Trouble::SyncedButFails, Trouble::Panics] {
        let disk = Disk::new();
        let store = on(&disk, always());
        add(&store, 0).await.unwrap();
        disk.stall();
        let first = spawn_add(&store, 1);
        until(|| disk.is_stalling()).await;
        let second = spawn_add(&store, 2);
        let third = tokio::spawn({
            let store = store.clone();
            let read = |unit: Unit| async move { Ok(unit.get(NUMBERS, &1)?) };
            async move { store.transact(read).await }
        });
        until(|| store.stats().waiting == 0).await;
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        disk.fail(trouble);
        disk.go_on();
        for answer in [soon(first).await.unwrap(), soon(second).await.unwrap()] {
            assert!(matches!(answer, Err(Failure::Unavailable)), "{trouble:?}: {answer:?}");
        }
        assert!(soon(third).await.unwrap().is_err(), "it read what may not be");
        soon(store.close()).await;
        assert_eq!(numbers(&store), [0]);
        for seed in 0..20 {
            let after = on(&disk.after_power_loss(&mut Dice(seed)), patient());
            let found = numbers(&after);
            assert!(matches!(found.as_slice(), [0] | [0, 1]), "{trouble:?}: {found:?}");
        }
    }
}

#[tokio::test]
async fn closing_waits_for_both_epochs() {
    let disk = Disk::new();
    let (store, first) = committing(&disk).await;
    let second = spawn_add(&store, 2);
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    let closing = tokio::spawn({
        let store = store.clone();
        async move { store.close().await }
    });
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    assert!(!closing.is_finished());
    disk.go_on();
    soon(closing).await.unwrap();
    assert_eq!(numbers(&store), [1, 2]);
    soon(first).await.unwrap().unwrap();
    soon(second).await.unwrap().unwrap();
}

/// Counters and row counts continue over the epoch that is being committed.
#[tokio::test]
async fn numbers_go_on_over_an_epoch_that_is_being_committed() {
    let disk = Disk::new();
    let store = on(&disk, always());
    disk.stall();
    let take = |unit: Unit| async move { Ok((unit.next_number("kind")?, unit.counted()?)) };
    let takers: Vec<_> = (0..3)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.transact(take).await })
        })
        .collect();
    until(|| disk.is_stalling() && store.stats().waiting == 0).await;
    disk.go_on();
    let mut taken = Vec::new();
    for taker in takers {
        let (number, counted) = soon(taker).await.unwrap().unwrap();
        assert_eq!(counted, [("kind".to_owned(), number)]);
        taken.push(number);
    }
    assert_eq!(taken, [1, 2, 3]);
    assert_eq!(store.snapshot().last_number("kind").unwrap(), 3);
}
