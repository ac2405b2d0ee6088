//! The shop: the store, its owners, and what they need, put together.

use crate::gateway::Gateway;
use crate::hashing::Hasher;
use crate::orders::{OrderLinks, OrderNotices};
use crate::outbox::Outbox;
use crate::sandbox::SandboxGateway;
use crate::store::{OpenError, Store, StoreLimits};
use crate::supervision::{OwnerSettings, Owners};
use crate::{
    Failure, carts, catalog, idempotency, orders, outbox, payments, sandbox, users, webhooks,
};
use ractor::{ActorRef, SpawnErr};
use souk_domain::Currency;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What the operator decides.
#[derive(Clone, Debug)]
pub struct ShopSettings {
    /// The one currency.
    pub currency: Currency,
    /// How long an order may stay unpaid.
    pub order_time_to_live: Duration,
    /// When what can be sold of a product falls to this or below, its administrators get a mail.
    pub low_stock_threshold: u64,
    /// How administrators hear of new orders.
    pub order_notices: OrderNotices,
    /// How long a new order waits for others, where they hear of several at once.
    pub order_digest_every: Duration,
    /// Bounds of the store.
    pub store: StoreLimits,
}

/// Why a shop could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenShopError {
    /// The store.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The owners.
    #[error("cannot start the owners")]
    Owners(#[from] SpawnErr),
    /// The hashing threads.
    #[error("cannot start the hashing threads")]
    Hashing(#[source] std::io::Error),
    /// The first rows.
    #[error("cannot write the first rows")]
    FirstRows(#[from] Failure),
}

/// An open shop. Cheap to clone; all clones are the same shop.
#[derive(Clone)]
pub struct Shop {
    /// Where everything is kept.
    pub store: Store,
    /// Who may change it.
    pub owners: Arc<Owners>,
    /// What leaves the process.
    pub outbox: Outbox,
    /// Who hashes passwords.
    pub hasher: Hasher,
    /// Who takes the money.
    pub gateway: Arc<dyn Gateway>,
    /// The same, if it is the sandbox: what a browser does at a gateway is done there.
    pub sandbox: Option<SandboxGateway>,
    /// What the operator decided.
    pub settings: Arc<ShopSettings>,
    supervisor: ActorRef<()>,
}

/// Every table of the schema.
#[must_use]
pub fn tables() -> Vec<&'static str> {
    [
        outbox::TABLES,
        idempotency::TABLES,
        users::TABLES,
        catalog::TABLES,
        carts::TABLES,
        orders::TABLES,
        payments::TABLES,
        sandbox::TABLES,
        webhooks::TABLES,
    ]
    .concat()
}

impl Shop {
    /// Opens the shop whose data lies in `directory`, or makes it there.
    ///
    /// # Errors
    /// [`OpenShopError`].
    pub async fn open(directory: &Path, settings: ShopSettings) -> Result<Self, OpenShopError> {
        let store = Store::open(directory, &tables(), settings.store.clone())?;
        let owner_settings = OwnerSettings {
            low_stock_threshold: settings.low_stock_threshold,
            order_notices: settings.order_notices,
        };
        let (owners, supervisor) = Owners::start(owner_settings).await?;
        let outbox = Outbox::open(store.clone(), settings.currency).await?;
        let hasher = Hasher::start().map_err(OpenShopError::Hashing)?;
        let sandbox = SandboxGateway::new(store.clone(), Arc::clone(&owners));
        let gateway = Arc::new(sandbox.clone());
        let (sandbox, settings) = (Some(sandbox), Arc::new(settings));
        Ok(Self { store, owners, outbox, hasher, gateway, sandbox, settings, supervisor })
    }

    /// The same shop with another gateway than the sandbox.
    #[must_use]
    pub fn with_gateway(self, gateway: Arc<dyn Gateway>) -> Self {
        Self { gateway, sandbox: None, ..self }
    }

    /// The same shop, whose mails about orders carry a link to the order.
    #[must_use]
    pub fn with_order_links(self, links: OrderLinks) -> Self {
        Self { outbox: self.outbox.with_order_links(links), ..self }
    }

    /// Refuses new turns, waits for the running ones, and stops the owners.
    pub async fn close(&self) {
        self.store.close().await;
        self.supervisor.stop(Some("the shop closes".to_owned()));
    }
}
