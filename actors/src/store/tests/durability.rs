//! A failing disk: no request gets a false success, and the next start finds all of an epoch or
//! nothing.

use super::disk::Trouble;
use super::*;

/// Adds two numbers in one epoch while the disk fails. Returns the answers.
async fn add_two_in_trouble(store: &Store) -> [Result<(), Failure>; 2] {
    let first = Holder::begin(store, 1).await;
    let second = spawn_add(store, 2);
    until(|| store.stats().waiting == 1).await;
    [first.end().await, soon(second).await.unwrap()]
}

async fn expect_broken(store: &Store, numbers_before: &[u64]) {
    let mut broken = store.broken();
    soon(broken.wait_for(|is_broken| *is_broken)).await.unwrap();
    assert!(matches!(add(store, 9).await, Err(Failure::Unavailable)));
    assert_eq!(numbers(store), numbers_before, "queries go on with what was committed");
    soon(store.close()).await;
}

fn all_or_nothing(found: &[u64]) {
    assert!(matches!(found, [0] | [0, 1, 2]), "{found:?}");
}

#[tokio::test]
async fn a_failed_commit_fails_every_request_and_stops_the_store() {
    for trouble in [Trouble::SyncFails, Trouble::SyncedButFails, Trouble::Panics] {
        for good_syncs in 0..2 {
            let disk = Disk::new();
            let store = on(&disk, patient());
            add(&store, 0).await.unwrap();
            disk.fail_after(good_syncs, trouble);
            let answers = add_two_in_trouble(&store).await;
            if answers.iter().all(Result::is_ok) {
                assert_eq!(good_syncs, 1, "one sync was all it needed");
                disk.heal();
                continue;
            }
            for answer in answers {
                assert!(matches!(answer, Err(Failure::Unavailable)), "{trouble:?}: {answer:?}");
            }
            expect_broken(&store, &[0]).await;
            for seed in 0..50 {
                let disk = disk.after_power_loss(&mut Dice(seed));
                let store = on(&disk, patient());
                all_or_nothing(&numbers(&store));
                add(&store, 3).await.expect("a store that was repaired is as good as any");
            }
        }
    }
}

/// redb never writes again after a read error, so the process must restart then too.
#[tokio::test]
async fn a_failed_read_stops_the_store() {
    let disk = Disk::new();
    let store = with_builder(redb::Builder::new().set_cache_size(0), &disk, patient());
    add(&store, 0).await.unwrap();
    disk.fail(Trouble::ReadFails);
    assert!(store.snapshot().get(NUMBERS, &0).is_err());
    assert!(matches!(add(&store, 1).await, Err(Failure::Store(_))));
    let mut broken = store.broken();
    soon(broken.wait_for(|is_broken| *is_broken)).await.unwrap();
    assert!(matches!(add(&store, 2).await, Err(Failure::Unavailable)));
    soon(store.close()).await;
}

/// A write without room is retried until there is room; no request succeeds before.
#[tokio::test]
async fn a_commit_on_a_full_disk_waits_for_room_and_the_store_lives_on() {
    for trouble in [Trouble::NoRoom, Trouble::NoQuota] {
        let disk = Disk::new();
        let store = on(&disk, patient());
        add(&store, 0).await.unwrap();
        disk.fail(trouble);
        let answers = add_two_in_trouble(&store).await;
        for answer in answers {
            assert!(matches!(answer, Err(Failure::DiskFull)), "{trouble:?}: {answer:?}");
        }
        assert!(matches!(store.takes_no_changes(), Some(NoChanges::DiskFull { .. })));
        assert!(matches!(soon(add(&store, 9)).await, Err(Failure::DiskFull)), "refused at once");
        assert_eq!(numbers(&store), [0], "queries go on");
        for seed in 0..20 {
            all_or_nothing(&numbers(&on(&disk.after_power_loss(&mut Dice(seed)), patient())));
        }

        disk.heal();

        until(|| store.takes_no_changes().is_none()).await;
        add(&store, 3).await.unwrap();
        assert_eq!(numbers(&store), [0, 1, 2, 3], "what waited was written, once");
        assert!(!*store.broken().borrow());
        soon(store.close()).await;
    }
}

#[tokio::test]
async fn a_store_on_a_full_disk_can_be_closed_and_opened_again() {
    let disk = Disk::new();
    let store = on(&disk, patient());
    add(&store, 0).await.unwrap();
    disk.fail(Trouble::NoRoom);
    assert!(matches!(add(&store, 1).await, Err(Failure::DiskFull)));
    soon(store.close()).await;
    drop(store);
    let found = numbers(&on(&disk.after_power_loss(&mut Dice(7)), patient()));
    assert!(matches!(found.as_slice(), [0] | [0, 1]), "{found:?}");
}

#[tokio::test]
async fn a_failed_read_inside_a_turn_undoes_it_and_stops_the_store() {
    let disk = Disk::new();
    let store = with_builder(redb::Builder::new().set_cache_size(0), &disk, patient());
    add(&store, 0).await.unwrap();
    let holder = Holder::begin(&store, 1).await;
    let failing = tokio::spawn({
        let (store, disk) = (store.clone(), disk.clone());
        async move {
            let work = move |unit: Unit| {
                disk.fail(Trouble::ReadFails);
                async move { count_one(&unit, 2) }
            };
            store.transact(work).await
        }
    });
    until(|| store.stats().waiting == 1).await;
    assert!(holder.end().await.is_err());
    assert!(soon(failing).await.unwrap().is_err());
    drop(store);
    let store = on(&disk.after_power_loss(&mut Dice(1)), patient());
    assert_eq!(numbers(&store), [0]);
}

#[tokio::test]
async fn waiting_requests_are_refused_when_the_store_breaks() {
    let disk = Disk::new();
    let store = on(&disk, patient());
    disk.stall();
    let committing = spawn_add(&store, 0);
    until(|| disk.is_stalling()).await;
    let waiting: Vec<_> = (1..50).map(|number| spawn_add(&store, number)).collect();
    until(|| store.stats().waiting == 49).await;
    disk.fail(Trouble::SyncFails);
    disk.go_on();
    for answer in std::iter::once(committing).chain(waiting) {
        assert!(matches!(soon(answer).await.unwrap(), Err(Failure::Unavailable)));
    }
    expect_broken(&store, &[]).await;
}

/// Every answered change survives, whatever was in progress when the power failed.
#[tokio::test]
async fn every_answered_change_survives_a_power_loss() {
    let disk = Disk::new();
    let store = on(&disk, patient());
    for number in 0..20 {
        add(&store, number).await.unwrap();
        let holder = Holder::begin(&store, 1_000).await;
        for seed in 0..3 {
            let after = on(&disk.after_power_loss(&mut Dice(seed)), patient());
            assert_eq!(numbers(&after), (0..=number).collect::<Vec<_>>());
        }
        holder.answer.abort();
        holder.gate.open();
        until(|| store.snapshot().get(NUMBERS, &1_000).unwrap().is_some()).await;
        let undo = |unit: Unit| async move {
            unit.delete(NUMBERS, &1_000)?;
            let counted = unit.get(COUNTERS, &ONLY)?.unwrap();
            Ok(unit.put(COUNTERS, &ONLY, &(counted - 1))?)
        };
        store.transact(undo).await.unwrap();
    }
}
