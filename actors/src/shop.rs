//! The shop: assembles the store, the owners, and everything they need.

use crate::gateway::Gateway;
use crate::hashing::Hasher;
use crate::leases::{self, Lease, Leases};
use crate::orders::{OrderLinks, OrderNotices};
use crate::outbox::Outbox;
use crate::owner::{Turn, take_turn};
use crate::sandbox::SandboxGateway;
use crate::store::{
    CopyError, Kept, OpenError, Opening, Schema, Store, StoreError, StoreKind, StoreLimits,
    StorePlace,
};
use crate::supervision::{OwnerSettings, Owners};
use crate::terms::{self, TermsDiffer};
use crate::{
    Failure, carts, catalog, idempotency, orders, outbox, payments, put_back, sandbox, users,
    webhooks,
};
use ractor::{ActorRef, SpawnErr};
use souk_domain::Currency;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The operator's settings.
#[derive(Clone, Debug)]
pub struct ShopSettings {
    /// The shop's only currency.
    pub currency: Currency,
    /// How long an order may stay unpaid.
    pub order_time_to_live: Duration,
    /// The administrators get a mail when a product's sellable units fall to this number or below.
    pub low_stock_threshold: u64,
    /// How administrators are notified of new orders.
    pub order_notices: OrderNotices,
    /// How long a new order waits for others, where orders are mailed as a digest.
    pub order_digest_every: Duration,
    /// How long a guest's order is kept after it was cancelled or expired without being paid.
    pub guest_unpaid_kept_for: Duration,
    /// Bounds of the store.
    pub store: StoreLimits,
}

/// Why a shop could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenShopError {
    /// The store.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The settings contradict the ones the store was created with.
    #[error("the shop in {}: {differ}", .path.display())]
    Terms {
        /// The store's directory.
        path: PathBuf,
        /// The difference.
        differ: TermsDiffer,
    },
    /// The first rows could not be read.
    #[error("the store cannot be read")]
    Read(#[from] StoreError),
    /// An owner could not be started.
    #[error("cannot start the owners")]
    Owners(#[from] SpawnErr),
    /// A hashing thread could not be started.
    #[error("cannot start the hashing threads")]
    Hashing(#[source] std::io::Error),
    /// The first rows could not be written.
    #[error("cannot write the first rows")]
    FirstRows(#[from] Failure),
}

/// An open shop. Cheap to clone; all clones are the same shop.
#[derive(Clone)]
pub struct Shop {
    /// The store of all data.
    pub store: Store,
    /// The owners, which change the data.
    pub owners: Arc<Owners>,
    /// The leases of work that runs in one process at a time.
    pub leases: Leases,
    /// The events and mails to send.
    pub outbox: Outbox,
    /// The password hasher.
    pub hasher: Hasher,
    /// The payment gateway.
    pub gateway: Arc<dyn Gateway>,
    /// The same gateway, if it is the sandbox: its pages replace a real gateway's.
    pub sandbox: Option<SandboxGateway>,
    /// The operator's settings.
    pub settings: Arc<ShopSettings>,
    supervisor: ActorRef<()>,
}

/// Every table of the schema.
#[must_use]
pub fn tables() -> Vec<&'static str> {
    [
        terms::TABLES,
        outbox::TABLES,
        idempotency::TABLES,
        leases::TABLES,
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

/// The schema of a shop's store.
#[must_use]
pub fn schema() -> Schema {
    let followed = [catalog::CatalogIndex::TABLES, orders::OrderLists::TABLES].concat();
    Schema::new(StoreKind::Shop, &tables()).following(&followed)
}

/// Opens the store of the shop in `place`, without its owners. Rejects a currency that is not
/// the store's.
///
/// # Errors
/// [`OpenShopError`].
pub fn open_store(
    place: impl Into<StorePlace>,
    opening: Opening,
    currency: Currency,
    limits: StoreLimits,
) -> Result<Store, OpenShopError> {
    let place = place.into();
    let store = place.open(&schema(), opening, limits)?;
    match terms::compare(&*store.snapshot(), currency)? {
        Ok(()) => Ok(store),
        Err(differ) => Err(OpenShopError::Terms { path: place.directory().to_owned(), differ }),
    }
}

/// Copies the last committed state of a shop's store into a new file ([`Store::copy_to`]).
///
/// # Errors
/// [`CopyError`].
pub fn copy_store(store: &Store, path: &Path) -> Result<(), CopyError> {
    let identity = outbox::identity(&store.snapshot())?.unwrap_or_default();
    store.copy_to(path, &identity)
}

impl OpenShopError {
    /// The same error with the path that the operator knows.
    #[must_use]
    pub fn at(self, path: &Path) -> Self {
        match self {
            Self::Store(error) => Self::Store(error.at(path)),
            Self::Terms { differ, .. } => Self::Terms { path: path.to_owned(), differ },
            other => other,
        }
    }
}

impl Shop {
    /// Opens the shop in `place`.
    ///
    /// # Errors
    /// [`OpenShopError`]; [`OpenError::Missing`] if there is no shop.
    pub async fn open(
        place: impl Into<StorePlace>,
        settings: ShopSettings,
    ) -> Result<Self, OpenShopError> {
        Self::open_as(place.into(), Opening::Proven, settings).await
    }

    /// Like [`Self::open`], but creates the shop if it does not exist. Only for the first start of
    /// a shop.
    ///
    /// # Errors
    /// [`OpenShopError`].
    pub async fn open_or_make(
        place: impl Into<StorePlace>,
        settings: ShopSettings,
    ) -> Result<Self, OpenShopError> {
        Self::open_as(place.into(), Opening::OrMake, settings).await
    }

    async fn open_as(
        place: StorePlace,
        opening: Opening,
        settings: ShopSettings,
    ) -> Result<Self, OpenShopError> {
        let path = place.directory().to_owned();
        let store = open_store(place, opening, settings.currency, settings.store.clone())?;
        let record_terms = async {
            match opening {
                Opening::OrMake => terms::record(&store, settings.currency).await,
                Opening::Existing | Opening::Proven => Ok(Ok(())),
            }
        };
        // At the same time, so that the first start makes one commit of them.
        let (recorded, .., outbox) = tokio::try_join!(
            record_terms,
            users::renew_keys(&store),
            catalog::renew_search_texts(&store),
            orders::list_guests_unpaid(&store),
            put_back::start(&store),
            Outbox::open(store.clone(), settings.currency),
        )?;
        recorded.map_err(|differ| OpenShopError::Terms { path, differ })?;
        let owner_settings = OwnerSettings {
            low_stock_threshold: settings.low_stock_threshold,
            order_notices: settings.order_notices,
        };
        let (owners, supervisor) = Owners::start(owner_settings).await?;
        let hasher = Hasher::start().map_err(OpenShopError::Hashing)?;
        let sandbox = SandboxGateway::new(store.clone(), Arc::clone(&owners));
        let gateway = Arc::new(sandbox.clone());
        let (sandbox, settings) = (Some(sandbox), Arc::new(settings));
        let leases = Leases::of(&store);
        Ok(Self { store, owners, leases, outbox, hasher, gateway, sandbox, settings, supervisor })
    }

    /// The same shop with a gateway other than the sandbox.
    #[must_use]
    pub fn with_gateway(self, gateway: Arc<dyn Gateway>) -> Self {
        Self { gateway, sandbox: None, ..self }
    }

    /// The same shop, with links to the order in mails about orders.
    #[must_use]
    pub fn with_order_links(self, links: OrderLinks) -> Self {
        Self { outbox: self.outbox.with_order_links(links), ..self }
    }

    /// The same shop, for work under a lease: every turn is refused once the lease is lost.
    #[must_use]
    pub fn under(&self, lease: &Lease) -> Self {
        let sandbox = self.sandbox.as_ref().map(|sandbox| sandbox.under(lease));
        let gateway: Arc<dyn Gateway> = match &sandbox {
            Some(sandbox) => Arc::new(sandbox.clone()),
            None => Arc::clone(&self.gateway),
        };
        let (store, outbox) = (lease.guarded(&self.store), self.outbox.under(lease));
        Self { store, outbox, gateway, sandbox, ..self.clone() }
    }

    /// Runs `work` in a turn of its own, as [`take_turn`] does.
    ///
    /// # Errors
    /// As [`Store::transact`].
    pub async fn turn<T, F, Fut>(&self, work: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: FnOnce(Turn) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<T, Failure>> + Send,
    {
        take_turn(&self.store, &self.owners, work).await
    }

    /// Rejects new turns, waits for the running ones, and stops the owners.
    pub async fn close(&self) {
        self.store.close().await;
        put_back::record_rows(&self.store);
        self.supervisor.stop(Some("the shop closes".to_owned()));
    }
}
