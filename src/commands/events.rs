//! `souk events export`: prints the stored events, one JSON object per line, on standard output.

use super::CommandError;
use crate::control::{self, AskError, ControlRequest, Export, ExportError, ExportStart};
use crate::moment;
use crate::settings::Settings;
use clap::{Args, Subcommand};
use souk_actors::outbox::Outbox;
use souk_actors::store::{OpenError, StoreError};
use souk_actors::webhooks::check_pattern;
use souk_actors::{Failure, OpenShopError, clock};
use souk_domain::UnixMillis;
use std::io::{self, Write};
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum Events {
    /// Print the events that are kept, in order, as lines of JSON.
    Export(ExportOptions),
}

#[derive(Debug, Args)]
pub(super) struct ExportOptions {
    #[command(flatten)]
    start: StartOptions,
    /// Kinds or events: `order.*`, `order.paid`; all of them by default.
    #[arg(long, value_name = "TYPE", value_delimiter = ',', default_value = "*", value_parser = event_type)]
    types: Vec<String>,
}

/// Where the export begins.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct StartOptions {
    /// Only events from this time on: 2026-01-31T12:00:00Z, 2026-01-31, or 30m, 1h, 7d ago.
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<UnixMillis>,
    /// Only events after this place: the one that the last export named, or the `id` of an event in
    /// `/api/v1/events`.
    #[arg(long, value_name = "PLACE")]
    after: Option<String>,
}

/// Why the export failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EventsError {
    #[error(transparent)]
    Open(#[from] OpenShopError),
    #[error(transparent)]
    Ask(#[from] AskError),
    #[error(transparent)]
    Start(#[from] ExportError),
    #[error("the events cannot be read")]
    Read(#[from] StoreError),
    #[error("the events cannot be read")]
    Outbox(#[source] Failure),
    #[error("the events cannot be written")]
    Write(#[from] io::Error),
}

fn time(text: &str) -> Result<UnixMillis, String> {
    moment::parse(text, clock::now()).ok_or_else(|| format!("write {}", moment::FORMS))
}

fn event_type(text: &str) -> Result<String, String> {
    let text = text.trim();
    check_pattern(text).map(|()| text.to_owned()).map_err(|unknown| unknown.to_string())
}

pub(super) async fn run(events: Events, settings: &Settings) -> Result<ExitCode, CommandError> {
    let Events::Export(ExportOptions { start: StartOptions { since, after }, types }) = events;
    let start = match (since, after) {
        (_, Some(place)) => ExportStart::After(place),
        (since, None) => ExportStart::Since(since.expect("clap requires one of the two").get()),
    };
    let (count, place) = export(Export { start, types }, settings).await?;
    match count {
        0 => eprintln!("there are no such events; continue with --after {place}"),
        _ => eprintln!("events exported: {count}; continue with --after {place}"),
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads the store if the shop is closed, else asks the process that has it open. Returns the number
/// of events, and the place to continue after.
async fn export(filter: Export, settings: &Settings) -> Result<(u64, String), EventsError> {
    let data = &settings.data;
    let mut output = io::stdout().lock();
    let mut count = 0;
    let store = match super::open_store(settings) {
        Ok(store) => store,
        Err(OpenShopError::Store(OpenError::InUse { .. })) => {
            let request = ControlRequest::Export(filter);
            let print = |event: &str| {
                count += 1;
                writeln!(output, "{event}")
            };
            let place = control::ask(data, &request, print)?;
            output.flush()?;
            return Ok((count, place));
        }
        Err(error) => return Err(error.into()),
    };
    let outbox = Outbox::open(store, settings.currency()).await.map_err(EventsError::Outbox)?;
    let mut at = filter.start(&outbox)?;
    while let Some((events, next)) = filter.read_on(&outbox, at)? {
        for event in events {
            count += 1;
            output.write_all(&event)?;
            output.write_all(b"\n")?;
        }
        at = next;
    }
    output.flush()?;
    Ok((count, control::place(&outbox, at)?))
}
