//! Sessions of loops that run in one process at a time.

use super::{Interruption, Stop};
use souk_actors::leases::{Lease, LeasedWork, Leases};
use std::pin::Pin;
use std::sync::Arc;

/// A session that waits for its lease first.
type LeasedSession = Pin<Box<dyn Future<Output = Result<(), Interruption>> + Send>>;

/// The sessions for [`super::keep_running`] of a loop that runs under a lease. Each waits for the
/// lease before it begins. A session whose lease is lost is dropped, and another waits for the lease
/// again; that is no failure of the loop.
pub(crate) fn under_lease<F, S>(
    leases: Leases,
    work: LeasedWork,
    stop: Stop,
    session: F,
) -> impl Fn() -> LeasedSession + Send + Sync + 'static
where
    F: Fn(Lease) -> S + Send + Sync + 'static,
    S: Future<Output = Result<(), Interruption>> + Send + 'static,
{
    let session = Arc::new(session);
    move || {
        let (leases, stop, session) = (leases.clone(), stop.clone(), Arc::clone(&session));
        Box::pin(async move {
            let ended = leases.run_while_held(work, stop.watch(), |lease| session(lease)).await;
            // `None`: a stop was requested before this process had the lease.
            ended.unwrap_or(Ok(()))
        })
    }
}
