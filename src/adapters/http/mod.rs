//! What the shop posts to other systems over HTTP: completed orders to the CRM, events to the
//! endpoints that administrators have registered.
//!
//! ```text
//! orders.crm rows ─▶ crm::Caller ───────┐
//!                                       ├─▶ post::Poster ─▶ HTTPS, signed
//! outbox rows ─▶ webhooks::Dispatcher ──┘
//! ```
//!
//! No request waits for a delivery: the commit that completes an order or writes an event also
//! records what to send, and each try is recorded in its own turn.

mod address;
mod bounded;
mod crm;
mod post;
mod retry;
mod signature;
mod webhooks;

pub(crate) use post::{AddressPolicy, addresses};

use super::tasks::{self, Stop, keep_running, under_lease};
use crm::Caller;
use post::Poster;
use souk_actors::leases::{Lease, LeasedWork};
use souk_actors::orders;
use souk_actors::{Failure, Shop, clock};
use souk_domain::UnixMillis;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use url::Url;
use webhooks::Dispatcher;

/// Longest wait for the loops to stop; the next start sends again what was in flight.
const SHUTDOWN_WITHIN: Duration = Duration::from_millis(1_000);

/// Where completed orders are sent.
#[derive(Clone)]
pub(crate) struct CrmSettings {
    /// May be any host: the operator chose it.
    pub(crate) url: Url,
    /// The secret that signs messages.
    pub(crate) secret: String,
}

/// Where the shop sends messages.
#[derive(Clone)]
pub(crate) struct OutgoingSettings {
    /// `None`: there is no CRM.
    pub(crate) crm: Option<CrmSettings>,
    /// Which addresses webhook endpoints may have.
    pub(crate) webhooks: AddressPolicy,
}

/// The running loops.
pub(crate) struct DeliveryLoops {
    switch: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// Starts the loops. Does not wait for any receiver.
///
/// # Errors
/// [`Failure`] of the store.
pub(crate) async fn start(
    settings: OutgoingSettings,
    shop: &Shop,
) -> Result<DeliveryLoops, Failure> {
    let (switch, stop) = Stop::new();
    let mut tasks = JoinSet::new();
    let poster = Poster::new();
    set_crm_configured(shop, settings.crm.is_some()).await?;
    if let Some(settings) = settings.crm {
        let poster = poster.clone();
        let caller = Caller { shop: shop.clone(), poster, settings, stop: stop.clone() };
        let session = move |lease: Lease| {
            Caller { shop: caller.shop.under(&lease), ..caller.clone() }.session()
        };
        let session = under_lease(shop.leases.clone(), LeasedWork::Crm, stop.clone(), session);
        tasks.spawn(keep_running("CRM", stop.clone(), Arc::default(), session));
    }
    let reach = settings.webhooks;
    let dispatcher = Dispatcher { shop: shop.clone(), poster, reach, stop: stop.clone() };
    let session = move |lease: Lease| {
        Dispatcher { shop: dispatcher.shop.under(&lease), ..dispatcher.clone() }.session()
    };
    let session = under_lease(shop.leases.clone(), LeasedWork::Webhooks, stop.clone(), session);
    tasks.spawn(keep_running("webhooks", stop, Arc::default(), session));
    Ok(DeliveryLoops { switch, tasks })
}

/// Queues completed orders for the CRM only if one is configured.
async fn set_crm_configured(shop: &Shop, is_configured: bool) -> Result<(), Failure> {
    if orders::crm_is_configured(&*shop.store.snapshot())? == is_configured {
        return Ok(());
    }
    shop.turn(move |turn| async move { turn.ask(orders::SetCrmConfigured { is_configured }).await })
        .await
}

/// Sleeps until `time`; with `None` it never returns.
async fn until(time: Option<UnixMillis>) {
    let wait = |time: UnixMillis| time.get().saturating_sub(clock::now().get());
    let wait = time.map(|time| Duration::from_millis(u64::try_from(wait(time)).unwrap_or(0)));
    tasks::until(wait.map(|wait| Instant::now() + wait)).await;
}

impl DeliveryLoops {
    /// Stops the loops. The store must still be open.
    pub(crate) async fn shutdown(mut self) {
        self.switch.send_replace(true);
        let finish = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(SHUTDOWN_WITHIN, finish).await.is_err() {
            self.tasks.shutdown().await;
        }
    }
}
