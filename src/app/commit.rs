//! The commit of a request: its changes, its events and its idempotency record in one turn.

use super::App;
use super::idempotency::PendingAnswer;
use crate::edge::{Answer, Call};
use souk_actors::{Failure, Turn};

impl App {
    /// Runs `work` in a turn and returns its answer once the changes are durable. If the request
    /// has an idempotency key and `work` succeeds, the same commit stores the answer. `work` may
    /// run more than once ([`souk_actors::take_turn`]), so it must be `Clone`.
    ///
    /// # Errors
    /// What `work` refuses, and failures of the store.
    pub(crate) async fn commit<F, Fut>(&self, call: &Call, work: F) -> Result<Answer, Failure>
    where
        F: FnOnce(Turn) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<Answer, Failure>> + Send + 'static,
    {
        let operation = &call.operation;
        tracing::debug!(operation.contract, operation.heading, "waits for a turn");
        let pending = call.request.extensions.get::<PendingAnswer>().copied();
        let is_shared = self.shop.leases.are_shared();
        let working = move |turn: Turn| async move {
            if let Some(pending) = pending.filter(|_| is_shared) {
                pending.require_unanswered(turn.unit())?;
            }
            let answer = work(turn.clone()).await?;
            if let Some(pending) = pending {
                pending.keep(turn.unit(), &answer)?;
            }
            Ok(answer)
        };
        self.shop.turn(working).await
    }
}
