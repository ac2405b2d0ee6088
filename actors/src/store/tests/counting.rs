//! Counters: no number is used twice, whatever happens to its epoch.

use super::*;
use std::collections::HashSet;

/// Takes a number and stores it as a row, or panics after taking it.
async fn take_number(store: &Store, dies: bool) -> Result<u64, Failure> {
    store
        .transact(move |unit| async move {
            let number = unit.next_number("test")?;
            if dies {
                die();
            }
            unit.put(NUMBERS, &number, &0)?;
            Ok(number)
        })
        .await
}

#[tokio::test]
async fn numbers_are_unique_and_dense_despite_aborted_epochs() {
    let store = in_memory(patient());
    let takers: Vec<_> = (0..200)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move { take_number(&store, n % 50 == 49).await })
        })
        .collect();
    let mut taken = HashSet::new();
    for taker in takers {
        if let Ok(number) = taker.await.unwrap() {
            assert!(taken.insert(number), "{number} was given twice");
        }
    }
    let rows = store.snapshot().count(NUMBERS).unwrap();
    assert_eq!(rows, taken.len() as u64);
    assert_eq!(taken.iter().max(), Some(&rows), "an aborted number is given again, not lost");
}

#[tokio::test]
async fn counting_continues_after_a_restart_and_per_kind() {
    let disk = Disk::new();
    {
        let store = on(&disk, patient());
        assert_eq!(take_number(&store, false).await.unwrap(), 1);
        assert_eq!(take_number(&store, false).await.unwrap(), 2);
        store.close().await;
    }
    let store = on(&disk, patient());
    assert_eq!(take_number(&store, false).await.unwrap(), 3);
    let other = store.transact(|unit| async move { Ok(unit.next_number("other")?) });
    assert_eq!(other.await.unwrap(), 1);
}

#[tokio::test]
async fn a_refusal_after_counting_returns_the_numbers() {
    let store = in_memory(patient());
    let refused: Result<(), _> = store
        .transact(|unit| async move {
            unit.next_number("test")?;
            refusal()
        })
        .await;
    assert!(matches!(refused, Err(Failure::Refused(_))));
    assert_eq!(take_number(&store, false).await.unwrap(), 1);
}
