//! What the shop posts to other systems over HTTP: completed orders to the CRM, events to the
//! endpoints that administrators have registered.
//!
//! ```text
//! orders.crm rows ─▶ crm::Caller ───────┐
//!                                       ├─▶ post::Poster ─▶ HTTPS, signed
//! outbox rows ─▶ webhooks::Dispatcher ──┘
//! ```
//!
//! Nothing waits for it: what is owed is written in the commit that made it true, and each try is
//! written down in a turn of its own.

mod address;
mod crm;
mod post;
mod retry;
mod signature;

use super::supervision::{Stop, keep_running};
use crm::Caller;
use post::Poster;
use souk_actors::orders::{self, OrdersMessage};
use souk_actors::{Failure, Shop};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use url::Url;

/// Longest time the loops may take to come to an end; what is under way then is sent again after
/// the next start.
const SHUTDOWN_WITHIN: Duration = Duration::from_millis(1_000);

/// Where completed orders are told.
#[derive(Clone)]
pub(crate) struct CrmSettings {
    /// Any host that the operator trusts.
    pub(crate) url: Url,
    /// What messages are signed with.
    pub(crate) secret: String,
}

/// To whom the shop posts.
#[derive(Clone)]
pub(crate) struct OutgoingSettings {
    /// `None`: there is no CRM.
    pub(crate) crm: Option<CrmSettings>,
}

/// The running loops.
pub(crate) struct Outgoing {
    switch: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// Starts to post. Waits for nobody out there.
///
/// # Errors
/// [`Failure`] of the store.
pub(crate) async fn start(settings: OutgoingSettings, shop: &Shop) -> Result<Outgoing, Failure> {
    let (switch, stop) = Stop::new();
    let mut tasks = JoinSet::new();
    let poster = Poster::new();
    want_crm(shop, settings.crm.is_some()).await?;
    if let Some(settings) = settings.crm {
        let caller = Caller { shop: shop.clone(), poster, settings, stop: stop.clone() };
        let session = move || caller.clone().session();
        tasks.spawn(keep_running("CRM", stop, Arc::default(), session));
    }
    Ok(Outgoing { switch, tasks })
}

/// Completed orders wait for the CRM only where there is one.
async fn want_crm(shop: &Shop, is_wanted: bool) -> Result<(), Failure> {
    if orders::crm_is_wanted(&*shop.store.snapshot())? == is_wanted {
        return Ok(());
    }
    let owners = Arc::clone(&shop.owners);
    shop.store
        .transact(move |unit| {
            let owners = Arc::clone(&owners);
            async move {
                let want = |reply_to| OrdersMessage::WantCrm { unit, is_wanted, reply_to };
                owners.orders.ask(want).await
            }
        })
        .await
}

impl Outgoing {
    /// Comes to an end. The store must still be open.
    pub(crate) async fn shutdown(mut self) {
        self.switch.send_replace(true);
        let finish = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(SHUTDOWN_WITHIN, finish).await.is_err() {
            self.tasks.shutdown().await;
        }
    }
}
