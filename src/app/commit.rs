//! How a request commits: its changes, its events and its idempotency record in one turn.

use super::App;
use super::idempotency::Ticket;
use crate::edge::{Answer, Call};
use souk_actors::Failure;
use souk_actors::store::Unit;

impl App {
    /// Runs `work` in a turn; what it answers is said once it is durable. If the request has an
    /// idempotency key and `work` succeeds, the answer is stored in the same commit.
    ///
    /// # Errors
    /// What `work` refuses, and what the store cannot do.
    pub(crate) async fn commit<F, Fut>(&self, call: &Call, work: F) -> Result<Answer, Failure>
    where
        F: Fn(Unit) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Answer, Failure>> + Send + 'static,
    {
        let operation = &call.operation;
        tracing::debug!(operation.contract, operation.heading, "waits for a turn");
        let ticket = call.request.extensions.get::<Ticket>().copied();
        self.shop
            .store
            .transact(move |unit| {
                let working = work(unit.clone());
                async move {
                    let answer = working.await?;
                    if let Some(ticket) = ticket {
                        ticket.keep(&unit, &answer)?;
                    }
                    Ok(answer)
                }
            })
            .await
    }
}
