//! The supervision tree: one supervisor, one actor per owner.
//!
//! Policy: an owner that dies is started again at once, from committed state (it keeps none in
//! memory). More than [`MAX_RESTARTS`] of one owner within [`RESTART_WINDOW`] escalate: the
//! supervisor stops, [`Owners::escalated`] turns true, and the process ends so that whoever runs
//! it starts it afresh.

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
        let (cell, reason) = match event {
            SupervisionEvent::ActorFailed(cell, error) => (cell, error.to_string()),
            SupervisionEvent::ActorTerminated(cell, _, reason) => {
                (cell, reason.unwrap_or_else(|| "stopped".to_owned()))
            }
            SupervisionEvent::ActorStarted(_) | SupervisionEvent::ProcessGroupChanged(_) => {
                return Ok(());
            }
        };
        let Some(owner) = house.who.remove(&cell.get_id()) else { return Ok(()) };
        if house.may_restart(owner, Instant::now()) {
            tracing::error!(?owner, reason, "an owner died and is started again");
            house.start(owner, myself.get_cell()).await?;
        } else {
            tracing::error!(?owner, reason, "an owner died too often; stopping");
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
}
