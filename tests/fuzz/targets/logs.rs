//! The log service: what other systems publish, and what somebody looks for.

use super::{first_line, text};
use crate::edge::Request;
use crate::logs::{LogQuery, LogRecord, LogRefusal};
use crate::moment;
use http::{HeaderMap, Method};
use souk_domain::UnixMillis;

const NOW: UnixMillis = UnixMillis::new(1_700_000_000_000);
const OLDEST: UnixMillis = UnixMillis::new(1_690_000_000_000);

/// A message for the log: its subject in the first line, its body behind.
pub(super) fn log_message(input: &[u8]) {
    let (subject, body) = first_line(input);
    let subject = text(subject);
    let Ok(line) = LogRecord::published(subject, body, NOW, OLDEST) else { return };
    assert!(line.time >= OLDEST && line.time.get() <= NOW.get() + 60_000, "{line:?}");
    match LogRecord::published(subject, &line.body(), NOW, OLDEST) {
        Ok(mut again) => {
            again.fields.remove("time");
            let mut line = line.clone();
            line.fields.remove("time");
            assert_eq!(again, line, "a line says the same when it is handed on");
        }
        // What is escaped takes more room.
        Err(refusal) => assert!(matches!(refusal, LogRefusal::TooLong { .. }), "{refusal}"),
    }
}

/// The query of the log, as it stands in a URL.
pub(super) fn log_query(input: &[u8]) {
    const SENTENCE_BYTES_MAX: usize = 500;
    let query = text(input).to_owned();
    let request = Request::new(Method::GET, "/".to_owned(), query, HeaderMap::new());
    match LogQuery::parse(|name| request.query(name), NOW) {
        Ok(query) => {
            let times = query.since.zip(query.until);
            assert!(times.is_none_or(|(since, until)| since <= until), "{query:?}");
        }
        Err(wrong) => {
            assert!(!wrong.is_empty());
            assert!(wrong.iter().all(|(_, said)| said.len() <= SENTENCE_BYTES_MAX), "{wrong:?}");
        }
    }
    if let Some(time) = moment::parse(text(input), NOW) {
        assert!(time <= NOW || !input.ends_with(b"d"), "an age lies before now");
    }
}
