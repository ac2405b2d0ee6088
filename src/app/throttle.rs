//! Guessing is slow: log-in and password reset are throttled per address and per account.
//!
//! An attacker must not lock an account's owner out by failing in their place, so an address from
//! which the account was entered before is throttled as an address only.

use crate::edge::Request;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use souk_actors::Failure;
use souk_domain::UserId;
use souk_domain::text::identity;
use std::collections::HashSet;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Attempts one address may make at once, and how often one more comes back.
const ADDRESS_BURST: NonZeroU32 = NonZeroU32::new(60).expect("not zero");
const ADDRESS_REFILL: Duration = Duration::from_secs(1);
/// Attempts at one account from addresses it was never entered from.
const ACCOUNT_BURST: NonZeroU32 = NonZeroU32::new(20).expect("not zero");
const ACCOUNT_REFILL: Duration = Duration::from_secs(3);
/// Addresses and accounts remembered; past it those that have recovered are forgotten.
const KEYS_MAX: usize = 100_000;
/// Pairs of account and address remembered; past it all are forgotten.
const KNOWN_MAX: usize = 100_000;
/// Longest wait that is told.
const RETRY_AFTER_SECONDS_MAX: u64 = 3_600;

/// The limits, and who was seen where.
pub(super) struct Throttle {
    clock: DefaultClock,
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    accounts: DefaultKeyedRateLimiter<String>,
    known: Mutex<HashSet<(UserId, IpAddr)>>,
}

impl Throttle {
    pub(super) fn new() -> Self {
        Self {
            clock: DefaultClock::default(),
            addresses: RateLimiter::keyed(quota(ADDRESS_BURST, ADDRESS_REFILL)),
            accounts: RateLimiter::keyed(quota(ACCOUNT_BURST, ACCOUNT_REFILL)),
            known: Mutex::new(HashSet::new()),
        }
    }

    /// Counts an attempt at an account, which is `user` if there is one of that name.
    ///
    /// # Errors
    /// [`Failure::TooManyAttempts`], and when to come back.
    pub(super) fn admit(
        &self,
        request: &Request,
        account: &str,
        user: Option<UserId>,
    ) -> Result<(), Failure> {
        let address = client_address(request);
        self.count(&self.addresses, address)?;
        if user.is_some_and(|user| self.known().contains(&(user, address))) {
            return Ok(());
        }
        self.count(&self.accounts, identity(account))
    }

    /// Remembers that an account was entered from here.
    pub(super) fn entered(&self, request: &Request, user: UserId) {
        let mut known = self.known();
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert((user, client_address(request)));
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashSet<(UserId, IpAddr)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count<K: Hash + Eq + Clone>(
        &self,
        limiter: &DefaultKeyedRateLimiter<K>,
        key: K,
    ) -> Result<(), Failure> {
        if limiter.len() >= KEYS_MAX {
            limiter.retain_recent();
        }
        limiter.check_key(&key).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            let seconds = wait.as_secs().saturating_add(1).min(RETRY_AFTER_SECONDS_MAX);
            let retry_after_seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
            Failure::TooManyAttempts { retry_after_seconds }
        })
    }
}

fn quota(burst: NonZeroU32, refill: Duration) -> Quota {
    Quota::with_period(refill).expect("a period that is not zero").allow_burst(burst)
}

/// The client behind a proxy on this machine is who the proxy says; anybody else is who they are.
fn client_address(request: &Request) -> IpAddr {
    let remote = request.remote.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |remote| remote.ip());
    if !remote.is_loopback() {
        return remote;
    }
    let forwarded = request.header("x-forwarded-for").and_then(|list| list.rsplit(',').next());
    forwarded.and_then(|address| address.trim().parse().ok()).unwrap_or(remote)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Method;

    fn from(address: &str) -> Request {
        Request::test(Method::POST, "/").with_header("x-forwarded-for", address)
    }

    fn owner() -> UserId {
        UserId::new(1).expect("positive")
    }

    #[test]
    fn an_account_is_guessed_slowly_from_many_addresses_and_its_owner_still_gets_in() {
        let throttle = Throttle::new();
        let home = from("192.0.2.1");
        throttle.entered(&home, owner());
        let guesses = (0..200).map(|n| from(&format!("198.51.100.{n}")));
        let admitted =
            guesses.filter(|guess| throttle.admit(guess, "Ann", Some(owner())).is_ok()).count();
        assert!(admitted <= 25, "{admitted} guesses were admitted");
        assert!(throttle.admit(&home, "ann", Some(owner())).is_ok());
    }

    #[test]
    fn an_address_guesses_slowly_at_many_accounts_and_is_told_when_to_come_back() {
        let throttle = Throttle::new();
        let refused = (0..200)
            .filter_map(|n| throttle.admit(&from("192.0.2.9"), &format!("user{n}"), None).err())
            .collect::<Vec<_>>();
        assert!(refused.len() > 100, "only {} were refused", refused.len());
        let answer = crate::app::could_not(&refused[0]);
        assert_eq!(answer.status, 429);
        assert!(!answer.header("retry-after").is_empty());
    }

    #[test]
    fn only_a_proxy_on_this_machine_is_believed() {
        let mut request = from("192.0.2.1, 192.0.2.2");
        assert_eq!(client_address(&request), "192.0.2.2".parse::<IpAddr>().expect("an address"));
        request.remote = Some("203.0.113.7:1".parse().expect("an address"));
        assert_eq!(client_address(&request), "203.0.113.7".parse::<IpAddr>().expect("an address"));
    }
}
