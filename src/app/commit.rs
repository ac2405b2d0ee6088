//! How a request commits: its changes, its events and its idempotency record in one turn.

use super::App;
use super::idempotency::Ticket;
use crate::edge::{Answer, Call};
use souk_actors::{Failure, Turn};

impl App {
    /// Runs `work` in a turn; what it answers is sent once it is durable. If the request has an
    /// idempotency key and `work` succeeds, the answer is stored in the same commit. `work` is
    /// cloned because it may run again ([`souk_actors::take_turn`]).
    ///
    /// # Errors
    /// What `work` refuses, and what the store cannot do.
    pub(crate) async fn commit<F, Fut>(&self, call: &Call, work: F) -> Result<Answer, Failure>
    where
        F: FnOnce(Turn) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<Answer, Failure>> + Send + 'static,
    {
        let operation = &call.operation;
        tracing::debug!(operation.contract, operation.heading, "waits for a turn");
        let ticket = call.request.extensions.get::<Ticket>().copied();
        let working = move |turn: Turn| async move {
            let answer = work(turn.clone()).await?;
            if let Some(ticket) = ticket {
                ticket.keep(turn.unit(), &answer)?;
            }
            Ok(answer)
        };
        self.shop.turn(working).await
    }
}
