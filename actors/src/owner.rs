//! What every owner has in common: how it is asked, how it answers, how it is replaced.

use crate::Failure;
use crate::store::StoreError;
use arc_swap::ArcSwapOption;
use ractor::{ActorProcessingErr, ActorRef, Message, RpcReplyPort};
use souk_domain::Refusal;
use std::sync::Arc;

/// Where an owner sends its answer: what was asked for, or why not. An owner that dies drops it.
pub type ReplyTo<T> = RpcReplyPort<Result<T, Refusal>>;

/// The place of one owner in the house. The actor in it changes when the supervisor restarts it,
/// so callers look it up for every question.
pub struct Place<M> {
    name: &'static str,
    current: ArcSwapOption<ActorRef<M>>,
}

impl<M: Message> Place<M> {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, current: ArcSwapOption::empty() }
    }

    pub(crate) fn put(&self, actor: ActorRef<M>) {
        self.current.store(Some(Arc::new(actor)));
    }

    /// Asks the current owner. The turn in which it is asked bounds how long this can take.
    ///
    /// # Errors
    /// What the owner refuses; [`Failure::OwnerDied`] if it died over this or an earlier question.
    pub async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(ReplyTo<T>) -> M,
    ) -> Result<T, Failure> {
        let died = || Failure::OwnerDied { owner: self.name };
        let (reply_to, reply) = tokio::sync::oneshot::channel();
        {
            let current = self.current.load();
            let actor = current.as_ref().ok_or_else(died)?;
            actor.cast(question(reply_to.into())).map_err(|_| died())?;
        }
        Ok(reply.await.map_err(|_| died())??)
    }

    #[cfg(test)]
    pub(crate) fn current(&self) -> Option<ActorRef<M>> {
        self.current.load().as_ref().map(|actor| ActorRef::clone(actor))
    }

    #[cfg(test)]
    pub(crate) fn current_id(&self) -> Option<ractor::ActorId> {
        self.current().map(|actor| actor.get_id())
    }

    /// Kills the current owner, as an operator's drill or a test would.
    pub fn kill(&self) {
        if let Some(actor) = self.current.load().as_ref() {
            actor.kill();
        }
    }
}

/// Sends an owner's result. A refusal is an answer; anything else means that what the owner
/// stands on is broken, and its supervisor must act.
pub(crate) fn answer<T>(
    reply_to: ReplyTo<T>,
    result: Result<T, Failure>,
) -> Result<(), ActorProcessingErr> {
    let reply = match result {
        Ok(value) => Ok(value),
        Err(Failure::Refused(refusal)) => Err(refusal),
        // The conversation that asked has ended; nobody waits for this reply.
        Err(Failure::Store(StoreError::TurnOver)) => return Ok(()),
        Err(failure) => return Err(Box::new(failure)),
    };
    // Nobody listens if the conversation was given up meanwhile; its epoch is condemned then.
    let _ = reply_to.send(reply);
    Ok(())
}
