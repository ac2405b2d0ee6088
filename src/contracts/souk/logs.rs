//! Searching the log (services contract, API6): for administrators.

use crate::app::App;
use crate::edge::headers::SEARCHED_SINCE;
use crate::edge::values::{LogLevel, Moment};
use crate::edge::{Answer, Call, Errors, PageQuery, limits, standard};
use crate::logs::{ArchiveError, LogQuery, SearchResult};
use http::header::HeaderValue;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use souk_actors::clock;
use souk_domain::UnixMillis;
use std::sync::Arc;

/// `GET /api/v1/logs/?service=&level=&since=&until=&q=&page=`: newest first.
pub(super) async fn search(app: Arc<App>, call: Call) -> Result<Answer, Answer> {
    app.administrator(&call)?;
    let page_query = PageQuery::of(&call.request)?;
    let query = LogQuery::parse(|name| call.request.query(name), clock::now());
    let query = query.map_err(|wrong| {
        let mut errors = Errors::new();
        for (parameter, problem) in wrong {
            errors.add(parameter, problem);
        }
        Answer::from(errors)
    })?;
    let searching = app.archive.search(move |archive| {
        page_query.fetch(|offset, limit| {
            let found = archive.find(&query, offset, limit)?;
            Ok::<_, Refused>((found.count, found))
        })
    });
    let (page, SearchResult { lines, ended_at, .. }) =
        searching.await.map_err(|Refused(answer)| *answer)?;
    let records: Vec<_> = lines.into_iter().map(|kept| kept.record).collect();
    let base_url = call.request.base_url(app.public_url.as_deref());
    let answer = page.envelope(&call.request, &base_url, &records);
    let since = ended_at.and_then(|at| HeaderValue::try_from(UnixMillis::new(at).to_string()).ok());
    Ok(match since {
        Some(since) => answer.with_header(SEARCHED_SINCE, since),
        None => answer,
    })
}

/// A line of the log ([`crate::logs::LogRecord`]).
#[derive(JsonSchema, Serialize)]
pub(super) struct LogLine {
    #[schemars(with = "Moment")]
    time: String,
    service: String,
    #[schemars(with = "LogLevel")]
    level: String,
    message: String,
    /// All other fields of the line.
    fields: Map<String, Value>,
}

/// The refusal of an unknown level.
pub(super) fn unknown_level() -> Errors {
    Errors::of("level", "Unknown level \"loud\"; use trace, debug, info, warn or error.")
}

/// The answer to a search that failed.
struct Refused(Box<Answer>);

impl From<Answer> for Refused {
    fn from(answer: Answer) -> Self {
        Self(Box::new(answer))
    }
}

impl From<ArchiveError> for Refused {
    fn from(error: ArchiveError) -> Self {
        tracing::warn!(error = &error as &dyn std::error::Error, "the log could not be searched");
        standard::unavailable(limits::RETRY_AFTER_SECONDS).into()
    }
}
