//! Examines the broker for `souk doctor`, without creating a stream or storing a message.

use super::connection::Broker;
use super::streams::{self, EVENTS, NOTIFY};
use crate::adapters::tasks::RelayStatus;
use crate::error_chain::chain;
use async_nats::jetstream::context::{GetStreamErrorKind, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use souk_domain::UnixMillis;
use std::sync::Arc;
use std::time::Duration;

/// Time limit for connecting.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// The oldest nats-server version with the features that the streams need.
const OLDEST_VERSION: (u64, u64) = (2, 10);
/// No stream is this long, so every stream refuses a message that must follow this sequence. That
/// refusal, in place of a timeout, proves the permission to publish.
const NO_SEQUENCE: u64 = u64::MAX >> 1;
/// Subjects that only a user without the shop's permissions may not publish to.
const PUBLISHED: [(&str, &str); 2] =
    [(EVENTS, "souk.event.v1.doctor.0.asked"), (NOTIFY, "souk.notify.v1.email.doctor")];

/// What the broker reported.
#[derive(Clone, Debug)]
pub(crate) struct BrokerReport {
    /// The version of nats-server.
    pub(crate) version: String,
    /// Streams that the first start will create.
    pub(crate) missing: Vec<&'static str>,
    /// When the youngest stream was created, by the broker's clock.
    pub(crate) made_at: Option<UnixMillis>,
}

/// Connects, reads the streams, and tests whether the shop may publish.
///
/// # Errors
/// A sentence about the failure.
pub(crate) async fn examine(urls: &str) -> Result<BrokerReport, String> {
    let status = Arc::new(RelayStatus::default());
    let broker = Broker::connect(urls, Arc::clone(&status)).await;
    let broker = broker.map_err(|error| chain(&error))?;
    if tokio::time::timeout(CONNECT_WITHIN, broker.connected()).await.is_err() {
        let reason = status.work.last_error().unwrap_or_else(|| "it does not answer".to_owned());
        return Err(format!("it cannot be reached: {reason}"));
    }
    let report = inspect(&broker).await;
    broker.close().await;
    // A missing permission is reported asynchronously, as the connection's last error.
    report.map_err(|error| match status.work.last_error() {
        Some(reason) => format!("{error}: {reason}"),
        None => error,
    })
}

async fn inspect(broker: &Broker) -> Result<BrokerReport, String> {
    let version = broker.version();
    if is_too_old(&version) {
        return Err(format!("nats-server {version} is too old; take 2.10 or later"));
    }
    let mut report = BrokerReport { version, missing: Vec::new(), made_at: None };
    for name in streams::ALL {
        match broker.context().get_stream(name).await {
            Ok(stream) => {
                let nanos = stream.cached_info().created.unix_timestamp_nanos();
                let millis = i64::try_from(nanos / 1_000_000).unwrap_or_default();
                report.made_at = report.made_at.max(Some(UnixMillis::new(millis)));
            }
            Err(error) if streams::is_not_found(&error) => report.missing.push(name),
            Err(error) => {
                let reason = match error.kind() {
                    GetStreamErrorKind::Request => "no answer; may the user read it?".to_owned(),
                    _ => chain(&error),
                };
                return Err(format!("the stream {name} cannot be read ({reason})"));
            }
        }
    }
    for (stream, subject) in PUBLISHED {
        if !report.missing.contains(&stream) {
            may_publish(broker, stream, subject).await?;
        }
    }
    Ok(report)
}

async fn may_publish(broker: &Broker, stream: &str, subject: &'static str) -> Result<(), String> {
    let message =
        PublishMessage::build().expected_stream(stream).expected_last_sequence(NO_SEQUENCE);
    let answer = match broker.context().send_publish(subject, message).await {
        Ok(answer) => answer.await.map(drop),
        Err(error) => Err(error),
    };
    match answer {
        Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => Ok(()),
        Err(error) if error.kind() == PublishErrorKind::TimedOut => {
            Err(format!("nothing can be published to {stream}; may the user?"))
        }
        Err(error) => Err(format!("nothing can be published to {stream} ({})", chain(&error))),
        Ok(()) => Err(format!("{stream} took a message that does not follow its last one")),
    }
}

/// A version that cannot be parsed counts as new enough.
fn is_too_old(version: &str) -> bool {
    let mut numbers = version.split('.').map(str::parse::<u64>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) < OLDEST_VERSION,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_versions_are_known() {
        for version in ["2.9.25", "1.4.1", "0.9.0"] {
            assert!(is_too_old(version), "{version}");
        }
        for version in ["2.10.0", "2.11.0-RC.1", "3.0.0", "", "unknown"] {
            assert!(!is_too_old(version), "{version}");
        }
    }
}
