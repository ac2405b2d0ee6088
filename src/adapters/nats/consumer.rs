//! The mail worker's side of `SOUK_NOTIFY`: takes a notification, has it sent, says so.

use super::connection::{Broker, ConnectionNumber};
use super::dead_letter::DeadLetters;
use super::streams::{self, NOTIFY, NOTIFY_SUBJECTS};
use crate::adapters::mail::{DeliveryError, Mailer, PermanentCause, RetryPolicy};
use crate::adapters::tasks::MailStatus;
use crate::adapters::tasks::{Interruption, Stop};
use crate::error_chain::chain;
use async_nats::jetstream::consumer::pull::{Batch, Config};
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, PullConsumer};
use async_nats::jetstream::{AckKind, Message};
use futures_util::StreamExt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::task::JoinSet;

/// The durable consumer's name.
const CONSUMER: &str = "mailer";
/// Mails under way at a time.
const MAX_MAILS_UNDER_WAY: usize = 4;
/// A notification that is not answered for so long is delivered again; longer than one delivery
/// may take.
const ACKNOWLEDGE_WITHIN: Duration = Duration::from_secs(60);
/// Notifications delivered and not answered for. Mails that are put off count, so this many may
/// wait for their next try before they hold up new ones.
const MAX_UNANSWERED: i64 = 1_000;
/// How often an answer is sent if the broker does not confirm it.
const MAX_ANSWERS: u32 = 4;
/// How long one request for notifications waits at the broker.
const PULL_FOR: Duration = Duration::from_secs(30);
/// Wait before a dead letter that could not be kept is tried again.
const DEAD_LETTER_RETRY: Duration = Duration::from_secs(30);
/// How long a worker that should stop waits for mails under way.
const STOP_WITHIN: Duration = Duration::from_secs(2);

const DEAD_LETTERS: DeadLetters = DeadLetters { stream: NOTIFY, consumer: CONSUMER };

/// Takes notifications from the broker.
#[derive(Clone)]
pub(crate) struct NotifyConsumer {
    pub(crate) broker: Broker,
    pub(crate) mailer: Arc<Mailer>,
    pub(crate) retry: RetryPolicy,
    pub(crate) status: Arc<MailStatus>,
    pub(crate) stop: Stop,
}

/// Why a session of the consumer ended.
#[derive(Debug, thiserror::Error)]
enum ConsumerError {
    #[error("the connection to the broker was lost")]
    ConnectionLost,
    #[error("the broker ended a pull")]
    Pull(#[source] async_nats::Error),
}

impl NotifyConsumer {
    /// Has mails sent until `stop` or the first failure of the broker.
    ///
    /// # Errors
    /// [`Interruption`]; a notification that was not answered for comes again.
    pub(crate) async fn session(self) -> Result<(), Interruption> {
        let connection = tokio::select! {
            connection = self.broker.connected() => connection,
            () = self.stop.requested() => return Ok(()),
        };
        let broker = self.broker.clone();
        let ended = self.follow(connection).await;
        ended.map_err(|interruption| interruption.of_known_cause(broker.has_lost(connection)))
    }

    async fn follow(self, connection: ConnectionNumber) -> Result<(), Interruption> {
        let context = self.broker.context();
        let consumer = tokio::select! {
            consumer = streams::consumer_on(context, config(), NOTIFY) => consumer?,
            () = self.broker.lost(connection) => return Err(ConsumerError::ConnectionLost.into()),
            () = self.stop.requested() => return Ok(()),
        };
        self.status.work.is_well();
        let mut under_way = JoinSet::new();
        let ended = tokio::select! {
            ended = self.take_mails(&consumer, &mut under_way) => ended,
            () = self.broker.lost(connection) => Err(ConsumerError::ConnectionLost.into()),
            () = self.stop.requested() => Ok(()),
        };
        // A mail cut off in the middle may be sent twice, so they are let finish.
        let finish = async { while under_way.join_next().await.is_some() {} };
        if self.stop.is_requested() {
            let _ = tokio::time::timeout(STOP_WITHIN, finish).await;
        } else {
            finish.await;
        }
        ended
    }

    async fn take_mails(
        &self,
        consumer: &PullConsumer,
        under_way: &mut JoinSet<()>,
    ) -> Result<(), Interruption> {
        loop {
            while under_way.len() >= MAX_MAILS_UNDER_WAY {
                under_way.join_next().await;
            }
            while under_way.try_join_next().is_some() {}
            // No more than can be begun at once: their time to be answered runs from delivery.
            let wanted = MAX_MAILS_UNDER_WAY - under_way.len();
            let mut batch: Batch =
                consumer.batch().max_messages(wanted).expires(PULL_FOR).messages().await?;
            while let Some(message) = batch.next().await {
                let message = message.map_err(ConsumerError::Pull)?;
                let worker = self.clone();
                under_way.spawn(async move { worker.handle(message).await });
            }
        }
    }

    async fn handle(&self, message: Message) {
        let deliveries =
            message.info().map_or(1, |info| u32::try_from(info.delivered).unwrap_or(1));
        let sent = if deliveries > self.retry.max_tries {
            // It was delivered once more than it may be tried: whoever had it died over it.
            Err(PermanentCause::NeverAnswered.into())
        } else {
            self.mailer.deliver(&message.subject, &message.payload).await
        };
        let answer = match sent {
            Ok(()) => {
                self.status.sent.fetch_add(1, Ordering::Relaxed);
                AckKind::Ack
            }
            Err(DeliveryError::Temporary(cause)) if deliveries < self.retry.max_tries => {
                self.status.put_off.fetch_add(1, Ordering::Relaxed);
                let wait = self.retry.wait_after(deliveries);
                tracing::warn!(
                    subject = %message.subject, deliveries, wait_seconds = wait.as_secs(),
                    reason = chain(&cause), "a mail is put off"
                );
                AckKind::Nak(Some(wait))
            }
            Err(error) => self.give_up(&message, &chain(&error)).await,
        };
        // An answer is lost with the connection it was sent on. Unanswered for, the notification
        // comes again, and the mailer remembers the mail.
        for _ in 0..MAX_ANSWERS {
            match message.double_ack_with(answer).await {
                Ok(()) => return,
                Err(error) => tracing::debug!(error, "a notification was not answered for"),
            }
        }
    }

    async fn give_up(&self, message: &Message, reason: &str) -> AckKind {
        match DEAD_LETTERS.keep(self.broker.context(), message, reason).await {
            Ok(()) => {
                self.status.dead.fetch_add(1, Ordering::Relaxed);
                tracing::error!(subject = %message.subject, reason, "a mail is given up");
                AckKind::Term
            }
            Err(error) => {
                tracing::error!(reason = chain(&error), "a dead letter could not be kept");
                AckKind::Nak(Some(DEAD_LETTER_RETRY))
            }
        }
    }
}

fn config() -> Config {
    Config {
        durable_name: Some(CONSUMER.to_owned()),
        description: Some("Sends mails".to_owned()),
        deliver_policy: DeliverPolicy::All,
        ack_policy: AckPolicy::Explicit,
        ack_wait: ACKNOWLEDGE_WITHIN,
        // The worker counts and keeps a dead letter; were the broker to stop by itself, the
        // notification would lie in the queue, seen by nobody.
        max_deliver: -1,
        max_ack_pending: MAX_UNANSWERED,
        // Whatever is on the queue: what names no template becomes a dead letter instead of lying
        // there, seen by nobody.
        filter_subject: NOTIFY_SUBJECTS.to_owned(),
        ..Config::default()
    }
}
