//! The streams of the design and one of what the broker gave up, made where they are missing.
//!
//! What correctness rests on (subjects, retention, what is discarded, the duplicate window) is put
//! right on every start. What is a matter of size (age, bytes, replicas) is set when a stream is
//! made and is the operator's from then on.

use crate::adapters::tasks::waits;
use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::{PullConsumer, pull};
use async_nats::jetstream::context::{CreateStreamError, GetStreamError, GetStreamErrorKind};
use async_nats::jetstream::stream::{
    Config, ConsumerError, ConsumerErrorKind, DiscardPolicy, RetentionPolicy, StorageType,
};
use std::time::Duration;

/// Stream of what happened in the shop.
pub(super) const EVENTS: &str = "SOUK_EVENTS";
/// Stream of mails somebody should send.
pub(super) const NOTIFY: &str = "SOUK_NOTIFY";
/// Every subject of [`NOTIFY`].
pub(super) const NOTIFY_SUBJECTS: &str = "souk.notify.>";
/// Stream of messages that could not be handled.
pub(super) const DEAD: &str = "SOUK_DEAD";
/// Stream of what the broker says, once, of messages that nobody answered for.
pub(super) const ADVISORIES: &str = "SOUK_ADVISORIES";
/// Stream of logs.
pub(super) const LOGS: &str = "SOUK_LOGS";

/// Wait before a stream that is not there yet is asked for again; short, because the relay is
/// about to make it and to fill it.
const FIRST_STREAM_WAIT: Duration = Duration::from_millis(10);
const LONGEST_STREAM_WAIT: Duration = Duration::from_secs(1);
/// How long nobody need hear that a worker waits for a stream.
const SILENT_STREAM_WAIT: Duration = Duration::from_secs(5);

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const MEBIBYTE: i64 = 1 << 20;

/// One stream as this program makes it.
struct Plan {
    name: &'static str,
    subjects: &'static [&'static str],
    description: &'static str,
    retention: RetentionPolicy,
    discard: DiscardPolicy,
    /// Zero: no bound, because dropping these for their age would be a loss.
    max_age: Duration,
    max_bytes: i64,
    max_messages: i64,
    duplicate_window: Duration,
}

/// The names of all streams.
pub(super) const ALL: [&str; 5] = [EVENTS, NOTIFY, LOGS, DEAD, ADVISORIES];

/// The sum of the bytes must stay below `max_file_store` in `nats.conf`.
const PLANS: [Plan; 5] = [
    Plan {
        name: EVENTS,
        subjects: &["souk.event.>"],
        description: "What happened to orders, payments, products and users",
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::Old,
        max_age: DAY.saturating_mul(30),
        max_bytes: 4_096 * MEBIBYTE,
        max_messages: 50_000_000,
        duplicate_window: HOUR,
    },
    Plan {
        name: NOTIFY,
        subjects: &[NOTIFY_SUBJECTS],
        description: "Messages somebody should send to people",
        retention: RetentionPolicy::WorkQueue,
        discard: DiscardPolicy::New,
        max_age: Duration::ZERO,
        max_bytes: 512 * MEBIBYTE,
        max_messages: 1_000_000,
        duplicate_window: HOUR,
    },
    Plan {
        name: LOGS,
        subjects: &["souk.log.>"],
        description: "Logs of Souk and of other services",
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::Old,
        max_age: DAY.saturating_mul(7),
        max_bytes: 1_024 * MEBIBYTE,
        max_messages: 10_000_000,
        duplicate_window: MINUTE.saturating_mul(2),
    },
    Plan {
        name: DEAD,
        subjects: &["souk.dead.>"],
        description: "Messages that could not be handled, each with the reason",
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::Old,
        max_age: DAY.saturating_mul(90),
        max_bytes: 512 * MEBIBYTE,
        max_messages: 1_000_000,
        duplicate_window: HOUR,
    },
    Plan {
        name: ADVISORIES,
        // A worker of ours that ends a message keeps a dead letter first, so that only what
        // consumers of other systems end is heard of here alone.
        subjects: &[
            "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>",
            "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.SOUK_EVENTS.>",
        ],
        description: "Messages that no consumer answered for, said by the broker",
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::Old,
        max_age: DAY.saturating_mul(90),
        max_bytes: 128 * MEBIBYTE,
        max_messages: 1_000_000,
        duplicate_window: HOUR,
    },
];

/// A stream is not as it must be.
#[derive(Debug, thiserror::Error)]
pub(super) enum StreamError {
    /// It could not be looked at.
    #[error("stream {name} cannot be read")]
    Read {
        /// Which.
        name: &'static str,
        /// Why.
        #[source]
        source: GetStreamError,
    },
    /// It could not be made or put right.
    #[error("stream {name} cannot be made as it must be")]
    Write {
        /// Which.
        name: &'static str,
        /// Why.
        #[source]
        source: CreateStreamError,
    },
}

/// Makes the streams that are missing and puts right what matters in those that are there.
///
/// # Errors
/// [`StreamError`].
pub(super) async fn ensure_all(context: &Context) -> Result<(), StreamError> {
    for plan in &PLANS {
        ensure(context, plan).await?;
    }
    Ok(())
}

async fn ensure(context: &Context, plan: &Plan) -> Result<(), StreamError> {
    let name = plan.name;
    let found = match context.get_stream(name).await {
        Ok(stream) => stream.cached_info().config.clone(),
        Err(error) if is_not_found(&error) => {
            let made = context.create_stream(plan.config()).await;
            made.map_err(|source| StreamError::Write { name, source })?;
            tracing::info!(name, "made a stream");
            return Ok(());
        }
        Err(source) => return Err(StreamError::Read { name, source }),
    };
    let wanted = plan.corrected(found.clone());
    if wanted != found {
        let updated = context.update_stream(wanted).await;
        updated.map_err(|source| StreamError::Write { name, source })?;
        tracing::warn!(name, "put a stream right that was not as it must be");
    }
    Ok(())
}

/// A consumer on a stream. The relay makes the stream, and a worker alone is not permitted to: it
/// waits until it is there.
///
/// # Errors
/// [`ConsumerError`].
pub(super) async fn consumer_on(
    context: &Context,
    config: pull::Config,
    stream: &'static str,
) -> Result<PullConsumer, ConsumerError> {
    let mut backoff = waits(FIRST_STREAM_WAIT, LONGEST_STREAM_WAIT);
    let mut waited = Duration::ZERO;
    let mut is_said = false;
    loop {
        match context.create_consumer_on_stream(config.clone(), stream).await {
            Err(error) if is_missing(&error) => {
                if waited > SILENT_STREAM_WAIT && !is_said {
                    tracing::info!(stream, "waits until the shop has made the stream");
                    is_said = true;
                }
                let wait = backoff.next().unwrap_or(LONGEST_STREAM_WAIT);
                waited += wait;
                tokio::time::sleep(wait).await;
            }
            made => return made,
        }
    }
}

/// Whether no consumer can be made because its stream is not there.
fn is_missing(error: &ConsumerError) -> bool {
    match error.kind() {
        ConsumerErrorKind::JetStream(error) => {
            error.error_code() == async_nats::jetstream::ErrorCode::STREAM_NOT_FOUND
        }
        _ => false,
    }
}

pub(super) fn is_not_found(error: &GetStreamError) -> bool {
    match error.kind() {
        GetStreamErrorKind::JetStream(error) => {
            error.error_code() == async_nats::jetstream::ErrorCode::STREAM_NOT_FOUND
        }
        _ => false,
    }
}

impl Plan {
    fn config(&self) -> Config {
        self.corrected(Config {
            name: self.name.to_owned(),
            description: Some(self.description.to_owned()),
            max_age: self.max_age,
            max_bytes: self.max_bytes,
            max_messages: self.max_messages,
            max_messages_per_subject: -1,
            max_consumers: -1,
            num_replicas: 1,
            storage: StorageType::File,
            ..Config::default()
        })
    }

    fn corrected(&self, found: Config) -> Config {
        Config {
            subjects: self.subjects.iter().map(ToString::to_string).collect(),
            retention: self.retention,
            discard: self.discard,
            duplicate_window: self.duplicate_window,
            allow_direct: true,
            no_ack: false,
            ..found
        }
    }
}
