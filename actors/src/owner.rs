//! Commands and turns: how an owner is asked, how it answers, how it is replaced.
//!
//! A command is one file: what is asked, what the owner promises, and the rule
//! ([`Command::apply`]). A [`Turn`] is the owners and the open unit of work; a handler or a journey
//! holds a conversation with owners in it. One generic actor runs the commands of every owner.

use crate::Failure;
use crate::store::{Store, StoreError, Unit};
use crate::supervision::Owners;
use arc_swap::ArcSwapOption;
use ractor::{Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, SpawnErr};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::oneshot;

/// The owner of some tables: it alone writes them. It keeps nothing in memory but what the operator
/// decided about it.
pub trait Owner: Send + Sync + Sized + 'static {
    /// Its name in logs and errors.
    const NAME: &'static str;

    /// Where its actor is found.
    fn slot(owners: &Owners) -> &Slot<Self>;
}

/// What an owner can be asked to do.
pub trait Command: Send + 'static {
    /// Who is asked.
    type Owner: Owner;
    /// What it answers.
    type Reply: Send + 'static;

    /// Does it, in the turn of `unit`.
    ///
    /// # Errors
    /// A refusal, before anything is written; any other failure means that what the owner stands on
    /// is broken, and its supervisor acts.
    fn apply(self, unit: &Unit, owner: &Self::Owner) -> Result<Self::Reply, Failure>;
}

/// A conversation with the owners: what is asked in it becomes durable together, or not at all.
#[derive(Clone)]
pub struct Turn {
    owners: Arc<Owners>,
    unit: Unit,
}

impl Turn {
    /// The turn of `unit`.
    #[must_use]
    pub fn new(owners: Arc<Owners>, unit: Unit) -> Self {
        Self { owners, unit }
    }

    /// The unit of work. Owners' query functions read it directly.
    #[must_use]
    pub fn unit(&self) -> &Unit {
        &self.unit
    }

    /// Asks the owner of a command to apply it. The turn bounds how long this can take.
    ///
    /// # Errors
    /// What the owner refuses; [`Failure::OwnerDied`] if it died over this or an earlier command.
    pub async fn ask<C: Command>(&self, command: C) -> Result<C::Reply, Failure> {
        C::Owner::slot(&self.owners).ask(&self.unit, command).await
    }
}

/// Holds a conversation in a turn of its own, and answers once its effects are durable.
///
/// `work` is cloned because it may run more than once: if another turn condemns the epoch, its
/// effects are gone and it starts again. It runs to its end even if the caller goes away.
///
/// # Errors
/// As [`Store::transact`].
pub async fn take_turn<T, F, Fut>(
    store: &Store,
    owners: &Arc<Owners>,
    work: F,
) -> Result<T, Failure>
where
    T: Send + 'static,
    F: FnOnce(Turn) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<T, Failure>> + Send,
{
    let owners = Arc::clone(owners);
    store.transact(move |unit| work.clone()(Turn::new(Arc::clone(&owners), unit))).await
}

/// The slot of one owner. The actor in it changes when the supervisor restarts it, so callers look
/// it up for every command.
pub struct Slot<O> {
    owner: Arc<O>,
    current: ArcSwapOption<ActorRef<Job<O>>>,
}

/// A command on its way, with where its reply goes.
struct Job<O>(Box<dyn Run<O>>);

/// What a job does with the owner.
trait Run<O>: FnOnce(&O) -> Result<(), ActorProcessingErr> + Send {}

impl<O, F: FnOnce(&O) -> Result<(), ActorProcessingErr> + Send> Run<O> for F {}

impl<O: Owner> Slot<O> {
    pub(crate) fn new(owner: O) -> Self {
        Self { owner: Arc::new(owner), current: ArcSwapOption::empty() }
    }

    async fn ask<C: Command<Owner = O>>(
        &self,
        unit: &Unit,
        command: C,
    ) -> Result<C::Reply, Failure> {
        let died = || Failure::OwnerDied { owner: O::NAME };
        let (sender, reply) = oneshot::channel();
        let unit = unit.clone();
        // An owner that dies over the command drops the sender.
        let job = Job(Box::new(move |owner: &O| answer(sender, command.apply(&unit, owner))));
        {
            let current = self.current.load();
            let actor = current.as_ref().ok_or_else(died)?;
            actor.cast(job).map_err(|_| died())?;
        }
        reply.await.map_err(|_| died())?
    }

    #[cfg(test)]
    pub(crate) fn current(&self) -> Option<ActorCell> {
        self.current.load().as_ref().map(|actor| actor.get_cell())
    }

    #[cfg(test)]
    pub(crate) fn current_id(&self) -> Option<ActorId> {
        self.current.load().as_ref().map(|actor| actor.get_id())
    }

    /// Kills the current actor, as an operator's drill or a test would.
    pub fn kill(&self) {
        if let Some(actor) = self.current.load().as_ref() {
            actor.kill();
        }
    }
}

/// An actor on its way to its slot.
type Starting<'a> = Pin<Box<dyn Future<Output = Result<ActorId, SpawnErr>> + Send + 'a>>;

/// A slot of any owner, as its supervisor sees it.
pub(crate) trait Supervised: Send + Sync {
    /// The owner's name.
    fn name(&self) -> &'static str;

    /// Starts an actor for the owner and puts it in the slot.
    fn start(&self, supervisor: ActorCell) -> Starting<'_>;
}

impl<O: Owner> Supervised for Slot<O> {
    fn name(&self) -> &'static str {
        O::NAME
    }

    fn start(&self, supervisor: ActorCell) -> Starting<'_> {
        Box::pin(async move {
            let owner = Arc::clone(&self.owner);
            let runner = CommandRunner(PhantomData);
            let (actor, _) = Actor::spawn_linked(None, runner, owner, supervisor).await?;
            let id = actor.get_id();
            self.current.store(Some(Arc::new(actor)));
            Ok(id)
        })
    }
}

/// The actor of every owner: it runs commands one after another.
struct CommandRunner<O>(PhantomData<fn(O)>);

impl<O: Owner> Actor for CommandRunner<O> {
    type Msg = Job<O>;
    type State = Arc<O>;
    type Arguments = Arc<O>;

    async fn pre_start(
        &self,
        _: ActorRef<Job<O>>,
        owner: Arc<O>,
    ) -> Result<Arc<O>, ActorProcessingErr> {
        Ok(owner)
    }

    async fn handle(
        &self,
        _: ActorRef<Job<O>>,
        Job(run): Job<O>,
        owner: &mut Arc<O>,
    ) -> Result<(), ActorProcessingErr> {
        run(owner)
    }
}

/// Sends an owner's result. A refusal is an answer; anything else means that what the owner stands
/// on is broken, and its supervisor must act.
fn answer<T>(
    sender: oneshot::Sender<Result<T, Failure>>,
    result: Result<T, Failure>,
) -> Result<(), ActorProcessingErr> {
    let reply = match result {
        Ok(value) => Ok(value),
        Err(refused @ Failure::Refused(_)) => Err(refused),
        // The conversation that asked has ended; nobody waits for this reply.
        Err(Failure::Store(StoreError::TurnOver)) => return Ok(()),
        Err(failure) => return Err(Box::new(failure)),
    };
    // Nobody listens if the conversation was given up meanwhile; its epoch is condemned then.
    let _ = sender.send(reply);
    Ok(())
}
