//! Pools that all clients share, with a limit for all together and one per client: connections, room
//! for arriving bodies, room for answers not yet taken, and streams.

use crate::edge::client::Client;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A limited resource of which no single client gets everything.
#[derive(Debug)]
pub(crate) struct Pool {
    units_max: usize,
    units_each_max: usize,
    held: Mutex<PoolUsage>,
}

#[derive(Debug, Default)]
struct PoolUsage {
    units: usize,
    by_client: HashMap<Client, usize>,
}

/// A client's part of a pool; dropping it returns the units.
#[derive(Debug)]
pub(crate) struct Share {
    pool: Arc<Pool>,
    client: Client,
    units: usize,
}

impl Pool {
    /// A pool of `units_max`; each client may hold three quarters of it.
    pub(crate) fn new(units_max: usize) -> Arc<Self> {
        let units_each_max = (units_max - units_max / 4).max(1);
        Arc::new(Self { units_max, units_each_max, held: Mutex::default() })
    }

    /// Takes units for a client; `None` if the pool's or the client's limit would be exceeded.
    pub(crate) fn take(self: &Arc<Self>, client: Client, units: usize) -> Option<Share> {
        let mut share = Share { pool: Arc::clone(self), client, units: 0 };
        share.grow_to(units).then_some(share)
    }

    fn held(&self) -> std::sync::MutexGuard<'_, PoolUsage> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share {
    /// Grows the share to `units`; false, and nothing is taken, if a limit would be exceeded.
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
