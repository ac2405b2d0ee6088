//! What all clients share, with a bound for all together and one for each: connections, room for
//! bodies that arrive, room for answers that are not taken yet, answers that go on.

use crate::edge::client::Client;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A bounded amount of something, of which no client gets all.
#[derive(Debug)]
pub(crate) struct Pool {
    units_max: usize,
    units_each_max: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    units: usize,
    by_client: HashMap<Client, usize>,
}

/// What one client holds of a pool, until it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    pool: Arc<Pool>,
    client: Client,
    units: usize,
}

impl Pool {
    /// `units_max` for all together, three quarters of it for each.
    pub(crate) fn new(units_max: usize) -> Arc<Self> {
        let units_each_max = (units_max - units_max / 4).max(1);
        Arc::new(Self { units_max, units_each_max, held: Mutex::default() })
    }

    /// Takes so many units for a client; `None` if that would be too much, for all or for it.
    pub(crate) fn take(self: &Arc<Self>, client: Client, units: usize) -> Option<Share> {
        let mut share = Share { pool: Arc::clone(self), client, units: 0 };
        share.grow_to(units).then_some(share)
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share {
    /// Takes what is missing to so many units; false, and nothing is taken, if that is too much.
    pub(super) fn grow_to(&mut self, units: usize) -> bool {
        let Some(more) = units.checked_sub(self.units).filter(|more| *more > 0) else {
            return true;
        };
        let mut held = self.pool.held();
        let own = held.by_client.get(&self.client).copied().unwrap_or(0);
        let fits =
            held.units + more <= self.pool.units_max && own + more <= self.pool.units_each_max;
        if fits {
            held.units += more;
            held.by_client.insert(self.client, own + more);
            drop(held);
            self.units = units;
        }
        fits
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut held = self.pool.held();
        held.units -= self.units;
        let left = held.by_client.get(&self.client).map_or(0, |own| own - self.units);
        match left {
            0 => held.by_client.remove(&self.client),
            left => held.by_client.insert(self.client, left),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(last: u8) -> Client {
        std::net::IpAddr::from([192, 0, 2, last]).into()
    }

    #[test]
    fn no_client_gets_everything_and_all_together_no_more_than_there_is() {
        let pool = Pool::new(8);
        let first: Vec<Share> = (0..6).filter_map(|_| pool.take(client(1), 1)).collect();
        assert_eq!(first.len(), 6);
        assert!(pool.take(client(1), 1).is_none(), "three quarters are the most");
        let second = pool.take(client(2), 2).expect("there is room for another");
        assert!(pool.take(client(3), 1).is_none(), "nothing is left");
        drop(second);
        assert!(pool.take(client(3), 2).is_some());
        drop(first);
        assert!(pool.held().by_client.is_empty(), "who holds nothing is forgotten");
        assert_eq!(pool.held().units, 0);
    }

    #[test]
    fn a_share_grows_as_far_as_there_is_room() {
        let pool = Pool::new(8);
        let mut share = pool.take(client(1), 0).expect("nothing is always there");
        assert!(share.grow_to(4) && share.grow_to(2) && share.grow_to(6));
        assert!(!share.grow_to(7));
        assert_eq!(pool.held().units, 6, "what did not fit was not taken");
        drop(share);
        assert_eq!(pool.held().units, 0);
    }
}
