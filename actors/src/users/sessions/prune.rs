//! Deleting sessions whose last token has expired.

use super::save::end;
use crate::Failure;
use crate::store::{Direction, Read, Store};
use crate::users::stored::SESSIONS_BY_END;
use souk_domain::{SessionId, UnixMillis};

/// Most ended sessions deleted by one turn of [`prune_ended_sessions`].
const MAX_SESSIONS_PRUNED_PER_TURN: usize = 500;

/// Deletes sessions whose last token has expired. Returns true if more may be left.
///
/// # Errors
/// [`Failure`] of the store.
pub async fn prune_ended_sessions(store: &Store) -> Result<bool, Failure> {
    let first = (UnixMillis::new(0), SessionId::new(1).expect("1 is an id"));
    let now = (crate::clock::now(), first.1);
    let is_due = !store
        .snapshot()
        .range(SESSIONS_BY_END, &first, Some(&now), Direction::Ascending, 1)?
        .is_empty();
    if !is_due {
        return Ok(false);
    }
    store
        .transact(move |unit| async move {
            let limit = MAX_SESSIONS_PRUNED_PER_TURN;
            let ended =
                unit.range(SESSIONS_BY_END, &first, Some(&now), Direction::Ascending, limit)?;
            for ((_, session), ()) in &ended {
                end(&unit, *session)?;
            }
            Ok(ended.len() == limit)
        })
        .await
}
