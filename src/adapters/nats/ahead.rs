//! Detects a broker that is ahead of the store: the store was put back to an earlier state, so the
//! stream has events that the store does not know.
//!
//! `souk restore` gives the store a new generation, and its later events get other ids. A store that
//! was put back by hand may not have one yet. The stream shows it: it has rows of this store after
//! the store's last row, or different rows at the same sequences. Rows at one sequence are compared
//! by id and time of writing. The new generation begins after the last row on which both agree, so
//! that the broker accepts the new rows as new.

use super::resume::{Comparison, EventsEnd, UnwrittenMessages};
use crate::adapters::outbox::Rows;
use crate::adapters::tasks::Interruption;
use souk_actors::outbox::Stream;

/// Rows read from the outbox at a time.
const MAX_ROWS_PER_READ: usize = 256;

/// Logs what the stream has and the store does not know. Starts a new generation if the store's next
/// rows would get the ids of those messages.
///
/// # Errors
/// [`Interruption`] if the outbox cannot be read or written.
pub(super) async fn settle<R: Rows>(
    rows: &R,
    cursor: u64,
    events: &EventsEnd,
) -> Result<(), Interruption> {
    let Agreement { through, differs } = agreement(rows, cursor, events)?;
    let UnwrittenMessages { messages, last_row, .. } = events.beyond;
    if events.beyond.has_our_name || differs {
        let identity = rows.identity()?;
        rows.begin_generation(through).await?;
        tracing::error!(
            store_has = identity.last_row(),
            broker_has = last_row,
            agreed_through = through,
            "the broker is ahead of the store, which was put back to an earlier state by hand; \
             what happened since leaves under new ids"
        );
    } else if messages > 0 {
        tracing::error!(
            messages,
            broker_has = last_row,
            "the broker is ahead of the store: it has events from another life of this shop, which \
             a restored store does not know"
        );
    }
    Ok(())
}

/// How far the outbox and the stream agree.
struct Agreement {
    /// The last row on which both agree.
    through: u64,
    /// Whether both have a different row at the same sequence.
    differs: bool,
}

fn agreement<R: Rows>(
    rows: &R,
    cursor: u64,
    events: &EventsEnd,
) -> Result<Agreement, Interruption> {
    let mut agreement = Agreement { through: cursor, differs: false };
    let (mut at, mut is_unbroken) = (cursor, true);
    while at < events.published.last() {
        let read = rows.after(at, MAX_ROWS_PER_READ)?;
        let Some(last) = read.last() else { break };
        at = last.sequence;
        for row in read {
            match events.published.compare(&row) {
                Comparison::Same if is_unbroken => agreement.through = row.sequence,
                Comparison::Same => {}
                Comparison::Other => return Ok(Agreement { differs: true, ..agreement }),
                // Mails are not on this stream.
                Comparison::Absent if row.stream == Stream::Notify => {}
                Comparison::Absent => is_unbroken = false,
            }
        }
    }
    Ok(agreement)
}
