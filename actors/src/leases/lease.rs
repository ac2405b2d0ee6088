//! A lease that this process took.

use super::{LeasedWork, MAX_CLOCK_DIFFERENCE, TERM, rows};
use crate::Failure;
use crate::store::{Guard, Store};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// How long the holder relies on a lease, from the moment at which it asked for it.
const RELIED_ON_FOR: Duration = TERM.saturating_sub(MAX_CLOCK_DIFFERENCE);

/// The right to do some work, until it is lost. Cheap to clone.
#[derive(Clone)]
pub struct Lease(Option<Arc<Taken>>);

/// A lease on a shared store.
pub(super) struct Taken {
    pub(super) work: LeasedWork,
    pub(super) holder: String,
    pub(super) fence: u64,
    /// From then on another process may have it.
    ends: Mutex<Instant>,
    lost: watch::Sender<bool>,
}

impl Lease {
    /// The lease where no other process can take one.
    pub(super) fn sole() -> Self {
        Self(None)
    }

    /// A lease with this fence that was asked for at `asked`.
    pub(super) fn taken(work: LeasedWork, holder: String, fence: u64, asked: Instant) -> Self {
        let ends = Mutex::new(asked + RELIED_ON_FOR);
        Self(Some(Arc::new(Taken { work, holder, fence, ends, lost: watch::Sender::new(false) })))
    }

    pub(super) fn on_shared_store(&self) -> Option<&Arc<Taken>> {
        self.0.as_ref()
    }

    /// True if other processes may take over the work, so that everything the next holder must know
    /// has to be in the store.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.0.is_some()
    }

    /// True once the lease is lost, or may be.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.0.as_ref().is_some_and(|taken| taken.is_over())
    }

    /// A handle of `store` whose turns are refused with [`Failure::LeaseLost`] once another process
    /// has the lease. The work records everything through it.
    #[must_use]
    pub fn guarded(&self, store: &Store) -> Store {
        let Some(taken) = &self.0 else { return store.clone() };
        let taken = Arc::clone(taken);
        store.guarded(Guard::new(move |unit| {
            let Taken { work, holder, fence, .. } = &*taken;
            if rows::is_held(unit, *work, holder, *fence)? {
                return Ok(());
            }
            taken.lose();
            Err(Failure::LeaseLost { work: work.name() })
        }))
    }
}

impl Taken {
    pub(super) fn is_over(&self) -> bool {
        *self.lost.borrow() || Instant::now() >= self.ends()
    }

    /// When the holder must stop unless the lease is renewed before.
    pub(super) fn ends(&self) -> Instant {
        *self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lease was renewed; that was asked for at `asked`.
    pub(super) fn renewed(&self, asked: Instant) {
        *self.ends.lock().unwrap_or_else(PoisonError::into_inner) = asked + RELIED_ON_FOR;
    }

    /// Ends the work. The lease cannot be had back, only taken again.
    pub(super) fn lose(&self) {
        self.lost.send_replace(true);
    }

    /// Returns once the lease is known to be lost.
    pub(super) async fn lost(&self) {
        // The sender is in `self`, so this does not fail.
        let _ = self.lost.subscribe().wait_for(|lost| *lost).await;
    }
}
