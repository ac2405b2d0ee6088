//! Tests with a real nats-server.

mod ahead;
mod losses;
mod mail_worker;
mod relay;

use super::{Broker, Relay};
use crate::adapters::outbox::Rows;
use crate::adapters::tasks::RelayStatus;
use crate::adapters::tasks::{Stop, keep_running};
use crate::adapters::testing::{HandOutbox, TestBroker, eventually};
use souk_actors::outbox::Reader;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

const EVENTS: &str = "SOUK_EVENTS";
const NOTIFY: &str = "SOUK_NOTIFY";
const DEAD: &str = "SOUK_DEAD";

/// A running relay.
struct Running {
    status: Arc<RelayStatus>,
    switch: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Running {
    async fn relay(broker: &TestBroker, outbox: &HandOutbox) -> Self {
        let status = Arc::new(RelayStatus::default());
        let (switch, stop) = Stop::new();
        let relay = Relay {
            rows: outbox.clone(),
            broker: Broker::connect(&broker.url(), Arc::clone(&status)).await.expect("an address"),
            status: Arc::clone(&status),
            stop: stop.clone(),
        };
        let work = Arc::clone(&status.work);
        let task = tokio::spawn(keep_running("relay", stop, work, move || relay.clone().session()));
        Self { status, switch, task }
    }

    async fn stop(self) {
        self.switch.send_replace(true);
        tokio::time::timeout(Duration::from_secs(5), self.task)
            .await
            .expect("in time")
            .expect("well");
    }
}

async fn acknowledged(outbox: &HandOutbox, sequence: u64) {
    eventually("the outbox is acknowledged", async || {
        (outbox.cursor(Reader::Broker).expect("read") == sequence).then_some(())
    })
    .await;
}
