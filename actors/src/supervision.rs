//! The supervision tree: one supervisor, one actor per owner.
//!
//! Policy: an owner that dies is restarted at once, from committed state (it keeps none in memory).
//! More than [`MAX_RESTARTS`] of one owner within [`RESTART_WINDOW`] escalate: the supervisor
//! stops, [`Owners::escalated`] turns true, and the process ends so that its service manager
//! restarts it.

use crate::Failure;
use crate::carts::Carts;
use crate::catalog::Catalog;
use crate::orders::{OrderNotices, Orders};
use crate::owner::{Slot, Supervised};
use crate::payments::Payments;
use crate::sandbox::Sandbox;
use crate::users::Users;
use crate::webhooks::Webhooks;
use ractor::{Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, SpawnErr, SupervisionEvent};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Most restarts of one owner within [`RESTART_WINDOW`].
pub const MAX_RESTARTS: usize = 20;
/// The period in which [`MAX_RESTARTS`] counts.
pub const RESTART_WINDOW: Duration = Duration::from_secs(10);

/// The owners of the shop's state, each in its slot.
pub struct Owners {
    /// Users, their passwords and sessions.
    pub users: Slot<Users>,
    /// Products, categories and stock.
    pub catalog: Slot<Catalog>,
    /// Carts.
    pub carts: Slot<Carts>,
    /// Orders.
    pub orders: Slot<Orders>,
    /// Payments.
    pub payments: Slot<Payments>,
    /// The sandbox gateway's books.
    pub sandbox: Slot<Sandbox>,
    /// Webhook endpoints and their deliveries.
    pub webhooks: Slot<Webhooks>,
    escalated: watch::Sender<bool>,
}

/// The operator's settings for the owners.
#[derive(Clone, Copy, Debug)]
pub struct OwnerSettings {
    /// The administrators get a mail when a product's sellable units fall to this number or below.
    pub low_stock_threshold: u64,
    /// How administrators are notified of new orders.
    pub order_notices: OrderNotices,
}

impl Owners {
    /// Starts the supervisor and, below it, every owner.
    ///
    /// # Errors
    /// Fails if an actor cannot be started.
    pub async fn start(settings: OwnerSettings) -> Result<(Arc<Self>, ActorRef<()>), SpawnErr> {
        let OwnerSettings { low_stock_threshold, order_notices } = settings;
        let owners = Arc::new(Self {
            users: Slot::new(Users),
            catalog: Slot::new(Catalog { low_stock_threshold }),
            carts: Slot::new(Carts),
            orders: Slot::new(Orders { notices: order_notices }),
            payments: Slot::new(Payments),
            sandbox: Slot::new(Sandbox),
            webhooks: Slot::new(Webhooks),
            escalated: watch::Sender::new(false),
        });
        let (supervisor, _) = Actor::spawn(None, Supervisor, Arc::clone(&owners)).await?;
        Ok((owners, supervisor))
    }

    /// Every slot; the supervisor identifies owners by their position here.
    fn supervised(&self) -> [&dyn Supervised; 7] {
        [
            &self.users,
            &self.catalog,
            &self.carts,
            &self.orders,
            &self.payments,
            &self.sandbox,
            &self.webhooks,
        ]
    }

    /// Turns true when an owner died too often; the process must stop then.
    #[must_use]
    pub fn escalated(&self) -> watch::Receiver<bool> {
        self.escalated.subscribe()
    }
}

struct Supervisor;

struct SupervisorState {
    owners: Arc<Owners>,
    /// The owner of each actor, by its position in [`Owners::supervised`].
    positions: HashMap<ActorId, usize>,
    restarts: HashMap<usize, VecDeque<Instant>>,
}

impl SupervisorState {
    /// Starts an actor for the owner at this position.
    async fn start(&mut self, position: usize, supervisor: ActorCell) -> Result<(), SpawnErr> {
        let owners = Arc::clone(&self.owners);
        let id = owners.supervised()[position].start(supervisor).await?;
        self.positions.insert(id, position);
        Ok(())
    }

    /// Records a death; false if the owner has died too often.
    fn may_restart(&mut self, position: usize, now: Instant) -> bool {
        let restarts = self.restarts.entry(position).or_default();
        while restarts.front().is_some_and(|then| now.duration_since(*then) > RESTART_WINDOW) {
            restarts.pop_front();
        }
        restarts.push_back(now);
        restarts.len() <= MAX_RESTARTS
    }
}

impl Actor for Supervisor {
    type Msg = ();
    type State = SupervisorState;
    type Arguments = Arc<Owners>;

    async fn pre_start(
        &self,
        myself: ActorRef<()>,
        owners: Arc<Owners>,
    ) -> Result<SupervisorState, ActorProcessingErr> {
        let count = owners.supervised().len();
        let mut state =
            SupervisorState { owners, positions: HashMap::new(), restarts: HashMap::new() };
        for position in 0..count {
            state.start(position, myself.get_cell()).await?;
        }
        Ok(state)
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<()>,
        event: SupervisionEvent,
        state: &mut SupervisorState,
    ) -> Result<(), ActorProcessingErr> {
        let (cell, reason, has_panicked) = match event {
            // An owner that fails by itself gives a reason.
            SupervisionEvent::ActorFailed(cell, error) => {
                (cell, error.to_string(), !error.is::<Failure>())
            }
            SupervisionEvent::ActorTerminated(cell, _, reason) => {
                (cell, reason.unwrap_or_else(|| "stopped".to_owned()), false)
            }
            SupervisionEvent::ActorStarted(_) | SupervisionEvent::ProcessGroupChanged(_) => {
                return Ok(());
            }
        };
        let Some(position) = state.positions.remove(&cell.get_id()) else { return Ok(()) };
        let owner = state.owners.supervised()[position].name();
        if state.may_restart(position, Instant::now()) {
            if has_panicked {
                // The panic is already logged as an error. Its text may contain a customer's data,
                // so it is not repeated.
                tracing::warn!(owner, "an owner panicked and is started again");
            } else {
                tracing::error!(owner, reason, "an owner died and is started again");
            }
            state.start(position, myself.get_cell()).await?;
        } else {
            tracing::error!(owner, "an owner died too often; stopping");
            state.owners.escalated.send_replace(true);
            myself.stop(Some(format!("{owner} died too often")));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_owner_that_dies_is_replaced_and_one_that_keeps_dying_escalates() {
        let settings = OwnerSettings { low_stock_threshold: 5, order_notices: OrderNotices::Each };
        let (owners, _supervisor) = Owners::start(settings).await.expect("owners");
        let mut escalated = owners.escalated();
        for _ in 0..MAX_RESTARTS {
            let dead = owners.users.current_id();
            owners.users.kill();
            while owners.users.current_id() == dead {
                tokio::task::yield_now().await;
            }
            assert!(!*escalated.borrow_and_update());
        }
        owners.users.kill();
        escalated.wait_for(|escalated| *escalated).await.expect("the owners are still there");
    }

    /// Records the levels of all events.
    struct Levels(std::sync::Mutex<Vec<tracing::Level>>);

    impl tracing::Subscriber for Levels {
        fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
            tracing::span::Id::from_u64(1)
        }

        fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

        fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

        fn event(&self, event: &tracing::Event<'_>) {
            if event.metadata().target() == module_path!().trim_end_matches("::tests") {
                self.0
                    .lock()
                    .expect("no holder of this lock panics")
                    .push(*event.metadata().level());
            }
        }

        fn enter(&self, _: &tracing::span::Id) {}

        fn exit(&self, _: &tracing::span::Id) {}
    }

    #[tokio::test]
    async fn a_panic_is_not_logged_as_an_error_again_and_every_other_death_is() {
        let settings = OwnerSettings { low_stock_threshold: 5, order_notices: OrderNotices::Each };
        let (owners, supervisor) = Owners::start(settings).await.expect("owners");
        let state = Supervisor.pre_start(supervisor.clone(), Arc::clone(&owners));
        let mut state = state.await.expect("its own owners start");
        let deaths: [fn(ActorCell) -> SupervisionEvent; 3] = [
            |cell| SupervisionEvent::ActorFailed(cell, "the text of a panic".into()),
            |cell| SupervisionEvent::ActorFailed(cell, Box::new(Failure::Busy)),
            |cell| SupervisionEvent::ActorTerminated(cell, None, Some("killed".to_owned())),
        ];
        let levels = Arc::new(Levels(std::sync::Mutex::default()));
        let logging = tracing::subscriber::set_default(Arc::clone(&levels));
        for death in deaths {
            let dead = owners.users.current().expect("an owner");
            let handled = Supervisor.handle_supervisor_evt(
                supervisor.clone(),
                death(dead.clone()),
                &mut state,
            );
            handled.await.expect("another owner starts");
            assert_ne!(owners.users.current_id(), Some(dead.get_id()));
        }
        drop(logging);
        use tracing::Level;
        let levels = levels.0.lock().expect("no holder of this lock panics");
        assert_eq!(*levels, [Level::WARN, Level::ERROR, Level::ERROR]);
    }
}
