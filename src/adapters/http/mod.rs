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
mod bounded;
mod crm;
mod post;
mod retry;
mod signature;
mod webhooks;

pub(crate) use post::{Reach, addresses};

use super::tasks::{self, Stop, keep_running};
use crm::Caller;
use post::Poster;
use souk_actors::orders::{self};
use souk_actors::{Failure, Shop, clock};
use souk_domain::UnixMillis;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use url::Url;
use webhooks::Dispatcher;

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
    /// Where administrators' webhook endpoints may lie.
    pub(crate) webhooks: Reach,
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
        let poster = poster.clone();
        let caller = Caller { shop: shop.clone(), poster, settings, stop: stop.clone() };
        let session = move || caller.clone().session();
        tasks.spawn(keep_running("CRM", stop.clone(), Arc::default(), session));
    }
    let reach = settings.webhooks;
    let dispatcher = Dispatcher { shop: shop.clone(), poster, reach, stop: stop.clone() };
    let session = move || dispatcher.clone().session();
    tasks.spawn(keep_running("webhooks", stop, Arc::default(), session));
    Ok(Outgoing { switch, tasks })
}

/// Completed orders wait for the CRM only where there is one.
async fn want_crm(shop: &Shop, is_wanted: bool) -> Result<(), Failure> {
    if orders::crm_is_wanted(&*shop.store.snapshot())? == is_wanted {
        return Ok(());
    }
    shop.turn(move |turn| async move { turn.ask(orders::WantCrm { is_wanted }).await }).await
}

/// Waits for a time of the calendar; for ever without one.
async fn until(time: Option<UnixMillis>) {
    let wait = |time: UnixMillis| time.get().saturating_sub(clock::now().get());
    let wait = time.map(|time| Duration::from_millis(u64::try_from(wait(time)).unwrap_or(0)));
    tasks::until(wait.map(|wait| Instant::now() + wait)).await;
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
