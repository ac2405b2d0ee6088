//! `souk logs`: prints the log, whether the shop is open or closed.

use crate::local_socket::AskError;
use crate::logs::{self, Followed, LogQuery, LogRecord, LogStore, SearchResult};
use crate::settings::Settings;
use clap::Args;
use souk_actors::clock;
use souk_actors::store::{OpenError, Opening, Store, StoreError, StoreKind};
use std::io::{self, Write};
use std::process::ExitCode;

/// Which lines to print.
#[derive(Debug, Args)]
pub(super) struct Logs {
    /// Keep printing new lines.
    #[arg(long)]
    follow: bool,
    /// Only lines of this service.
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// Only lines of this level and more important ones.
    #[arg(long, value_name = "LEVEL")]
    level: Option<String>,
    /// Only lines from this time on: 2024-01-31T12:00:00Z, 2024-01-31, or 15m, 2h, 7d ago.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only lines from before this time.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only lines with this text.
    #[arg(long, value_name = "TEXT")]
    q: Option<String>,
    /// Print this many lines, the newest.
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    lines: u32,
    /// One JSON object per line.
    #[arg(long)]
    json: bool,
}

/// Why the log was not printed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LogsError {
    #[error("--{parameter}: {problem}")]
    Query { parameter: &'static str, problem: String },
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("the log cannot be read")]
    Read(#[from] StoreError),
    #[error("the process that keeps the log does not answer")]
    Ask(#[source] AskError),
    #[error("nobody keeps the log now, so there is nothing to follow: start `souk serve` first")]
    NobodyToFollow,
    #[error("the process that kept the log has stopped")]
    Stopped,
    #[error("cannot write the log")]
    Write(#[source] io::Error),
}

pub(super) fn run(options: &Logs, settings: &Settings) -> Result<ExitCode, LogsError> {
    let parameter = |name: &'static str| match name {
        "service" => options.service.as_deref(),
        "level" => options.level.as_deref(),
        "since" => options.since.as_deref(),
        "until" => options.until.as_deref(),
        _ => options.q.as_deref(),
    };
    let query = LogQuery::parse(parameter, clock::now()).map_err(|wrong| {
        let (parameter, problem) = wrong.into_iter().next().unwrap_or_default();
        LogsError::Query { parameter, problem }
    })?;
    let shown = if options.follow {
        follow(options, &query, settings)
    } else {
        show(options, &query, settings)
    };
    match shown {
        // The reader closed the pipe, as `souk logs | head` does.
        Err(LogsError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            Ok(ExitCode::SUCCESS)
        }
        shown => shown.map(|()| ExitCode::SUCCESS),
    }
}

fn show(options: &Logs, query: &LogQuery, settings: &Settings) -> Result<(), LogsError> {
    let limit = usize::try_from(options.lines).unwrap_or(usize::MAX);
    let found = match logs::ask(&settings.data, query, 0, limit) {
        Ok(found) => found,
        Err(error) if error.is_not_served() => read(query, limit, settings)?,
        Err(error) => return Err(LogsError::Ask(error)),
    };
    let mut records = found.into_records().peekable();
    if records.peek().is_none() {
        eprintln!("there are no such lines");
    }
    let mut output = io::stdout().lock();
    records
        .try_for_each(|record| print(&mut output, &record, options.json))
        .map_err(LogsError::Write)
}

/// Reads the log of a closed shop.
fn read(query: &LogQuery, limit: usize, settings: &Settings) -> Result<SearchResult, LogsError> {
    let directory = settings.data.join(logs::DIRECTORY);
    let store = LogStore::open(&directory, Opening::Proven, settings.logs())?;
    Ok(store.search(query, 0, limit)?)
}

fn follow(options: &Logs, query: &LogQuery, settings: &Settings) -> Result<(), LogsError> {
    let limit = usize::try_from(options.lines).unwrap_or(usize::MAX);
    let mut output = io::stdout().lock();
    let on_item = |item| match item {
        Followed::Line(record) => print(&mut output, &record, options.json),
        Followed::Missed(lines) => {
            eprintln!("souk: {lines} lines came too fast and are not shown");
            Ok(())
        }
    };
    match logs::ask_to_follow(&settings.data, query, limit, on_item) {
        Ok(()) | Err(AskError::BrokenOff(_)) => Err(LogsError::Stopped),
        Err(AskError::Write(error)) => Err(LogsError::Write(error)),
        Err(error) if error.is_not_served() => {
            let directory = settings.data.join(logs::DIRECTORY);
            Err(match directory.join(Store::FILE_NAME).exists() {
                true => LogsError::NobodyToFollow,
                false => OpenError::Missing { kind: StoreKind::Log, directory }.into(),
            })
        }
        Err(error) => Err(LogsError::Ask(error)),
    }
}

fn print(output: &mut impl Write, record: &LogRecord, as_json: bool) -> io::Result<()> {
    match as_json {
        true => {
            serde_json::to_writer(&mut *output, record)?;
            output.write_all(b"\n")
        }
        false => writeln!(output, "{record}"),
    }
}
