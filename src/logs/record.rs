//! One log line: how published messages are parsed, and how lines are shown.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use souk_domain::UnixMillis;
use std::fmt;
use std::time::Duration;

/// Precedes service and level in the subject of a log message.
pub(crate) const SUBJECT_PREFIX: &str = "souk.log.v1.";
/// Longest body of a log message, in octets.
pub(crate) const BODY_BYTES_MAX: usize = 16 * 1024;
/// Longest name of a service, in characters.
pub(super) const SERVICE_CHARACTERS_MAX: usize = 64;
/// How far in the future a message's time may be by our clock.
const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// How important a line is, in ascending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    /// Every step.
    Trace,
    /// For debugging.
    Debug,
    /// Normal operation.
    Info,
    /// Something that should be rare.
    Warn,
    /// Something that an operator must look at.
    Error,
}

/// One line as it is stored and shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LogRecord {
    /// When it was written; when it arrived, if its own time is missing or implausible.
    #[serde(with = "rfc3339")]
    pub(crate) time: UnixMillis,
    /// The service that wrote it.
    pub(crate) service: String,
    /// How important it is.
    pub(crate) level: Level,
    /// Its text.
    pub(crate) message: String,
    /// All its other fields.
    pub(crate) fields: Map<String, Value>,
}

/// Why a published message is not a log line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LogRefusal {
    /// The subject names no service and level.
    #[error("the subject is not {SUBJECT_PREFIX}<service>.<level>")]
    Subject,
    /// The body is too long.
    #[error("the body has {octets} octets, more than {BODY_BYTES_MAX}")]
    TooLong { octets: usize },
    /// The body is empty.
    #[error("the body is empty")]
    Empty,
    /// The body is not UTF-8.
    #[error("the body is no UTF-8")]
    NoText,
    /// It starts like a JSON object but cannot be parsed.
    #[error("the body is no JSON object: {reason}")]
    Json {
        /// The parser's error.
        reason: String,
    },
    /// The object has no usable `message`.
    #[error("the body has no `message`, or one that is empty or no text")]
    NoMessage,
}

impl Level {
    /// Every level, the least important first.
    pub(crate) const ALL: [Self; 5] =
        [Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error];

    /// The level with this name, ignoring case; other systems' names are accepted too.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "trace" => Some(Self::Trace),
            "debug" => Some(Self::Debug),
            "info" | "notice" => Some(Self::Info),
            "warn" | "warning" => Some(Self::Warn),
            "error" | "critical" | "fatal" => Some(Self::Error),
            _ => None,
        }
    }

    /// Its name in subjects and answers.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }

    /// The number it is stored as.
    pub(super) fn number(self) -> u8 {
        self as u8
    }

    /// The level stored as this number.
    pub(super) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.number() == number)
    }
}

/// Whether this can be the name of a service: one token of a subject.
pub(super) fn is_service(name: &str) -> bool {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || b"_-".contains(&octet);
    (1..=SERVICE_CHARACTERS_MAX).contains(&name.len()) && name.bytes().all(plain)
}

impl LogRecord {
    /// Parses a published message: a JSON object with at least a `message`, a CloudEvent whose `data` is
    /// such an object or a text, or plain text. Its own `time` (RFC 3339) is used if it lies between
    /// `oldest` and now.
    ///
    /// # Errors
    /// [`LogRefusal`].
    pub(crate) fn published(
        subject: &str,
        body: &[u8],
        now: UnixMillis,
        oldest: UnixMillis,
    ) -> Result<Self, LogRefusal> {
        let name = subject.strip_prefix(SUBJECT_PREFIX).ok_or(LogRefusal::Subject)?;
        let (service, level) = name.split_once('.').ok_or(LogRefusal::Subject)?;
        let level = Level::named(level).ok_or(LogRefusal::Subject)?;
        if !is_service(service) {
            return Err(LogRefusal::Subject);
        }
        if body.len() > BODY_BYTES_MAX {
            return Err(LogRefusal::TooLong { octets: body.len() });
        }
        let text = std::str::from_utf8(body).map_err(|_| LogRefusal::NoText)?.trim();
        if text.is_empty() {
            return Err(LogRefusal::Empty);
        }
        let (message, fields) = match text.starts_with('{') {
            true => take_apart(text)?,
            false => (text.to_owned(), Map::new()),
        };
        let own_time = fields.get("time").and_then(Value::as_str).and_then(rfc3339::parse);
        let is_credible = |time: &UnixMillis| (oldest..=now.after(CLOCK_SKEW)).contains(time);
        let time = own_time.filter(is_credible).unwrap_or(now);
        Ok(Self { time, service: service.to_owned(), level, message, fields })
    }

    /// The body of a message that publishes this line.
    pub(crate) fn body(&self) -> Vec<u8> {
        let mut fields = self.fields.clone();
        fields.insert("time".to_owned(), Value::from(self.time.to_string()));
        fields.insert("message".to_owned(), Value::from(self.message.as_str()));
        Value::Object(fields).to_string().into_bytes()
    }
}

/// The message and the other fields of an object.
fn take_apart(text: &str) -> Result<(String, Map<String, Value>), LogRefusal> {
    let refused = |error: serde_json::Error| LogRefusal::Json { reason: error.to_string() };
    let mut fields: Map<String, Value> = serde_json::from_str(text).map_err(refused)?;
    if is_cloud_event(&fields) {
        open_envelope(&mut fields);
    }
    match fields.remove("message") {
        Some(Value::String(message)) if !message.trim().is_empty() => Ok((message, fields)),
        _ => Err(LogRefusal::NoMessage),
    }
}

/// Whether an object is a CloudEvents envelope in structured JSON, with content
/// (<https://github.com/cloudevents/spec>). An object with its own `message` is not.
fn is_cloud_event(fields: &Map<String, Value>) -> bool {
    let is_text = |name: &str| fields.get(name).is_some_and(Value::is_string);
    is_text("specversion") && fields.contains_key("data") && !fields.contains_key("message")
}

/// Replaces an envelope by its content. The envelope's attributes stay as fields, unless `data` has a
/// field with the same name.
fn open_envelope(fields: &mut Map<String, Value>) {
    match fields.remove("data") {
        Some(Value::Object(data)) => fields.extend(data),
        Some(text @ Value::String(_)) => {
            fields.insert("message".to_owned(), text);
        }
        _ => {}
    }
}

/// One line for people. Control characters are escaped, so that they cannot move a terminal's cursor.
impl fmt::Display for LogRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = self.level.name().to_ascii_uppercase();
        write!(f, "{} {level:>5} {}: ", self.time, self.service)?;
        plainly(&self.message, f)?;
        for (name, value) in self.fields.iter().filter(|(name, _)| *name != "time") {
            f.write_str(" ")?;
            plainly(name, f)?;
            f.write_str("=")?;
            plainly(&value.to_string(), f)?;
        }
        Ok(())
    }
}

fn plainly(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    text.chars().try_for_each(|c| match c.is_control() {
        true => write!(f, "{}", c.escape_default()),
        false => write!(f, "{c}"),
    })
}

/// Serialises times as RFC 3339.
pub(super) mod rfc3339 {
    use serde::{Deserialize, Deserializer, Serializer};
    use souk_domain::UnixMillis;

    pub(in crate::logs) fn parse(text: &str) -> Option<UnixMillis> {
        let time: jiff::Timestamp = text.parse().ok()?;
        Some(UnixMillis::new(time.as_millisecond()))
    }

    pub(in crate::logs) fn serialize<S: Serializer>(
        time: &UnixMillis,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(time)
    }

    pub(in crate::logs) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<UnixMillis, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(&text).ok_or_else(|| serde::de::Error::custom("no time"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis::new(1_700_000_000_000);

    fn read(subject: &str, body: &[u8]) -> Result<LogRecord, LogRefusal> {
        LogRecord::published(subject, body, NOW, NOW.before(Duration::from_secs(3_600)))
    }

    #[test]
    fn objects_and_plain_texts_are_lines() {
        let body = br#"{"message": "sold", "time": "2023-11-14T22:13:00Z", "order": 7}"#;
        let line = read("souk.log.v1.till-2.WARNING", body).expect("a line");
        assert_eq!((line.service.as_str(), line.level), ("till-2", Level::Warn));
        assert_eq!((line.message.as_str(), &line.fields["order"]), ("sold", &Value::from(7)));
        assert_eq!(line.time.to_string(), "2023-11-14T22:13:00.000Z");
        let again = read("souk.log.v1.till-2.warn", &line.body()).expect("a line");
        assert_eq!((again.time, again.message), (line.time, line.message));

        let line = read("souk.log.v1.till.info", b" just text\n").expect("a line");
        assert_eq!((line.message.as_str(), line.time), ("just text", NOW));
    }

    #[test]
    fn a_cloud_event_is_a_line_if_its_data_is_one() {
        let of = |data: &str| {
            let body = format!(
                r#"{{"specversion": "1.0", "id": "a1", "source": "/till", "type": "till.log",
                    "time": "2023-11-14T22:13:00Z", "data": {data}}}"#
            );
            read("souk.log.v1.till.info", body.as_bytes())
        };
        let line = of(r#"{"message": "sold", "order": 7}"#).expect("a line");
        assert_eq!((line.message.as_str(), &line.fields["order"]), ("sold", &Value::from(7)));
        assert_eq!((&line.fields["id"], &line.fields["type"]), (&"a1".into(), &"till.log".into()));
        assert_eq!(line.time.to_string(), "2023-11-14T22:13:00.000Z", "that of the envelope");
        let inner = of(r#"{"message": "m", "time": "2023-11-14T22:12:00Z"}"#).expect("a line");
        assert_eq!(inner.time.to_string(), "2023-11-14T22:12:00.000Z", "that of the data");
        assert_eq!(of(r#""just text""#).expect("a line").message, "just text");
        for empty in ["{}", r#"{"message": ""}"#, r#"{"message": 7}"#, r#""""#, "null", "[1]"] {
            assert_eq!(of(empty), Err(LogRefusal::NoMessage), "{empty}");
        }
        // Not an envelope: the object has its own message.
        let body = br#"{"message": "outer", "data": {"message": "inner"}}"#;
        let line = read("souk.log.v1.till.info", body).expect("a line");
        assert_eq!(line.message, "outer");
        let body = br#"{"specversion": "1.0", "message": "outer", "data": {"message": "inner"}}"#;
        assert_eq!(read("souk.log.v1.till.info", body).expect("a line").message, "outer");
    }

    #[test]
    fn a_time_nobody_believes_is_that_of_the_arrival() {
        for time in ["2023-11-14T20:00:00Z", "2099-01-01T00:00:00Z", "yesterday"] {
            let body = format!(r#"{{"message": "m", "time": "{time}"}}"#);
            let line = read("souk.log.v1.till.info", body.as_bytes()).expect("a line");
            assert_eq!((line.time, &line.fields["time"]), (NOW, &Value::from(time)));
        }
    }

    #[test]
    fn what_is_no_line_is_refused_with_the_reason() {
        for subject in
            ["souk.log.v1.till", "souk.log.v1.till.loud", "souk.log.v1.a.b.info", "x.till.info"]
        {
            assert_eq!(read(subject, b"text"), Err(LogRefusal::Subject), "{subject}");
        }
        let too_long = vec![b'a'; BODY_BYTES_MAX + 1];
        for (body, refusal) in [
            (&b""[..], LogRefusal::Empty),
            (b" \n", LogRefusal::Empty),
            (b"\xff", LogRefusal::NoText),
            (br#"{"msg": "m"}"#, LogRefusal::NoMessage),
            (br#"{"message": ""}"#, LogRefusal::NoMessage),
            (br#"{"message": 7}"#, LogRefusal::NoMessage),
            (&too_long, LogRefusal::TooLong { octets: BODY_BYTES_MAX + 1 }),
        ] {
            assert_eq!(read("souk.log.v1.till.info", body), Err(refusal));
        }
        assert!(matches!(read("souk.log.v1.a.info", b"{oops"), Err(LogRefusal::Json { .. })));
    }

    #[test]
    fn a_line_for_people_moves_no_cursor() {
        let body = br#"{"message": "a\u001b[2Jb\r\nc", "k": "v"}"#;
        let shown = read("souk.log.v1.till.error", body).expect("a line").to_string();
        assert!(shown.ends_with(r#"ERROR till: a\u{1b}[2Jb\r\nc k="v""#), "{shown}");
    }
}
