//! What is kept for strangers takes no more of the disk than the operator allows. Where a bound is
//! reached, newcomers are refused, and nothing that was answered is lost; age alone deletes.
//!
//! The bounds are looked at before a request takes its turn, so that a flood of refused requests
//! costs no turn. The requests that run at that moment may pass a bound, each by one.

use super::App;
use crate::edge::Call;
use souk_actors::carts::{self, CartKey};
use souk_actors::idempotency::{self, Caller};
use souk_actors::store::{Read, StoreError};
use souk_actors::{Failure, clock, orders};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

/// The share of a bound that must be free again before it is called reached once more.
const FREE_AGAIN_SHARE: u64 = 10;

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeptLimits {
    /// Octets of the answers stored under idempotency keys; of callers without an account, half.
    pub(crate) answer_bytes: u64,
    /// Guests' carts.
    pub(crate) guest_carts: u64,
    /// Guests' orders that were never paid.
    pub(crate) guest_unpaid_orders: u64,
}

impl Default for KeptLimits {
    fn default() -> Self {
        Self { answer_bytes: 1 << 30, guest_carts: 100_000, guest_unpaid_orders: 200_000 }
    }
}

/// One thing that has a bound.
#[derive(Debug)]
struct Bound {
    /// Its name in `/metrics`, after `souk_`.
    metric: &'static str,
    what: &'static str,
    setting: &'static str,
    max: u64,
    /// So that it is logged once, and not for every request.
    was_reached: AtomicBool,
}

impl Bound {
    fn new(metric: &'static str, what: &'static str, setting: &'static str, max: u64) -> Self {
        Self { metric, what, setting, max, was_reached: AtomicBool::new(false) }
    }

    /// # Errors
    /// [`Failure::NoRoom`] if as much is kept as may be.
    fn admit(&self, kept: u64) -> Result<(), Failure> {
        let (max, what, setting) = (self.max, self.what, self.setting);
        if kept >= max {
            if !self.was_reached.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    kept,
                    max,
                    setting,
                    "{what}: the bound is reached, newcomers get 503"
                );
            }
            return Err(Failure::NoRoom);
        }
        let is_free_again = kept <= max - max.div_ceil(FREE_AGAIN_SHARE);
        if is_free_again && self.was_reached.load(Ordering::Relaxed) {
            self.was_reached.store(false, Ordering::Relaxed);
            tracing::info!(kept, max, setting, "{what}: there is room for newcomers again");
        }
        Ok(())
    }
}

/// The bounds of one shop.
#[derive(Debug)]
pub(super) struct KeptBounds {
    answers: Bound,
    anonymous_answers: Bound,
    guest_carts: Bound,
    guest_orders: Bound,
}

impl KeptBounds {
    pub(super) fn new(limits: KeptLimits) -> Self {
        let KeptLimits { answer_bytes, guest_carts, guest_unpaid_orders } = limits;
        let answers = ("stored answers", "idempotency_max_mib");
        let anonymous = "stored answers of callers without an account";
        Self {
            answers: Bound::new("stored_answers_bytes", answers.0, answers.1, answer_bytes),
            anonymous_answers: Bound::new(
                "stored_answers_anonymous_bytes",
                anonymous,
                answers.1,
                answer_bytes / 2,
            ),
            guest_carts: Bound::new("guest_carts", "guests' carts", "guest_max_carts", guest_carts),
            guest_orders: Bound::new(
                "guest_unpaid_orders",
                "guests' unpaid orders",
                "guest_max_unpaid_kept",
                guest_unpaid_orders,
            ),
        }
    }

    /// Whether an answer of such a caller may be stored under a new key.
    fn admit_answer(&self, read: &impl Read, caller: Caller) -> Result<(), Failure> {
        let (all, anonymous) = answer_octets(read)?;
        self.answers.admit(all)?;
        match caller {
            Caller::Known => Ok(()),
            Caller::Anonymous => self.anonymous_answers.admit(anonymous),
        }
    }

    /// Each bound with what is kept.
    fn kept(&self, read: &impl Read) -> Result<[(&Bound, u64); 4], StoreError> {
        let (all, anonymous) = answer_octets(read)?;
        Ok([
            (&self.answers, all),
            (&self.anonymous_answers, anonymous),
            (&self.guest_carts, carts::guest_carts(read)?),
            (&self.guest_orders, orders::guests_unpaid(read)?),
        ])
    }
}

/// What all stored answers take, and those of anonymous callers among them.
fn answer_octets(read: &impl Read) -> Result<(u64, u64), StoreError> {
    let known = idempotency::kept(read, Caller::Known)?.octets;
    let anonymous = idempotency::kept(read, Caller::Anonymous)?.octets;
    Ok((known.saturating_add(anonymous), anonymous))
}

impl App {
    /// Makes sure that there is room for an answer under a key that has none yet.
    ///
    /// # Errors
    /// [`Failure::NoRoom`], and what the store cannot do.
    pub(super) fn admit_stored_answer(&self, caller: Caller) -> Result<(), Failure> {
        self.kept_bounds.admit_answer(&*self.shop.store.snapshot(), caller)
    }

    /// Makes sure that a guest may put something in a cart: whoever has one goes on, and a new one
    /// is counted.
    ///
    /// # Errors
    /// [`Failure::NoRoom`], [`Failure::TooManyAttempts`], and what the store cannot do.
    pub(crate) fn admit_guest_cart(&self, call: &Call, key: &CartKey) -> Result<(), Failure> {
        let snapshot = self.shop.store.snapshot();
        if carts::of_guest(&*snapshot, key, clock::now())?.is_some() {
            return Ok(());
        }
        self.kept_bounds.guest_carts.admit(carts::guest_carts(&*snapshot)?)?;
        match &self.throttle {
            Some(throttle) => throttle.admit_guest_cart(call.request.client),
            None => Ok(()),
        }
    }

    /// Makes sure that there is room for one more unpaid order of a guest.
    ///
    /// # Errors
    /// [`Failure::NoRoom`], and what the store cannot do.
    pub(super) fn admit_kept_guest_order(&self) -> Result<(), Failure> {
        let kept = orders::guests_unpaid(&*self.shop.store.snapshot())?;
        self.kept_bounds.guest_orders.admit(kept)
    }

    /// What is kept and how much may be, for `/metrics`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn write_kept(&self, text: &mut String) -> Result<(), StoreError> {
        for (bound, kept) in self.kept_bounds.kept(&*self.shop.store.snapshot())? {
            let Bound { metric, what, max, .. } = bound;
            let written = write!(
                text,
                "# HELP souk_{metric} What is kept: {what}.\n# TYPE souk_{metric} gauge\n\
                 souk_{metric} {kept}\n\
                 # HELP souk_{metric}_max The bound of it.\n# TYPE souk_{metric}_max gauge\n\
                 souk_{metric}_max {max}\n"
            );
            debug_assert!(written.is_ok(), "writing to a string cannot fail");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(bound: &Bound, kept: u64) -> bool {
        matches!(bound.admit(kept), Err(Failure::NoRoom))
    }

    #[test]
    fn a_bound_refuses_from_its_number_on_and_is_called_reached_once() {
        let bound = Bound::new("lamps", "lamps", "max_lamps", 100);
        let was_reached = || bound.was_reached.load(Ordering::Relaxed);
        assert!(!is_refused(&bound, 99) && !was_reached());
        assert!(is_refused(&bound, 100) && was_reached());
        assert!(is_refused(&bound, 101));
        assert!(!is_refused(&bound, 99) && was_reached(), "one that went is no news");
        assert!(!is_refused(&bound, 90) && !was_reached());
    }

    #[test]
    fn the_smallest_bound_is_free_again_when_nothing_is_kept() {
        let bound = Bound::new("lamps", "lamps", "max_lamps", 1);
        assert!(is_refused(&bound, 1) && bound.was_reached.load(Ordering::Relaxed));
        assert!(!is_refused(&bound, 0) && !bound.was_reached.load(Ordering::Relaxed));
    }
}
