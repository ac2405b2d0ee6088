//! A nats-server, a mail server and an outbox for the tests of the adapters.

mod broker;
mod mail_server;
mod outbox;

pub(super) use broker::TestBroker;
pub(super) use mail_server::{HANG_UP, MailServer};
pub(super) use outbox::HandOutbox;

use std::time::Duration;
use tokio::time::Instant;

/// How long a test waits for something that must happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until `look` returns a value.
pub(super) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let give_up = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < give_up, "it never happened: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
