//! Souk's own log where another process keeps it: published like anybody else's.

use super::connection::Broker;
use super::log_consumer::subject;
use crate::adapters::tasks::{Interruption, Stop};
use crate::logs::LogQueue;
use std::sync::atomic::Ordering;

/// Publishes Souk's own lines; while the broker is away they are lost, and counted.
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
    /// None; a line that cannot be sent is counted.
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
                if !self.broker.tell(subject, line.body()).await {
                    counts.failed.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }
}
