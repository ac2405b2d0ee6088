//! Taking, renewing and releasing leases around the work that they allow.

use super::lease::{Lease, Taken};
use super::{LeasedWork, Leases, Process, rows};
use crate::{Failure, clock};
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// A lease that this process holds or held, for metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldLease {
    /// The work.
    pub work: LeasedWork,
    /// False if another process holds it, or nobody.
    pub is_held: bool,
}

impl Leases {
    /// Runs `session` while this process holds the lease of `work`. Waits for the lease first, and
    /// waits again whenever it is lost; each session gets its own lease. A session whose lease is
    /// lost is dropped at its next await. So a session reads what it must know from the store, does
    /// everything through handles that its lease guards, and may be broken off at any await.
    ///
    /// Returns the result of the first session that ended by itself; `None` if `stop` turned true
    /// before one began. A running session must follow `stop` itself.
    ///
    /// On a store that is not shared, the session runs at once.
    pub async fn run_while_held<T, E, F, S>(
        &self,
        work: LeasedWork,
        mut stop: watch::Receiver<bool>,
        session: F,
    ) -> Option<Result<T, E>>
    where
        F: Fn(Lease) -> S,
        S: Future<Output = Result<T, E>>,
    {
        let Some(process) = &self.process else { return Some(session(Lease::sole()).await) };
        loop {
            let lease = self.wait_for(process, work, &mut stop).await?;
            let Some(taken) = lease.on_shared_store() else { continue };
            let (name, fence) = (work.name(), taken.fence);
            tracing::info!(work = name, fence, "this process has the lease of its work");
            let ended = self.run_until_lost(process, taken, session(lease.clone())).await;
            match ended {
                Some(result) if result.is_ok() || !taken.is_over() => {
                    self.release(process, taken).await;
                    return Some(result);
                }
                _ => {
                    taken.lose();
                    process.held().remove(&work);
                    tracing::info!(work = name, fence, "lost the lease of this work");
                }
            }
        }
    }

    /// Which leases this process holds; nothing on a store that is not shared.
    #[must_use]
    pub fn held(&self) -> Vec<HeldLease> {
        let Some(process) = &self.process else { return Vec::new() };
        let held = process.held();
        let is_held = |work| held.get(work).is_some_and(|lease| !lease.is_over());
        LeasedWork::ALL
            .iter()
            .map(|work| HeldLease { work: *work, is_held: is_held(work) })
            .collect()
    }

    /// Releases what is still held, after the work has stopped. The store must still be open.
    pub async fn close(&self) {
        let Some(process) = &self.process else { return };
        let left: Vec<Lease> = process.held().values().cloned().collect();
        for taken in left.iter().filter_map(Lease::on_shared_store) {
            self.release(process, taken).await;
        }
    }

    async fn wait_for(
        &self,
        process: &Process,
        work: LeasedWork,
        stop: &mut watch::Receiver<bool>,
    ) -> Option<Lease> {
        loop {
            if *stop.borrow() || stop.has_changed().is_err() {
                return None;
            }
            match self.try_to_take(process, work).await {
                Ok(Some(lease)) => return Some(lease),
                Ok(None) => {}
                Err(failure) => {
                    tracing::debug!(work = work.name(), %failure, "a lease is taken later");
                }
            }
            let _ = tokio::time::timeout(process.look_every, stop.wait_for(|stop| *stop)).await;
        }
    }

    async fn try_to_take(
        &self,
        process: &Process,
        work: LeasedWork,
    ) -> Result<Option<Lease>, Failure> {
        let holder = process.holder.clone();
        if !rows::is_free(&*self.store.snapshot(), work, &holder, clock::now())? {
            return Ok(None);
        }
        // Before the turn, which may have to be repeated: the row's end is later.
        let asked = Instant::now();
        let take = move |unit: crate::store::Unit| {
            let holder = holder.clone();
            async move { rows::take(&unit, work, &holder, unit.now()) }
        };
        let Some(fence) = self.store.transact(take).await? else { return Ok(None) };
        let lease = Lease::taken(work, process.holder.clone(), fence, asked);
        process.held().insert(work, lease.clone());
        Ok(Some(lease))
    }

    /// Runs a session; `None` once its lease is lost. Between two awaits of the session, the lease
    /// is looked at each time, so a process that was stopped for long does nothing more under it
    /// than what it was just doing.
    async fn run_until_lost<T>(
        &self,
        process: &Process,
        taken: &Taken,
        session: impl Future<Output = T>,
    ) -> Option<T> {
        let mut keeping = pin!(self.keep(process, taken));
        let mut session = pin!(session);
        std::future::poll_fn(|context| {
            if taken.is_over() || keeping.as_mut().poll(context).is_ready() {
                return Poll::Ready(None);
            }
            session.as_mut().poll(context).map(Some)
        })
        .await
    }

    /// Renews a lease until it is lost.
    async fn keep(&self, process: &Process, taken: &Taken) {
        let mut period = process.period(process.renew_every);
        while !taken.is_over() {
            tokio::select! {
                () = taken.lost() => return,
                () = tokio::time::sleep_until(process.next_look()) => {}
                () = tokio::time::sleep_until(taken.ends()) => return,
            }
            let Taken { work, holder, fence, .. } = taken;
            // A snapshot that cannot be read says nothing; the turn decides.
            let may_be_held = rows::may_be_held(&*self.store.snapshot(), *work, holder, *fence);
            if !may_be_held.unwrap_or(true) {
                return;
            }
            let present = process.period(process.renew_every);
            if present == period {
                continue;
            }
            match tokio::time::timeout_at(taken.ends(), self.renew(taken)).await {
                Ok(Ok(true)) => period = present,
                Ok(Ok(false)) | Err(_) => return,
                Ok(Err(failure)) => {
                    tracing::debug!(work = work.name(), %failure, "a lease is renewed later");
                }
            }
        }
    }

    async fn renew(&self, taken: &Taken) -> Result<bool, Failure> {
        let asked = Instant::now();
        let (work, holder, fence) = (taken.work, taken.holder.clone(), taken.fence);
        let renew = move |unit: crate::store::Unit| {
            let holder = holder.clone();
            async move { rows::renew(&unit, work, &holder, fence, unit.now()) }
        };
        let is_renewed = self.store.transact(renew).await?;
        if is_renewed {
            taken.renewed(asked);
        }
        Ok(is_renewed)
    }

    async fn release(&self, process: &Process, taken: &Taken) {
        let (work, holder, fence) = (taken.work, taken.holder.clone(), taken.fence);
        process.held().remove(&work);
        taken.lose();
        let release = move |unit: crate::store::Unit| {
            let holder = holder.clone();
            async move { rows::release(&unit, work, &holder, fence) }
        };
        if let Err(failure) = self.store.transact(release).await {
            tracing::debug!(work = work.name(), %failure, "a lease is not released; it ends by itself");
        }
    }
}

impl Process {
    fn held(&self) -> MutexGuard<'_, BTreeMap<LeasedWork, Lease>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the present period, counted from the start of the process. All leases of a
    /// process are renewed at the same moments, so that they share a commit.
    fn period(&self, length: Duration) -> u128 {
        self.started.elapsed().as_nanos() / length.as_nanos()
    }

    fn next_look(&self) -> Instant {
        let looks = u32::try_from(self.period(self.look_every) + 1).unwrap_or(u32::MAX);
        self.started + self.look_every * looks
    }
}
