//! The supervision tree: one supervisor, one actor per owner.
//!
//! Policy: an owner that dies is started again at once, from committed state (it keeps none in
//! memory). More than [`MAX_RESTARTS`] of one owner within [`RESTART_WINDOW`] escalate: the
//! supervisor stops, [`Owners::escalated`] turns true, and the process ends so that whoever runs
//! it starts it afresh.

use crate::Failure;
use crate::carts::{CartOwner, CartsMessage};
use crate::catalog::{CatalogMessage, CatalogOwner};
use crate::orders::{OrderNotices, OrderOwner, OrdersMessage};
use crate::owner::Place;
use crate::payments::{PaymentOwner, PaymentsMessage};
use crate::sandbox::{SandboxMessage, SandboxOwner};
use crate::users::{UserOwner, UsersMessage};
use ractor::{Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, SpawnErr, SupervisionEvent};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Restarts of one owner that [`RESTART_WINDOW`] may hold.
pub const MAX_RESTARTS: usize = 20;
/// See [`MAX_RESTARTS`].
pub const RESTART_WINDOW: Duration = Duration::from_secs(10);

/// The owners of the shop's state, each in its place.
pub struct Owners {
    /// Users, their passwords and sessions.
    pub users: Place<UsersMessage>,
    /// Products, categories and stock.
    pub catalog: Place<CatalogMessage>,
    /// Carts.
    pub carts: Place<CartsMessage>,
    /// Orders.
    pub orders: Place<OrdersMessage>,
    /// Payments.
    pub payments: Place<PaymentsMessage>,
    /// The sandbox gateway's own books.
    pub sandbox: Place<SandboxMessage>,
    escalated: watch::Sender<bool>,
}

/// What the operator decides about the owners.
#[derive(Clone, Copy, Debug)]
pub struct OwnerSettings {
    /// When what can be sold of a product falls to this or below, its administrators get a mail.
    pub low_stock_threshold: u64,
    /// How administrators hear of new orders.
    pub order_notices: OrderNotices,
}

impl Owners {
    /// Starts the supervisor and, below it, every owner.
    ///
    /// # Errors
    /// If an actor cannot be started.
    pub async fn start(settings: OwnerSettings) -> Result<(Arc<Self>, ActorRef<()>), SpawnErr> {
        let owners = Arc::new(Self {
            users: Place::new("users"),
            catalog: Place::new("catalog"),
            carts: Place::new("carts"),
            orders: Place::new("orders"),
            payments: Place::new("payments"),
            sandbox: Place::new("sandbox"),
            escalated: watch::Sender::new(false),
        });
        let (supervisor, _) =
            Actor::spawn(None, Supervisor, (Arc::clone(&owners), settings)).await?;
        Ok((owners, supervisor))
    }

    /// Turns true when an owner died too often; the process must stop then.
    #[must_use]
    pub fn escalated(&self) -> watch::Receiver<bool> {
        self.escalated.subscribe()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Owner {
    Users,
    Catalog,
    Carts,
    Orders,
    Payments,
    Sandbox,
}

impl Owner {
    const ALL: [Self; 6] =
        [Self::Users, Self::Catalog, Self::Carts, Self::Orders, Self::Payments, Self::Sandbox];
}

struct Supervisor;

struct House {
    owners: Arc<Owners>,
    who: HashMap<ActorId, Owner>,
    restarts: HashMap<Owner, VecDeque<Instant>>,
    settings: OwnerSettings,
}

impl House {
    /// Starts an actor for an owner and puts it in its place.
    async fn start(&mut self, owner: Owner, supervisor: ActorCell) -> Result<(), SpawnErr> {
        macro_rules! start {
            ($handler:expr, $place:ident) => {{
                let (actor, _) = Actor::spawn_linked(None, $handler, (), supervisor).await?;
                let id = actor.get_id();
                self.owners.$place.put(actor);
                id
            }};
        }
        let id = match owner {
            Owner::Users => start!(UserOwner, users),
            Owner::Catalog => {
                let low_stock_threshold = self.settings.low_stock_threshold;
                start!(CatalogOwner { low_stock_threshold }, catalog)
            }
            Owner::Carts => start!(CartOwner, carts),
            Owner::Orders => {
                start!(OrderOwner { notices: self.settings.order_notices }, orders)
            }
            Owner::Payments => start!(PaymentOwner, payments),
            Owner::Sandbox => start!(SandboxOwner, sandbox),
        };
        self.who.insert(id, owner);
        Ok(())
    }

    /// Notes a death; false if the owner has died too often.
    fn may_restart(&mut self, owner: Owner, now: Instant) -> bool {
        let restarts = self.restarts.entry(owner).or_default();
        while restarts.front().is_some_and(|then| now.duration_since(*then) > RESTART_WINDOW) {
            restarts.pop_front();
        }
        restarts.push_back(now);
        restarts.len() <= MAX_RESTARTS
    }
}

impl Actor for Supervisor {
    type Msg = ();
    type State = House;
    type Arguments = (Arc<Owners>, OwnerSettings);

    async fn pre_start(
        &self,
        myself: ActorRef<()>,
        (owners, settings): (Arc<Owners>, OwnerSettings),
    ) -> Result<House, ActorProcessingErr> {
        let (who, restarts) = (HashMap::new(), HashMap::new());
        let mut house = House { owners, who, restarts, settings };
        for owner in Owner::ALL {
            house.start(owner, myself.get_cell()).await?;
        }
        Ok(house)
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<()>,
        event: SupervisionEvent,
        house: &mut House,
    ) -> Result<(), ActorProcessingErr> {
        let (cell, reason, has_panicked) = match event {
            // An owner that gives up itself says why with a failure.
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
        let Some(owner) = house.who.remove(&cell.get_id()) else { return Ok(()) };
        if house.may_restart(owner, Instant::now()) {
            if has_panicked {
                // The panic itself is an error in the log already; its words may be a customer's.
                tracing::warn!(?owner, "an owner panicked and is started again");
            } else {
                tracing::error!(?owner, reason, "an owner died and is started again");
            }
            house.start(owner, myself.get_cell()).await?;
        } else {
            tracing::error!(?owner, "an owner died too often; stopping");
            house.owners.escalated.send_replace(true);
            myself.stop(Some(format!("{owner:?} died too often")));
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

    /// Remembers the levels of all events.
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
                self.0.lock().expect("nobody panics here").push(*event.metadata().level());
            }
        }

        fn enter(&self, _: &tracing::span::Id) {}

        fn exit(&self, _: &tracing::span::Id) {}
    }

    #[tokio::test]
    async fn a_panic_is_not_logged_as_an_error_again_and_every_other_death_is() {
        let settings = OwnerSettings { low_stock_threshold: 5, order_notices: OrderNotices::Each };
        let (owners, supervisor) = Owners::start(settings).await.expect("owners");
        let house = Supervisor.pre_start(supervisor.clone(), (Arc::clone(&owners), settings));
        let mut house = house.await.expect("owners of its own");
        let deaths: [fn(ActorCell) -> SupervisionEvent; 3] = [
            |cell| SupervisionEvent::ActorFailed(cell, "the text of a panic".into()),
            |cell| SupervisionEvent::ActorFailed(cell, Box::new(Failure::Busy)),
            |cell| SupervisionEvent::ActorTerminated(cell, None, Some("killed".to_owned())),
        ];
        let levels = Arc::new(Levels(std::sync::Mutex::default()));
        let logging = tracing::subscriber::set_default(Arc::clone(&levels));
        for death in deaths {
            let dead = owners.users.current().expect("an owner").get_cell();
            let handled = Supervisor.handle_supervisor_evt(
                supervisor.clone(),
                death(dead.clone()),
                &mut house,
            );
            handled.await.expect("another owner starts");
            assert_ne!(owners.users.current_id(), Some(dead.get_id()));
        }
        drop(logging);
        use tracing::Level;
        let levels = levels.0.lock().expect("nobody panics here");
        assert_eq!(*levels, [Level::WARN, Level::ERROR, Level::ERROR]);
    }
}
