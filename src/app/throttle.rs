//! Throttles. Comparisons of passwords and requests for reset links are limited per client and per
//! account. New password hashes, mails to strangers and guests' orders are limited per client or
//! per address.
//!
//! An attacker must not lock out an account's owner by failed attempts. So a client that has logged
//! in to an account before is limited as a client only.

use super::guest_orders::{GuestLimits, GuestOrders};
use crate::edge::Client;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use souk_actors::Failure;
use souk_domain::UserId;
use souk_domain::text::identity;
use std::collections::HashSet;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Attempts that one client may make at once, and the seconds until it may make one more.
const CLIENT_BURST: NonZeroU32 = NonZeroU32::new(60).expect("not zero");
const CLIENT_REFILL: Duration = Duration::from_secs(1);
/// Password hashes that one client may cause at once (registrations, new passwords), and the
/// seconds until one more is allowed.
const HASH_BURST: NonZeroU32 = NonZeroU32::new(60).expect("not zero");
const HASH_REFILL: Duration = Duration::from_secs(1);
/// Attempts at one account from clients that never logged in to it.
const ACCOUNT_BURST: NonZeroU32 = NonZeroU32::new(20).expect("not zero");
const ACCOUNT_REFILL: Duration = Duration::from_secs(3);
/// Mails of one kind to one unverified address, and the seconds until one more is allowed: ten an
/// hour.
const MAIL_BURST: NonZeroU32 = NonZeroU32::new(10).expect("not zero");
const MAIL_REFILL: Duration = Duration::from_mins(6);
/// Clients and accounts kept in memory. Past this limit, those that may use their full allowance
/// again are forgotten.
const KEYS_MAX: usize = 100_000;
/// Pairs of account and client kept in memory. Past this limit, all are forgotten.
const KNOWN_MAX: usize = 100_000;
/// The longest `Retry-After`.
const RETRY_AFTER_SECONDS_MAX: u64 = 3_600;

/// The target of a guess.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Account {
    /// An account that a client tries to log in to, by the name it sends.
    Named(String),
    /// The caller's own account.
    Entered(UserId),
}

/// The recipient of a mail that a stranger may have requested, by the unique form of the address.
/// Each kind is counted by itself, so that one kind cannot use up the allowance of the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Recipient {
    /// Mails about an order.
    OfOrder(String),
    /// A link for a new password.
    OfLink(String),
}

/// The counters, and which client logged in to which account.
pub(super) struct Throttle {
    clock: DefaultClock,
    clients: DefaultKeyedRateLimiter<Client>,
    hashes: DefaultKeyedRateLimiter<Client>,
    accounts: DefaultKeyedRateLimiter<Account>,
    recipients: DefaultKeyedRateLimiter<Recipient>,
    guest_orders: DefaultKeyedRateLimiter<Client>,
    guest_carts: DefaultKeyedRateLimiter<Client>,
    pub(super) guests: GuestOrders,
    known: Mutex<HashSet<(UserId, Client)>>,
}

impl Throttle {
    pub(super) fn new(guests: &GuestLimits) -> Self {
        Self {
            clock: DefaultClock::default(),
            clients: RateLimiter::keyed(quota(CLIENT_BURST, CLIENT_REFILL)),
            hashes: RateLimiter::keyed(quota(HASH_BURST, HASH_REFILL)),
            accounts: RateLimiter::keyed(quota(ACCOUNT_BURST, ACCOUNT_REFILL)),
            recipients: RateLimiter::keyed(quota(MAIL_BURST, MAIL_REFILL)),
            guest_orders: RateLimiter::keyed(Quota::per_hour(guests.orders_per_hour)),
            guest_carts: RateLimiter::keyed(Quota::per_hour(guests.carts_per_hour)),
            guests: GuestOrders::default(),
            known: Mutex::new(HashSet::new()),
        }
    }

    /// Counts an attempt at an account; `user` is the user of that name, if there is one.
    ///
    /// # Errors
    /// [`Failure::TooManyAttempts`] with the time to wait.
    pub(super) fn admit(
        &self,
        client: Client,
        account: &str,
        user: Option<UserId>,
    ) -> Result<(), Failure> {
        self.count(&self.clients, client)?;
        if user.is_some_and(|user| self.known().contains(&(user, client))) {
            return Ok(());
        }
        self.count(&self.accounts, Account::Named(identity(account)))
    }

    /// Counts a guess at the password of the caller's own account. The caller may have stolen the
    /// token, so earlier log-ins of the client do not matter. Log-ins are counted separately, so
    /// such guesses cannot stop the owner from logging in.
    ///
    /// # Errors
    /// [`Failure::TooManyAttempts`] with the time to wait.
    pub(super) fn admit_owner(&self, client: Client, user: UserId) -> Result<(), Failure> {
        self.count(&self.clients, client)?;
        self.count(&self.accounts, Account::Entered(user))
    }

    /// Counts a new password hash.
    ///
    /// # Errors
    /// [`Failure::TooManyAttempts`] with the time to wait.
    pub(super) fn admit_hash(&self, client: Client) -> Result<(), Failure> {
        self.count(&self.hashes, client)
    }

    /// Counts an order of a guest.
    ///
    /// # Errors
    /// [`Failure::TooManyAttempts`] with the time to wait.
    pub(super) fn admit_guest_order(&self, client: Client) -> Result<(), Failure> {
        self.count(&self.guest_orders, client)
    }

    /// Counts a guest's new cart.
    ///
    /// # Errors
    /// [`Failure::TooManyAttempts`] with the time to wait.
    pub(super) fn admit_guest_cart(&self, client: Client) -> Result<(), Failure> {
        self.count(&self.guest_carts, client)
    }

    /// Counts a mail.
    ///
    /// # Errors
    /// [`Failure::TooManyAttempts`] with the time to wait.
    pub(super) fn admit_mail(&self, to: Recipient) -> Result<(), Failure> {
        self.count(&self.recipients, to)
    }

    /// Remembers that this client logged in to the account.
    pub(super) fn record_log_in(&self, client: Client, user: UserId) {
        let mut known = self.known();
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert((user, client));
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashSet<(UserId, Client)>> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    fn from(address: &str) -> Client {
        address.parse::<IpAddr>().expect("an address").into()
    }

    fn owner() -> UserId {
        UserId::new(1).expect("positive")
    }

    #[test]
    fn many_clients_guess_slowly_at_one_account_and_its_owner_can_still_log_in() {
        let throttle = Throttle::new(&GuestLimits::default());
        let home = from("192.0.2.1");
        throttle.record_log_in(home, owner());
        let guesses = (0..200).map(|n| from(&format!("198.51.100.{n}")));
        let admitted =
            guesses.filter(|guess| throttle.admit(*guess, "Ann", Some(owner())).is_ok()).count();
        assert!(admitted <= 25, "{admitted} guesses were admitted");
        assert!(throttle.admit(home, "ann", Some(owner())).is_ok());
    }

    #[test]
    fn one_client_guesses_slowly_at_many_accounts_and_gets_the_time_to_wait() {
        let throttle = Throttle::new(&GuestLimits::default());
        let refused = (0..200)
            .filter_map(|n| throttle.admit(from("192.0.2.9"), &format!("user{n}"), None).err())
            .collect::<Vec<_>>();
        assert!(refused.len() > 100, "only {} were refused", refused.len());
        let answer = crate::app::failure_answer(&refused[0]);
        assert_eq!(answer.status, 429);
        assert!(!answer.header("retry-after").is_empty());
    }

    #[test]
    fn the_old_password_is_throttled_even_for_clients_that_logged_in() {
        let throttle = Throttle::new(&GuestLimits::default());
        let home = from("192.0.2.1");
        throttle.record_log_in(home, owner());
        let admitted = (0..100).filter(|_| throttle.admit_owner(home, owner()).is_ok()).count();
        assert!(admitted <= 25, "{admitted} guesses were admitted");
        assert!(throttle.admit(from("192.0.2.2"), "ann", Some(owner())).is_ok());
    }

    #[test]
    fn the_addresses_of_one_ipv6_network_share_their_allowance() {
        let throttle = Throttle::new(&GuestLimits::default());
        let admitted = (0..200)
            .filter(|n| throttle.admit_hash(from(&format!("2001:db8:1:2::{n}"))).is_ok())
            .count();
        assert!(admitted <= 70, "{admitted} hashes were admitted");
        assert!(throttle.admit_hash(from("2001:db8:1:3::1")).is_ok());
    }
}
