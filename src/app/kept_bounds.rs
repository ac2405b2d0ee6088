//! Bounds on the data that the shop stores for strangers. At a bound, only new requests are
//! refused. Stored answers, carts and orders are deleted by age alone.
//!
//! The bounds are checked before a request takes its turn, so a flood of refused requests costs no
//! turns. Requests that run at the same time can each exceed a bound by one.

use super::App;
use crate::edge::Call;
use souk_actors::carts::{self, CartKey};
use souk_actors::idempotency::{self, Caller};
use souk_actors::store::{Read, StoreError};
use souk_actors::{Failure, clock, orders};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

/// Once a bound was reached, this share of it must be free before it is logged again.
const FREE_AGAIN_SHARE: u64 = 10;

/// Settings: how much is stored for strangers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeptLimits {
    /// Octets of the answers stored under idempotency keys. Callers without an account may use half
    /// of them.
    pub(crate) answer_bytes: u64,
    /// Guests' carts.
    pub(crate) guest_carts: u64,
    /// Guests' orders that were never paid and are still stored.
    pub(crate) guest_unpaid_orders: u64,
}

impl Default for KeptLimits {
    fn default() -> Self {
        Self { answer_bytes: 1 << 30, guest_carts: 100_000, guest_unpaid_orders: 200_000 }
    }
}

/// One bound.
#[derive(Debug)]
struct Bound {
    /// Its name in `/metrics`, after `souk_`.
    metric: &'static str,
    what: &'static str,
    setting: &'static str,
    max: u64,
    /// True once the bound was logged, so that it is not logged for every request.
    was_reached: AtomicBool,
}

impl Bound {
    fn new(metric: &'static str, what: &'static str, setting: &'static str, max: u64) -> Self {
        Self { metric, what, setting, max, was_reached: AtomicBool::new(false) }
    }

    /// # Errors
    /// [`Failure::NoRoom`] if the bound is reached.
    fn admit(&self, kept: u64) -> Result<(), Failure> {
        let (max, what, setting) = (self.max, self.what, self.setting);
        if kept >= max {
            if !self.was_reached.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    kept,
                    max,
                    setting,
                    "{what}: the bound is reached, new requests get 503"
                );
            }
            return Err(Failure::NoRoom);
        }
        let is_free_again = kept <= max - max.div_ceil(FREE_AGAIN_SHARE);
        if is_free_again && self.was_reached.load(Ordering::Relaxed) {
            self.was_reached.store(false, Ordering::Relaxed);
            tracing::info!(kept, max, setting, "{what}: there is room for new requests again");
        }
        Ok(())
    }
}

/// All bounds of one shop.
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

    /// Whether an answer for this kind of caller may be stored under a new key.
    fn admit_answer(&self, read: &impl Read, caller: Caller) -> Result<(), Failure> {
        let (all, anonymous) = answer_octets(read)?;
        self.answers.admit(all)?;
        match caller {
            Caller::Known => Ok(()),
            Caller::Anonymous => self.anonymous_answers.admit(anonymous),
        }
    }

    /// Each bound with the amount that is stored now.
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

/// Octets of all stored answers, and of those for anonymous callers.
fn answer_octets(read: &impl Read) -> Result<(u64, u64), StoreError> {
    let known = idempotency::kept(read, Caller::Known)?.octets;
    let anonymous = idempotency::kept(read, Caller::Anonymous)?.octets;
    Ok((known.saturating_add(anonymous), anonymous))
}

impl App {
    /// Checks that there is room for an answer under a new idempotency key.
    ///
    /// # Errors
    /// [`Failure::NoRoom`], and failures of the store.
    pub(super) fn admit_stored_answer(&self, caller: Caller) -> Result<(), Failure> {
        self.kept_bounds.admit_answer(&*self.shop.store.snapshot(), caller)
    }

    /// Checks that a guest may put something in a cart. A guest with a cart always may; a new cart
    /// is counted.
    ///
    /// # Errors
    /// [`Failure::NoRoom`], [`Failure::TooManyAttempts`], and failures of the store.
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

    /// Checks that there is room for one more unpaid order of a guest.
    ///
    /// # Errors
    /// [`Failure::NoRoom`], and failures of the store.
    pub(super) fn admit_kept_guest_order(&self) -> Result<(), Failure> {
        let kept = orders::guests_unpaid(&*self.shop.store.snapshot())?;
        self.kept_bounds.guest_orders.admit(kept)
    }

    /// The stored amounts and their bounds, for `/metrics`.
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
    fn a_reached_bound_refuses_and_is_logged_once() {
        let bound = Bound::new("lamps", "lamps", "max_lamps", 100);
        let was_reached = || bound.was_reached.load(Ordering::Relaxed);
        assert!(!is_refused(&bound, 99) && !was_reached());
        assert!(is_refused(&bound, 100) && was_reached());
        assert!(is_refused(&bound, 101));
        assert!(!is_refused(&bound, 99) && was_reached(), "one expired entry is not logged");
        assert!(!is_refused(&bound, 90) && !was_reached());
    }

    #[test]
    fn the_smallest_bound_is_free_when_nothing_is_stored() {
        let bound = Bound::new("lamps", "lamps", "max_lamps", 1);
        assert!(is_refused(&bound, 1) && bound.was_reached.load(Ordering::Relaxed));
        assert!(!is_refused(&bound, 0) && !bound.was_reached.load(Ordering::Relaxed));
    }
}
