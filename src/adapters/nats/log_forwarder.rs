//! Publishes Souk's own log lines if another process stores the log.

use super::connection::Broker;
use super::log_consumer::subject;
use crate::adapters::tasks::{Interruption, Stop};
use crate::logs::LogQueue;
use std::sync::atomic::Ordering;

/// Publishes Souk's own lines. Lines are lost while the broker is away, and counted.
#[derive(Clone)]
pub(crate) struct LogForwarder {
    pub(crate) broker: Broker,
    pub(crate) queue: LogQueue,
    pub(crate) stop: Stop,
}

impl LogForwarder {
    /// Publishes until `stop`.
    ///
    /// # Errors
    /// None; a line that cannot be published is counted.
    pub(crate) async fn session(self) -> Result<(), Interruption> {
        loop {
            let lines = tokio::select! {
                lines = self.queue.next_lines() => lines,
                () = self.stop.requested() => return Ok(()),
            };
            if lines.is_empty() {
                self.stop.requested().await;
                return Ok(());
            }
            let counts = self.queue.counts();
            for line in lines {
                let subject = subject(&line.service, line.level);
                if !self.broker.publish_if_ready(subject, line.body()).await {
                    counts.failed.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }
}
