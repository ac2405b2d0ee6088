//! Passes Souk's own log lines to the log service: a layer of `tracing` that never waits.

use super::intake::Intake;
use super::mask::{masked, may_keep};
use super::record::{BODY_BYTES_MAX, Level, LogRecord};
use crate::error_chain::chain;
use serde_json::{Map, Value};
use souk_actors::clock;
use std::error::Error;
use std::fmt::{self, Write as _};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

/// The service name of Souk's own lines.
pub(super) const OWN_SERVICE: &str = "souk";
/// Prefix of our own modules' names. Events of our dependencies may hold whole requests and mails;
/// they go to standard error only.
const OWN_TARGETS: &str = "souk";
/// Longest value of a field, in characters.
const VALUE_CHARACTERS_MAX: usize = 2_000;
/// Most fields of a line.
const FIELDS_MAX: usize = 32;

/// Passes every event of our own modules to the log service, without secrets and personal data (see
/// [`super::mask`]).
pub(crate) struct OwnLog(pub(crate) Intake);

impl<S: Subscriber> Layer<S> for OwnLog {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let target = event.metadata().target();
        if !target.starts_with(OWN_TARGETS) {
            return;
        }
        let level = level_of(*event.metadata().level());
        if !self.0.wants(level) {
            return;
        }
        let mut recorded = EventFields::default();
        event.record(&mut recorded);
        recorded.fields.insert("target".to_owned(), Value::from(target));
        self.0.offer(LogRecord {
            time: clock::now(),
            service: OWN_SERVICE.to_owned(),
            level,
            message: recorded.message,
            fields: recorded.fields,
        });
    }
}

fn level_of(level: tracing::Level) -> Level {
    match level {
        tracing::Level::TRACE => Level::Trace,
        tracing::Level::DEBUG => Level::Debug,
        tracing::Level::INFO => Level::Info,
        tracing::Level::WARN => Level::Warn,
        tracing::Level::ERROR => Level::Error,
    }
}

/// The fields of an event.
#[derive(Default)]
struct EventFields {
    message: String,
    fields: Map<String, Value>,
}

impl EventFields {
    fn text(&mut self, field: &Field, text: &str) {
        let text: String = masked(text).chars().take(VALUE_CHARACTERS_MAX).collect();
        if field.name() == "message" {
            self.message = text;
        } else {
            self.value(field, Value::from(text));
        }
    }

    fn value(&mut self, field: &Field, value: Value) {
        if may_keep(field.name()) && self.fields.len() < FIELDS_MAX {
            self.fields.insert(field.name().to_owned(), value);
        }
    }
}

impl Visit for EventFields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = String::new();
        // `Bounded` fails at its limit; what was written so far is kept.
        let _ = write!(Bounded(&mut text), "{value:?}");
        self.text(field, &text);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.text(field, &chain(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.value(field, Value::from(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.value(field, Value::from(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.value(field, Value::from(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.value(field, Value::from(value));
    }
}

/// Stops at the size that a line's body may have.
struct Bounded<'a>(&'a mut String);

impl fmt::Write for Bounded<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > BODY_BYTES_MAX {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing_subscriber::layer::SubscriberExt;

    #[test]
    fn lines_of_our_own_are_kept_without_secrets_and_people() {
        let (intake, mut queue) = Intake::new();
        let subscriber = tracing_subscriber::registry().with(OwnLog(intake));
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(
                order = 7,
                password = "hunter2",
                remote = "192.0.2.1:5",
                panic = "byte index 3 is inside 'é' of `Zoé, 5 High Street`",
                reason = "550 <ann@souk.example>: no",
                "told Bearer abc.def of it"
            );
            tracing::error!(target: "lettre::transport", "RCPT TO ann@souk.example");
        });
        let line = queue.try_next().expect("one line");
        assert_eq!((line.level, line.message.as_str()), (Level::Warn, "told Bearer [token] of it"));
        let fields = Value::Object(line.fields);
        assert_eq!(
            fields,
            serde_json::json!({"order": 7, "reason": "550 <[mail address]>: no",
                "target": "souk::logs::own_log::tests"})
        );
        assert!(queue.try_next().is_none(), "events of dependencies stay on standard error");
    }
}
