//! Acknowledged rows are kept for some time, so that they can be published again if the broker
//! loses them.

use super::stored::{ACKNOWLEDGED, ROWS};
use super::{Outbox, Reader};
use crate::store::{Direction, Read, StoreError, Unit};
use crate::{Failure, clock, webhooks};
use souk_domain::UnixMillis;
use std::ops::ControlFlow;
use std::time::Duration;

/// How long a row is kept after its acknowledgement.
pub const KEPT_AFTER_ACKNOWLEDGEMENT: Duration = Duration::from_secs(24 * 60 * 60);
/// Most rows deleted by one turn of [`Outbox::prune`].
const MAX_ROWS_PRUNED_PER_TURN: usize = 500;
/// Most `ACKNOWLEDGED` minutes deleted by one turn of [`Outbox::prune`].
const MAX_MINUTES_PRUNED_PER_TURN: usize = 2_000;
const MINUTE_SECONDS: i64 = 60;

/// Records the row up to which a reader has acknowledged, for the current minute.
pub(super) fn record(unit: &Unit, reader: Reader, through: u64) -> Result<(), StoreError> {
    unit.put(ACKNOWLEDGED, &(number(reader), minute(unit.now())), &through)
}

impl Outbox {
    /// Deletes rows that `reader` acknowledged [`KEPT_AFTER_ACKNOWLEDGEMENT`] ago and that no
    /// webhook endpoint waits for. Returns true if more may be left.
    ///
    /// # Errors
    /// [`Failure`] of the store.
    pub async fn prune(&self, reader: Reader) -> Result<bool, Failure> {
        self.prune_at(reader, clock::now()).await
    }

    async fn prune_at(&self, reader: Reader, now: UnixMillis) -> Result<bool, Failure> {
        let snapshot = self.store.snapshot();
        // The record of a minute can change until the minute ends.
        let end = (number(reader), minute(now.before(KEPT_AFTER_ACKNOWLEDGEMENT)));
        let start = (number(reader), 0);
        let minutes = snapshot.range(
            ACKNOWLEDGED,
            &start,
            Some(&end),
            Direction::Ascending,
            MAX_MINUTES_PRUNED_PER_TURN,
        )?;
        let Some((last, through)) = minutes.last().copied() else { return Ok(false) };
        let mut old = Vec::new();
        // Rows that a webhook endpoint waits for stay, and so does the minute that allows deleting
        // them.
        let held = webhooks::first_row_needed(&snapshot)?.unwrap_or(u64::MAX);
        let is_held = held <= through;
        let rows_end = through.saturating_add(1).min(held);
        snapshot.visit(ROWS, &0, Some(&rows_end), Direction::Ascending, |sequence, _| {
            if old.len() >= MAX_ROWS_PRUNED_PER_TURN {
                return ControlFlow::Break(());
            }
            old.push(sequence);
            ControlFlow::Continue(())
        })?;
        // The last minute is deleted only when all rows that it allows to delete are gone.
        let is_done = old.len() < MAX_ROWS_PRUNED_PER_TURN;
        let may_delete_last = is_done && !is_held;
        let minutes: Vec<_> = minutes
            .into_iter()
            .map(|(key, _)| key)
            .filter(|key| may_delete_last || *key != last)
            .collect();
        if old.is_empty() && minutes.is_empty() {
            return Ok(false);
        }
        let may_have_more = !is_done || minutes.len() == MAX_MINUTES_PRUNED_PER_TURN;
        self.store
            .transact(move |unit| {
                let (old, minutes) = (old.clone(), minutes.clone());
                async move {
                    for sequence in &old {
                        unit.delete(ROWS, sequence)?;
                    }
                    for minute in &minutes {
                        unit.delete(ACKNOWLEDGED, minute)?;
                    }
                    Ok(())
                }
            })
            .await?;
        Ok(may_have_more)
    }
}

fn minute(at: UnixMillis) -> u64 {
    u64::try_from(at.seconds() / MINUTE_SECONDS).unwrap_or(0)
}

fn number(reader: Reader) -> u64 {
    match reader {
        Reader::Broker => 0,
        Reader::Mail => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::{Outgoing, PlaceError, TABLES, UserEvent, append};
    use crate::store::Store;
    use souk_domain::{Currency, Role, UserId};

    async fn write(store: &Store, rows: u64) {
        for version in 1..=rows {
            let outgoing = Outgoing::User {
                user: UserId::new(1).expect("positive"),
                version,
                what: UserEvent::Updated,
                role: Role::Customer,
            };
            store
                .transact(move |unit| {
                    let outgoing = outgoing.clone();
                    async move { append(&unit, outgoing) }
                })
                .await
                .expect("written");
        }
    }

    #[tokio::test]
    async fn a_row_is_kept_for_a_day_after_its_acknowledgement() {
        let directory = tempfile::tempdir().expect("a directory");
        let tables = [TABLES, webhooks::TABLES].concat();
        let store = Store::made_in(directory.path(), &tables);
        let outbox = Outbox::open(store.clone(), Currency::USD).await.expect("opens");
        write(&store, 600).await;
        let left = || outbox.after(0, 1_000).expect("read").len();
        let tomorrow = clock::now().after(KEPT_AFTER_ACKNOWLEDGEMENT);
        let later = tomorrow.after(Duration::from_secs(60));

        assert!(!outbox.prune_at(Reader::Broker, later).await.expect("pruned"));
        assert_eq!(left(), 600, "nothing is acknowledged");

        outbox.acknowledge(Reader::Broker, 550).await.expect("acknowledged");
        assert!(!outbox.prune_at(Reader::Broker, clock::now()).await.expect("pruned"));
        assert_eq!(left(), 600, "the broker may lose them yet");
        assert!(!outbox.prune_at(Reader::Mail, later).await.expect("pruned"));
        assert_eq!(left(), 600, "another reader acknowledged them");

        while outbox.prune_at(Reader::Broker, later).await.expect("pruned") {}
        assert_eq!(left(), 50);
        // A reader at a place before the deleted rows would miss some.
        let at = |place: &str| outbox.row_at(place).expect("read");
        for place in ["1", "549"] {
            assert_eq!(at(place), Err(PlaceError::NotKept), "{place}");
        }
        assert_eq!([at("0"), at("550"), at("600")], [Ok(0), Ok(550), Ok(600)]);
        assert_eq!(at("601"), Err(PlaceError::Unknown));
        let minutes = store.snapshot().range(ACKNOWLEDGED, &(0, 0), None, Direction::Ascending, 10);
        assert!(minutes.expect("read").is_empty(), "minutes are forgotten with their rows");
    }
}
