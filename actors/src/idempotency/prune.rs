//! Deleting expired records.

use super::stored::{BY_TIME, RECORDS};
use super::{KEPT, kept};
use crate::Failure;
use crate::store::{Direction, Read, Store};
use souk_domain::UnixMillis;
use std::ops::ControlFlow;

/// Most records deleted by one turn of [`prune`].
const MAX_RECORDS_PRUNED_PER_TURN: usize = 500;

/// Deletes answers older than [`KEPT`]. Returns true if more may be left.
///
/// # Errors
/// [`Failure`] of the store.
pub async fn prune(store: &Store) -> Result<bool, Failure> {
    prune_before(store, crate::clock::now().before(KEPT)).await
}

async fn prune_before(store: &Store, oldest_kept: UnixMillis) -> Result<bool, Failure> {
    let oldest_kept = (oldest_kept, [0; 32]);
    let start = (UnixMillis::new(0), [0; 32]);
    let mut old = Vec::new();
    store.snapshot().visit(
        BY_TIME,
        &start,
        Some(&oldest_kept),
        Direction::Ascending,
        |key, ()| {
            old.push(key);
            if old.len() < MAX_RECORDS_PRUNED_PER_TURN {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        },
    )?;
    if old.is_empty() {
        return Ok(false);
    }
    let may_have_more = old.len() == MAX_RECORDS_PRUNED_PER_TURN;
    store
        .transact(move |unit| {
            let old = old.clone();
            async move {
                let mut gone = Vec::new();
                for (given_at, key) in &old {
                    unit.delete(BY_TIME, &(*given_at, *key))?;
                    // A record of version 1 may have been replaced without deleting its time entry.
                    let stored = unit.get(RECORDS, key)?;
                    let stored =
                        stored.filter(|stored| stored.given_at.is_none_or(|at| at == *given_at));
                    if let Some(stored) = stored {
                        unit.delete(RECORDS, key)?;
                        gone.extend(stored.counted);
                    }
                }
                Ok(kept::count(&unit, &gone, None)?)
            }
        })
        .await?;
    Ok(may_have_more)
}

#[cfg(test)]
mod tests {
    use super::super::{Caller, Kept, RecordKey, TABLES, find, record};
    use super::*;
    use crate::check::Findings;
    use std::time::Duration;

    #[tokio::test]
    async fn an_answer_that_was_replaced_is_kept_for_its_own_day() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::made_in(directory.path(), TABLES);
        let key = RecordKey::of("user 1", "one");
        let write = |octet: u8| {
            store.transact(move |unit| async move {
                record(&unit, key, Caller::Known, None, None, vec![octet])?;
                Ok(unit.now())
            })
        };
        let first = write(1).await.expect("written");
        let second = loop {
            let second = write(2).await.expect("written");
            if second > first {
                break second;
            }
        };
        let found = || find(&*store.snapshot(), key).expect("read").map(|stored| stored.sealed);

        prune_before(&store, second).await.expect("pruned");
        assert_eq!(found(), Some(vec![2]), "the first one's time is not the second one's");
        prune_before(&store, second.after(Duration::from_millis(1))).await.expect("pruned");
        assert_eq!(found(), None);
        assert_eq!(store.snapshot().count(BY_TIME).expect("counted"), 0);
    }

    #[tokio::test]
    async fn the_counts_follow_recording_replacing_and_pruning() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::made_in(directory.path(), TABLES);
        let write = |caller: Caller, name: &'static str, octets: usize| {
            store.transact(move |unit| async move {
                let key = RecordKey::of("somebody", name);
                record(&unit, key, caller, None, None, vec![0; octets])?;
                Ok(unit.now())
            })
        };
        let kept = |caller| kept::kept(&*store.snapshot(), caller).expect("read");
        let octets = |octets: u64| octets + kept::RECORD_OCTETS;
        let require_sound = || {
            let mut findings = Findings::default();
            kept::check(&store.snapshot(), &mut findings).expect("read");
            assert!(findings.is_sound(), "{findings}");
        };
        for (caller, name, size) in [
            (Caller::Known, "one", 100),
            (Caller::Known, "two", 50),
            (Caller::Anonymous, "three", 30),
        ] {
            write(caller, name, size).await.expect("written");
        }
        assert_eq!(kept(Caller::Known), Kept { records: 2, octets: octets(100) + octets(50) });
        assert_eq!(kept(Caller::Anonymous), Kept { records: 1, octets: octets(30) });

        // A new answer replaces the old one, and is counted for its own kind of caller.
        let last = write(Caller::Known, "two", 5).await.expect("written");
        let last = last.max(write(Caller::Known, "three", 7).await.expect("written"));
        let of_three = octets(100) + octets(5) + octets(7);
        assert_eq!(kept(Caller::Known), Kept { records: 3, octets: of_three });
        assert_eq!(kept(Caller::Anonymous), Kept::default());
        require_sound();

        prune_before(&store, last.after(Duration::from_millis(1))).await.expect("pruned");
        assert_eq!(kept(Caller::Known), Kept::default());
        require_sound();
    }

    #[tokio::test]
    async fn a_wrong_count_is_found() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::made_in(directory.path(), TABLES);
        let write = store.transact(|unit| async move {
            record(&unit, RecordKey::of("user 1", "1"), Caller::Known, None, None, vec![0; 9])?;
            Ok(kept::count(&unit, &[], Some(kept::Counted::of(Caller::Anonymous, 1)))?)
        });
        write.await.expect("written");
        let mut findings = Findings::default();
        kept::check(&store.snapshot(), &mut findings).expect("read");
        assert_eq!(findings.violations().len(), 1, "{findings}");
    }
}
