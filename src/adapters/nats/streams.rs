//! Creates the designed streams, and one for the broker's advisories, if they are missing.
//!
//! Properties that correctness depends on (subjects, retention, discard policy, duplicate window) are
//! corrected on every start. Sizes (age, bytes, replicas) are set when a stream is created; after
//! that the operator may change them.

use crate::adapters::tasks::waits;
use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::{PullConsumer, pull};
use async_nats::jetstream::context::{CreateStreamError, GetStreamError, GetStreamErrorKind};
use async_nats::jetstream::stream::{
    Config, ConsumerError, ConsumerErrorKind, DiscardPolicy, RetentionPolicy, StorageType,
};
use std::time::Duration;

/// Stream of the shop's events.
pub(super) const EVENTS: &str = "SOUK_EVENTS";
/// Work queue of mails to send.
pub(super) const NOTIFY: &str = "SOUK_NOTIFY";
/// Every subject of [`NOTIFY`].
pub(super) const NOTIFY_SUBJECTS: &str = "souk.notify.>";
/// Stream of messages that could not be handled.
pub(super) const DEAD: &str = "SOUK_DEAD";
/// Stream of the broker's advisories about unacknowledged messages.
pub(super) const ADVISORIES: &str = "SOUK_ADVISORIES";
/// Stream of logs.
pub(super) const LOGS: &str = "SOUK_LOGS";

/// First wait for a missing stream; short, because the relay is about to create it and to publish.
const FIRST_STREAM_WAIT: Duration = Duration::from_millis(10);
const LONGEST_STREAM_WAIT: Duration = Duration::from_secs(1);
/// How long a worker waits for a stream before it logs that.
const QUIET_STREAM_WAIT: Duration = Duration::from_secs(5);

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const MEBIBYTE: i64 = 1 << 20;

/// The configuration of one stream.
struct Plan {
    name: &'static str,
    subjects: &'static [&'static str],
    description: &'static str,
    retention: RetentionPolicy,
    discard: DiscardPolicy,
    /// Zero: unlimited, because these messages must not be lost to their age.
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
        // Our own workers keep a dead letter before they end a message, so only the ends by consumers of
        // other systems are needed from here.
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

/// A stream is not configured as it must be.
#[derive(Debug, thiserror::Error)]
pub(super) enum StreamError {
    /// Its configuration could not be read.
    #[error("stream {name} cannot be read")]
    Read {
        name: &'static str,
        #[source]
        source: GetStreamError,
    },
    /// It could not be created or corrected.
    #[error("stream {name} cannot be made as it must be")]
    Write {
        name: &'static str,
        #[source]
        source: CreateStreamError,
    },
}

/// Creates missing streams and corrects the configuration of the others.
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
            tracing::info!(name, "created a stream");
            return Ok(());
        }
        Err(source) => return Err(StreamError::Read { name, source }),
    };
    let wanted = plan.corrected(found.clone());
    if wanted != found {
        let updated = context.update_stream(wanted).await;
        updated.map_err(|source| StreamError::Write { name, source })?;
        tracing::warn!(name, "corrected the configuration of a stream");
    }
    Ok(())
}

/// Creates a consumer on a stream. The relay creates the stream, and a worker in its own process has
/// no permission to, so this waits until the stream exists.
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
    let mut is_logged = false;
    loop {
        match context.create_consumer_on_stream(config.clone(), stream).await {
            Err(error) if is_missing(&error) => {
                if waited > QUIET_STREAM_WAIT && !is_logged {
                    tracing::info!(stream, "waiting for the shop to create the stream");
                    is_logged = true;
                }
                let wait = backoff.next().unwrap_or(LONGEST_STREAM_WAIT);
                waited += wait;
                tokio::time::sleep(wait).await;
            }
            made => return made,
        }
    }
}

/// Whether the consumer could not be created because its stream does not exist.
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
