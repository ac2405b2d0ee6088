//! Commands and turns: how owners receive commands, reply, and are restarted.
//!
//! A command is one file: the message, the owner's promise, and the rule ([`Command::apply`]). A
//! [`Turn`] combines the owners and the open unit of work; handlers and journeys send commands
//! through it. One generic actor runs the commands of every owner.

use crate::Failure;
use crate::store::{Store, Unit};
use crate::supervision::Owners;
use arc_swap::ArcSwapOption;
use ractor::{Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, SpawnErr};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::oneshot;

/// The owner of some tables, which alone writes them. It keeps nothing in memory except the
/// operator's settings.
pub trait Owner: Send + Sync + Sized + 'static {
    /// Its name in logs and errors.
    const NAME: &'static str;

    /// The slot of its actor.
    fn slot(owners: &Owners) -> &Slot<Self>;
}

/// A command that an owner can apply.
pub trait Command: Send + 'static {
    /// The owner that applies it.
    type Owner: Owner;
    /// The owner's reply.
    type Reply: Send + 'static;

    /// Applies the command, in the turn of `unit`.
    ///
    /// # Errors
    /// A refusal, before anything is written. Any other failure means that the owner's data is
    /// unusable, and its supervisor acts.
    fn apply(self, unit: &Unit, owner: &Self::Owner) -> Result<Self::Reply, Failure>;
}

/// The owners during one turn. All effects of its commands become durable together, or not at all.
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

    /// Sends a command to its owner and waits for the reply. The turn's deadline bounds the wait.
    ///
    /// # Errors
    /// The owner's refusal; [`Failure::OwnerDied`] if it died over this or an earlier command.
    pub async fn ask<C: Command>(&self, command: C) -> Result<C::Reply, Failure> {
        C::Owner::slot(&self.owners).ask(&self.unit, command).await
    }
}

/// Runs `work` in a turn of its own, and returns once its effects are durable.
///
/// `work` can be cloned, because an engine that other processes write too may have to repeat it. It
/// runs to its end even if the caller is dropped.
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

/// A command together with the sender for its reply.
struct Job<O>(Box<dyn Run<O>>);

/// Runs a job's command on the owner.
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

    /// Kills the current actor, for drills and tests.
    pub fn kill(&self) {
        if let Some(actor) = self.current.load().as_ref() {
            actor.kill();
        }
    }
}

/// The start of an actor in its slot.
type Starting<'a> = Pin<Box<dyn Future<Output = Result<ActorId, SpawnErr>> + Send + 'a>>;

/// A slot of any owner, for the supervisor.
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

/// Sends an owner's result. A refusal is a normal reply; any other failure means that the owner's
/// data is unusable, and its supervisor must act.
fn answer<T>(
    sender: oneshot::Sender<Result<T, Failure>>,
    result: Result<T, Failure>,
) -> Result<(), ActorProcessingErr> {
    let reply = match result {
        Ok(value) => Ok(value),
        Err(refused @ Failure::Refused(_)) => Err(refused),
        // The turn has ended; the owner's data is in order.
        Err(Failure::Store(error)) if error.ends_the_turn() => Err(Failure::Store(error)),
        Err(failure) => return Err(Box::new(failure)),
    };
    // Sending fails if the turn was dropped meanwhile; it is then rolled back.
    let _ = sender.send(reply);
    Ok(())
}
