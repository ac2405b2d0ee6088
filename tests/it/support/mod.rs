//! Tools of the tests: a shop that is the real binary, people who call it over HTTP, a real broker
//! and a mail server. Everything here observes from outside; nothing depends on how Souk is built.

mod broker;
mod endpoint;
mod environment;
mod http;
mod mail;
pub(crate) mod pages;
mod person;
mod postgres;
mod process;
mod proxy;
pub(crate) mod services;
pub(crate) mod shapes;
mod shop;
mod shops;
mod speakers;
mod stream;
mod stripe;

pub(crate) use broker::{Broker, Event};
pub(crate) use endpoint::{Endpoint, Fault, Letter};
pub(crate) use environment::{cargo_deny, node, node_program, python, repository};
pub(crate) use http::{Answer, Ask};
pub(crate) use mail::{Mail, MailSink, mailed_links, mails_in};
pub(crate) use person::{Person, id_of};
pub(crate) use postgres::{PASSWORD as DATABASE_PASSWORD, Postgres, SHARED_SECRET, connect, psql};
pub(crate) use process::Process;
pub(crate) use proxy::{CuttableProxy, Way};
pub(crate) use shop::{ADMIN_EMAIL, ADMIN_PASSWORD, Shop, run_souk, run_souk_with};
pub(crate) use shops::Shops;
pub(crate) use speakers::{Seen, Speaker, listed_by_services};
pub(crate) use stream::{Listening, events_in};
pub(crate) use stripe::{
    LocalStripe, STRIPE_KEY, STRIPE_WEBHOOK_SECRET, StripeStandIn, expect_to_agree,
};

use std::time::{Duration, Instant};

/// How long a test waits for something that happens in the background (a mail, an event).
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Calls `look` until it finds something; after the time limit it fails and names `what`.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain for {what}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}
