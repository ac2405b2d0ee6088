//! A single turn: its rights, its end, and that it can do nothing afterwards.

use super::*;
use crate::store::StoreError;
use std::sync::Mutex;
use tokio::sync::oneshot;

#[tokio::test]
async fn every_answered_change_is_in_the_next_snapshot() {
    let store = in_memory(patient());
    for number in 0..50 {
        add(&store, number).await.unwrap();
        assert_eq!(store.snapshot().get(NUMBERS, &number).unwrap(), Some(number));
    }
}

#[tokio::test]
async fn a_turn_sees_what_it_wrote_and_what_earlier_turns_of_its_epoch_wrote() {
    let store = in_memory(patient());
    let first = Holder::begin(&store, 1).await;
    let second = tokio::spawn({
        let store = store.clone();
        async move {
            let work = |unit: Unit| async move {
                unit.put(NUMBERS, &2, &20)?;
                assert!(unit.delete(NUMBERS, &2)? && !unit.delete(NUMBERS, &2)?);
                Ok((unit.get(NUMBERS, &1)?, unit.get(NUMBERS, &2)?, unit.count(NUMBERS)?))
            };
            store.transact(work).await
        }
    });
    until(|| store.stats().waiting == 1).await;
    first.end().await.unwrap();
    assert_eq!(soon(second).await.unwrap().unwrap(), (Some(0), None, 1));
    assert_eq!(store.stats().commits, 1);
}

#[tokio::test]
async fn a_unit_is_unusable_after_its_turn() {
    let store = in_memory(patient());
    let kept = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&kept);
    let keeping = move |unit: Unit| {
        *keep.lock().unwrap() = Some(unit.clone());
        async move { count_one(&unit, 1) }
    };
    store.transact(keeping).await.unwrap();
    let stale = kept.lock().unwrap().take().unwrap();
    assert!(matches!(stale.put(NUMBERS, &666, &0), Err(StoreError::TurnOver)));

    // Not even while the next turn is open, in the same epoch or another.
    let holder = Holder::begin(&store, 2).await;
    assert!(matches!(stale.put(NUMBERS, &666, &0), Err(StoreError::TurnOver)));
    assert!(matches!(stale.delete(NUMBERS, &1), Err(StoreError::TurnOver)));
    assert!(matches!(stale.get(NUMBERS, &1), Err(StoreError::TurnOver)));
    assert!(matches!(stale.count(NUMBERS), Err(StoreError::TurnOver)));
    holder.end().await.unwrap();
    assert_eq!(numbers(&store), [1, 2]);
}

#[tokio::test]
async fn a_unit_of_an_earlier_turn_cannot_write_into_the_epoch_they_share() {
    let store = in_memory(patient());
    let kept = Arc::new(Mutex::new(None));
    let gate = Gate::new();
    let first = tokio::spawn({
        let (store, gate, kept) = (store.clone(), Arc::clone(&gate), Arc::clone(&kept));
        async move {
            let work = move |unit: Unit| {
                let gate = Arc::clone(&gate);
                *kept.lock().unwrap() = Some(unit.clone());
                async move {
                    count_one(&unit, 1)?;
                    gate.pass().await;
                    Ok(())
                }
            };
            store.transact(work).await
        }
    });
    gate.begun().await;
    let next = tokio::spawn({
        let store = store.clone();
        async move {
            let work = move |unit: Unit| {
                let stale = kept.lock().unwrap().clone().unwrap();
                async move {
                    assert!(matches!(stale.put(NUMBERS, &666, &0), Err(StoreError::TurnOver)));
                    count_one(&unit, 2)
                }
            };
            store.transact(work).await
        }
    });
    until(|| store.stats().waiting == 1).await;
    gate.open();
    soon(first).await.unwrap().unwrap();
    soon(next).await.unwrap().unwrap();
    assert_eq!((numbers(&store), store.stats().commits), (vec![1, 2], 1));
}

/// The turn's work has ended while an owner still holds its unit: the decision about the turn and
/// the end of writing must be atomic.
#[tokio::test]
async fn an_owner_cannot_write_for_a_rejected_turn() {
    let store = in_memory(patient());
    let (late, wrote) = oneshot::channel();
    let late = Arc::new(Mutex::new(Some(late)));
    let answer = store
        .transact(move |unit| {
            let late = late.lock().unwrap().take().unwrap();
            // Runs when this task first yields, which is after the refusal.
            tokio::spawn(async move { late.send(unit.put(NUMBERS, &666, &0)) });
            async { refusal::<()>() }
        })
        .await;
    assert!(matches!(answer, Err(Failure::Refused(_))));
    assert!(matches!(soon(wrote).await.unwrap(), Err(StoreError::TurnOver)));
    assert_eq!(numbers(&store), [] as [u64; 0]);
}

#[tokio::test]
async fn a_turn_past_its_deadline_is_undone_and_the_next_one_begins() {
    let store = in_memory(StoreLimits { turn_deadline: Duration::from_millis(20), ..patient() });
    let late = tokio::spawn({
        let store = store.clone();
        async move {
            let work = |unit: Unit| async move {
                count_one(&unit, 666)?;
                std::future::pending::<Result<(), Failure>>().await
            };
            store.transact(work).await
        }
    });
    let waiting = spawn_add(&store, 1);
    assert!(matches!(soon(late).await.unwrap(), Err(Failure::Unavailable)));
    soon(waiting).await.unwrap().unwrap();
    assert_eq!(numbers(&store), [1]);
}

#[tokio::test]
async fn a_turn_that_writes_too_much_is_rejected_and_undone() {
    let store = in_memory(StoreLimits { max_turn_bytes: 100, ..patient() });
    add(&store, 1).await.unwrap();
    let large = store
        .transact(|unit| async move {
            for number in 100..200 {
                unit.put(NUMBERS, &number, &0)?;
            }
            Ok(())
        })
        .await;
    let refused =
        matches!(large, Err(Failure::Store(StoreError::TurnTooLarge { max_turn_bytes: 100 })));
    assert!(refused, "{large:?}");
    add(&store, 2).await.unwrap();
    assert_eq!(numbers(&store), [1, 2]);
}

#[tokio::test]
async fn a_turn_that_ignores_a_failed_write_is_still_undone() {
    let store = in_memory(StoreLimits { max_turn_bytes: 100, ..patient() });
    let swallowing = store
        .transact(|unit| async move {
            for number in 100..200 {
                let _ = unit.put(NUMBERS, &number, &0);
            }
            Ok(())
        })
        .await;
    assert!(matches!(swallowing, Err(Failure::Unavailable)));
    assert_eq!(numbers(&store), [] as [u64; 0]);
}

#[tokio::test]
async fn a_unit_used_inside_its_own_visit_is_an_error_not_a_deadlock() {
    let store = in_memory(patient());
    add(&store, 1).await.unwrap();
    let nested = store
        .transact(|unit| async move {
            let mut inner = None;
            unit.visit(NUMBERS, &0, None, Direction::Ascending, |number, _| {
                inner = Some(unit.get(NUMBERS, &number));
                std::ops::ControlFlow::Continue(())
            })?;
            inner.unwrap()?;
            Ok(())
        })
        .await;
    assert!(matches!(nested, Err(Failure::Store(StoreError::Contradiction { .. }))));
    add(&store, 2).await.unwrap();
}

#[tokio::test]
async fn a_turn_has_a_single_time() {
    let store = in_memory(patient());
    let (first, second) = store
        .transact(|unit| async move {
            let first = unit.now();
            tokio::task::yield_now().await;
            Ok((first, unit.clone().now()))
        })
        .await
        .unwrap();
    assert_eq!(first, second);
}

/// All at once, before any of them was scheduled: the bound applies from the start.
#[tokio::test]
async fn a_request_beyond_the_waiting_bound_is_busy() {
    let store = in_memory(StoreLimits { max_waiting_turns: 5, ..patient() });
    let holder = Holder::begin(&store, 0).await;
    let answers: Vec<_> = (1..=20).map(|number| spawn_add(&store, number)).collect();
    until(|| answers.iter().filter(|answer| answer.is_finished()).count() == 15).await;
    assert_eq!(store.stats().waiting, 5);
    holder.end().await.unwrap();
    let mut done = 0;
    for answer in answers {
        match soon(answer).await.unwrap() {
            Ok(()) => done += 1,
            Err(Failure::Busy) => {}
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!((done, numbers(&store).len(), store.stats().waiting), (5, 6, 0));
}

#[tokio::test]
async fn a_turn_runs_to_its_end_after_its_caller_is_dropped() {
    let store = in_memory(patient());
    let holder = Holder::begin(&store, 1).await;
    let gate = Arc::clone(&holder.gate);
    holder.answer.abort();
    assert!(soon(holder.answer).await.unwrap_err().is_cancelled());
    gate.open();
    store.close().await;
    assert_eq!(numbers(&store), [1]);
}
