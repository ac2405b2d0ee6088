//! Guessing is slow, and so are strangers' mails and guests' orders: every comparison of a password, and every request for a link to reset one, is
//! throttled per client and per account. Whatever makes a new hash is throttled per client.
//!
//! An attacker must not lock an account's owner out by failing in their place, so an address from
//! which the account was entered before is throttled as an address only.

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

/// Attempts one client may make at once, and how often one more comes back.
const CLIENT_BURST: NonZeroU32 = NonZeroU32::new(60).expect("not zero");
const CLIENT_REFILL: Duration = Duration::from_secs(1);
/// New hashes one client may cause at once (registrations, new passwords), and how often one more
/// comes back.
const HASH_BURST: NonZeroU32 = NonZeroU32::new(60).expect("not zero");
const HASH_REFILL: Duration = Duration::from_secs(1);
/// Attempts at one account from clients it was never entered from.
const ACCOUNT_BURST: NonZeroU32 = NonZeroU32::new(20).expect("not zero");
const ACCOUNT_REFILL: Duration = Duration::from_secs(3);
/// Mails of one kind to one address for whoever did not show that it is theirs, and how often one
/// more comes back: ten an hour.
const MAIL_BURST: NonZeroU32 = NonZeroU32::new(10).expect("not zero");
const MAIL_REFILL: Duration = Duration::from_mins(6);
/// Clients and accounts remembered; past it those that have recovered are forgotten.
const KEYS_MAX: usize = 100_000;
/// Pairs of account and client remembered; past it all are forgotten.
const KNOWN_MAX: usize = 100_000;
/// Longest wait that an answer names.
const RETRY_AFTER_SECONDS_MAX: u64 = 3_600;

/// What is guessed at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Account {
    /// An account to be entered, by what the client calls it.
    Named(String),
    /// The account of whoever calls.
    Entered(UserId),
}

/// Who gets a mail that a stranger may have asked for, by the unique form of the address. The
/// kinds are counted apart, so that one does not keep the other from its reader.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Recipient {
    /// Mails about an order.
    OfOrder(String),
    /// A link for a new password.
    OfLink(String),
}

/// The limits, and who was seen where.
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

    /// Counts an attempt at an account, which is `user` if there is one of that name.
    ///
    /// # Errors
    /// [`Failure::TooManyAttempts`], and when to come back.
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

    /// Counts a guess at the password of the account that somebody has entered. Whoever guesses may
    /// have stolen a token, so it does not matter from where the account was entered; and the
    /// owner's log-ins are counted apart, so that such guesses do not stop them.
    ///
    /// # Errors
    /// [`Failure::TooManyAttempts`], and when to come back.
    pub(super) fn admit_owner(&self, client: Client, user: UserId) -> Result<(), Failure> {
        self.count(&self.clients, client)?;
        self.count(&self.accounts, Account::Entered(user))
    }

    /// Counts a new hash.
    ///
    /// # Errors
    /// [`Failure::TooManyAttempts`], and when to come back.
    pub(super) fn admit_hash(&self, client: Client) -> Result<(), Failure> {
        self.count(&self.hashes, client)
    }

    /// Counts an order of a guest.
    ///
    /// # Errors
    /// [`Failure::TooManyAttempts`], and when to come back.
    pub(super) fn admit_guest_order(&self, client: Client) -> Result<(), Failure> {
        self.count(&self.guest_orders, client)
    }

    /// Counts a guest's new cart.
    ///
    /// # Errors
    /// [`Failure::TooManyAttempts`], and when to come back.
    pub(super) fn admit_guest_cart(&self, client: Client) -> Result<(), Failure> {
        self.count(&self.guest_carts, client)
    }

    /// Counts a mail.
    ///
    /// # Errors
    /// [`Failure::TooManyAttempts`], and when to come back.
    pub(super) fn admit_mail(&self, to: Recipient) -> Result<(), Failure> {
        self.count(&self.recipients, to)
    }

    /// Remembers that an account was entered from here.
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
    fn an_account_is_guessed_slowly_from_many_addresses_and_its_owner_still_gets_in() {
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
    fn an_address_guesses_slowly_at_many_accounts_and_learns_when_to_come_back() {
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
    fn an_old_password_is_guessed_slowly_even_from_where_its_account_was_entered() {
        let throttle = Throttle::new(&GuestLimits::default());
        let home = from("192.0.2.1");
        throttle.record_log_in(home, owner());
        let admitted = (0..100).filter(|_| throttle.admit_owner(home, owner()).is_ok()).count();
        assert!(admitted <= 25, "{admitted} guesses were admitted");
        assert!(throttle.admit(from("192.0.2.2"), "ann", Some(owner())).is_ok());
    }

    #[test]
    fn the_addresses_of_one_ipv6_network_share_what_they_may() {
        let throttle = Throttle::new(&GuestLimits::default());
        let admitted = (0..200)
            .filter(|n| throttle.admit_hash(from(&format!("2001:db8:1:2::{n}"))).is_ok())
            .count();
        assert!(admitted <= 70, "{admitted} hashes were admitted");
        assert!(throttle.admit_hash(from("2001:db8:1:3::1")).is_ok());
    }
}
