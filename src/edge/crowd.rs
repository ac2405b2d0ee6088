//! Whether several clients use the shop at present. One client alone may use all of it; the share of
//! each is limited only while others would wait for it.

use crate::edge::{Client, limits};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Before the first request; no client has this number.
const NOBODY: u64 = u64::MAX;

/// Remembers which client was seen last, and until when a change of it counts as a crowd.
#[derive(Debug)]
pub(crate) struct Crowd {
    begun: Instant,
    /// The number of the client of the latest request.
    latest: AtomicU64,
    /// Until when several clients use the shop, in milliseconds since `begun`.
    several_until: AtomicU64,
}

impl Default for Crowd {
    /// Nobody has been seen.
    fn default() -> Self {
        Self {
            begun: Instant::now(),
            latest: AtomicU64::new(NOBODY),
            several_until: AtomicU64::new(0),
        }
    }
}

impl Crowd {
    /// Notes a request of a client. Costs one comparison while the same client sends all requests.
    pub(crate) fn note(&self, client: Client) {
        self.note_at(client, self.begun.elapsed());
    }

    /// Whether requests of at least two clients came within [`limits::CROWD_MILLIS`].
    pub(crate) fn is_several(&self) -> bool {
        self.is_several_at(self.begun.elapsed())
    }

    /// A crowd that never ends.
    #[cfg(test)]
    pub(crate) fn of_several() -> Self {
        Self { several_until: AtomicU64::new(u64::MAX), ..Self::default() }
    }

    fn note_at(&self, client: Client, now: Duration) {
        let own = number(client);
        if self.latest.load(Ordering::Relaxed) == own {
            return;
        }
        if self.latest.swap(own, Ordering::Relaxed) != NOBODY {
            let until = millis(now).saturating_add(limits::CROWD_MILLIS);
            self.several_until.fetch_max(until, Ordering::Relaxed);
        }
    }

    fn is_several_at(&self, now: Duration) -> bool {
        millis(now) < self.several_until.load(Ordering::Relaxed)
    }
}

/// Tells clients apart: an IPv4 client by its address, an IPv6 client by its /64.
fn number(client: Client) -> u64 {
    match client.address() {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => u64::try_from(address.to_bits() >> u64::BITS).unwrap_or(NOBODY),
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(address: &str) -> Client {
        address.parse::<IpAddr>().expect("an address").into()
    }

    fn after(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn one_client_is_no_crowd_however_much_it_sends() {
        let crowd = Crowd::default();
        for millis in 0..10 {
            crowd.note_at(client("192.0.2.1"), after(millis));
            assert!(!crowd.is_several_at(after(millis)));
        }
        crowd.note(client("192.0.2.1"));
        assert!(!crowd.is_several());
    }

    #[test]
    fn two_clients_are_a_crowd_until_one_of_them_is_gone_for_a_while() {
        for (first, second) in [
            ("192.0.2.1", "192.0.2.2"),
            ("192.0.2.1", "2001:db8::1"),
            ("2001:db8::1", "2001:db9::1"),
        ] {
            let crowd = Crowd::default();
            crowd.note_at(client(first), after(0));
            crowd.note_at(client(second), after(10));
            crowd.note_at(client(second), after(20));
            assert!(crowd.is_several_at(after(20)), "{first} and {second}");
            assert!(crowd.is_several_at(after(9 + limits::CROWD_MILLIS)));
            assert!(!crowd.is_several_at(after(10 + limits::CROWD_MILLIS)));
            crowd.note_at(client(first), after(5000));
            assert!(crowd.is_several_at(after(5000)), "{first} is back");
        }
    }
}
