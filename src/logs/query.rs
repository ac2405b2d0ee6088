//! Log queries, as URLs and the command line express them.

use super::record::{Level, LogRecord, SERVICE_CHARACTERS_MAX, is_service};
use crate::moment;
use serde::{Deserialize, Serialize};
use souk_domain::{UnixMillis, nearest};
use std::borrow::Cow;

/// Longest search text, in characters.
const TEXT_CHARACTERS_MAX: usize = 200;
/// The most characters of an unknown name that a refusal repeats.
const SHOWN_CHARACTERS_MAX: usize = 60;

/// A filter for lines; `None` matches all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LogQuery {
    /// Exactly this service.
    pub(crate) service: Option<String>,
    /// This level or a more important one.
    pub(crate) level: Option<Level>,
    /// Written at this time or later, in milliseconds since the epoch.
    pub(crate) since: Option<i64>,
    /// Written before this time, in milliseconds since the epoch.
    pub(crate) until: Option<i64>,
    /// This text in the message, a field or the service's name, ignoring case.
    pub(crate) text: Option<String>,
}

impl LogQuery {
    /// Reads the parameters `service`, `level`, `since`, `until` and `q`; an empty one counts as absent.
    /// Times are as in [`moment::parse`].
    ///
    /// # Errors
    /// Every invalid parameter with what is wrong with it.
    pub(crate) fn parse<'a>(
        parameter: impl Fn(&'static str) -> Option<&'a str>,
        now: UnixMillis,
    ) -> Result<Self, Vec<(&'static str, String)>> {
        let asked = |name| parameter(name).map(str::trim).filter(|text| !text.is_empty());
        let mut wrong = Vec::new();
        let mut query = Self::default();
        if let Some(service) = asked("service") {
            match is_service(service) {
                true => query.service = Some(service.to_owned()),
                false => wrong.push((
                    "service",
                    format!("A service has 1 to {SERVICE_CHARACTERS_MAX} letters, digits, _ or -."),
                )),
            }
        }
        if let Some(level) = asked("level") {
            query.level = Level::named(level);
            if query.level.is_none() {
                wrong.push(("level", unknown_level(level)));
            }
        }
        let mut time = |name| {
            let time = moment::parse(asked(name)?, now);
            if time.is_none() {
                wrong.push((name, format!("Use {}.", moment::FORMS)));
            }
            time.map(UnixMillis::get)
        };
        (query.since, query.until) = (time("since"), time("until"));
        if query.since.zip(query.until).is_some_and(|(since, until)| since > until) {
            wrong.push(("until", "This is before `since`.".to_owned()));
        }
        if let Some(text) = asked("q") {
            if text.chars().count() > TEXT_CHARACTERS_MAX {
                let long =
                    format!("Ensure this has no more than {TEXT_CHARACTERS_MAX} characters.");
                wrong.push(("q", long));
            }
            query.text = Some(text.to_owned());
        }
        if wrong.is_empty() { Ok(query) } else { Err(wrong) }
    }

    /// Whether the query matches this line.
    pub(super) fn matches(&self, record: &LogRecord) -> bool {
        let fields = || Cow::Owned(serde_json::to_string(&record.fields).unwrap_or_default());
        self.since.is_none_or(|since| record.time.get() >= since)
            && self.until.is_none_or(|until| record.time.get() < until)
            && self.is_about(&record.service, record.level, &record.message, fields)
    }

    /// Matches everything but the time. `fields` returns JSON and is called only to search for a text.
    pub(super) fn is_about<'a>(
        &self,
        service: &str,
        level: Level,
        message: &str,
        fields: impl FnOnce() -> Cow<'a, str>,
    ) -> bool {
        self.level.is_none_or(|wanted| level >= wanted)
            && self.service.as_ref().is_none_or(|wanted| wanted == service)
            && self.text.as_ref().is_none_or(|wanted| {
                let wanted = wanted.to_lowercase();
                let holds = |text: &str| text.to_lowercase().contains(&wanted);
                holds(message) || holds(service) || holds(&fields())
            })
    }
}

fn unknown_level(asked: &str) -> String {
    let asked: String = asked.chars().take(SHOWN_CHARACTERS_MAX).collect();
    match nearest(&asked, Level::ALL.map(Level::name)) {
        Some(meant) => format!("Unknown level \"{asked}\"; did you mean \"{meant}\"?"),
        None => format!("Unknown level \"{asked}\"; use trace, debug, info, warn or error."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis::new(1_700_000_000_000);

    fn parse(pairs: &[(&str, &str)]) -> Result<LogQuery, Vec<&'static str>> {
        let parameter = |name: &'static str| {
            pairs.iter().find(|(given, _)| *given == name).map(|(_, value)| *value)
        };
        LogQuery::parse(parameter, NOW)
            .map_err(|wrong| wrong.into_iter().map(|(name, _)| name).collect())
    }

    #[test]
    fn times_are_points_or_ages() {
        let query = parse(&[("since", "2h"), ("until", "2023-11-14T22:13:20+00:00"), ("q", "")]);
        let query = query.expect("good");
        assert_eq!(query.since, Some(NOW.get() - 2 * 3_600_000));
        assert_eq!((query.until, query.text), (Some(NOW.get()), None));
    }

    #[test]
    fn every_wrong_parameter_is_named() {
        let wrong = parse(&[
            ("service", "a.*"),
            ("level", "loud"),
            ("since", "soon"),
            ("until", "m"),
            ("q", &"x".repeat(201)),
        ]);
        assert_eq!(wrong, Err(vec!["service", "level", "since", "until", "q"]));
        assert_eq!(parse(&[("since", "1h"), ("until", "2h")]), Err(vec!["until"]));
    }

    #[test]
    fn an_unknown_level_is_named() {
        for (asked, said) in [
            ("wran", "Unknown level \"wran\"; did you mean \"warn\"?"),
            ("errors", "Unknown level \"errors\"; did you mean \"error\"?"),
            ("loud", "Unknown level \"loud\"; use trace, debug, info, warn or error."),
        ] {
            let parameter = |name: &'static str| (name == "level").then_some(asked);
            assert_eq!(LogQuery::parse(parameter, NOW), Err(vec![("level", said.to_owned())]));
        }
        for known in ["WARN", "warning", "fatal", "notice"] {
            assert!(parse(&[("level", known)]).is_ok(), "{known}");
        }
    }

    #[test]
    fn a_level_means_that_one_and_worse_ones() {
        let line = |level, message: &str| LogRecord {
            time: NOW,
            service: "till".to_owned(),
            level,
            message: message.to_owned(),
            fields: serde_json::Map::from_iter([("order".to_owned(), "ORD-7".into())]),
        };
        let query = parse(&[("level", "warn"), ("q", "SOLD")]).expect("good");
        assert!(query.matches(&line(Level::Error, "sold out")));
        assert!(!query.matches(&line(Level::Info, "sold out")));
        assert!(!query.matches(&line(Level::Error, "quiet")));
        let query = parse(&[("q", "ord-7"), ("service", "till")]).expect("good");
        assert!(query.matches(&line(Level::Trace, "quiet")));
    }
}
