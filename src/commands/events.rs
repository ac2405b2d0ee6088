//! `souk events export`: the events that are kept, one JSON object per line on standard output.

use super::CommandError;
use crate::control::{self, AskError, Export, Question};
use crate::settings::Settings;
use clap::{Args, Subcommand};
use souk_actors::outbox::Outbox;
use souk_actors::store::{OpenError, StoreError};
use souk_actors::webhooks::check_pattern;
use souk_actors::{Failure, OpenShopError};
use souk_domain::UnixMillis;
use std::io::{self, Write};
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum Events {
    /// Print the events that are kept, in order, as lines of JSON.
    Export(ExportAsked),
}

#[derive(Debug, Args)]
pub(super) struct ExportAsked {
    /// Not those from before: 2026-01-31T12:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: UnixMillis,
    /// Kinds or events: `order.*`, `order.paid`; all of them by default.
    #[arg(long, value_name = "TYPE", value_delimiter = ',', default_value = "*", value_parser = event_type)]
    types: Vec<String>,
}

/// Why the events could not be printed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EventsError {
    #[error(transparent)]
    Open(#[from] OpenShopError),
    #[error(transparent)]
    Ask(#[from] AskError),
    #[error("the events cannot be read")]
    Read(#[from] StoreError),
    #[error("the events cannot be read")]
    Outbox(#[source] Failure),
    #[error("the events cannot be written")]
    Write(#[from] io::Error),
}

fn time(text: &str) -> Result<UnixMillis, String> {
    let time: jiff::Timestamp = text.parse().map_err(|_| "write it as 2026-01-31T12:00:00Z")?;
    Ok(UnixMillis::new(time.as_millisecond()))
}

fn event_type(text: &str) -> Result<String, String> {
    let text = text.trim();
    check_pattern(text).map(|()| text.to_owned()).map_err(|unknown| unknown.to_string())
}

pub(super) async fn run(events: Events, settings: &Settings) -> Result<ExitCode, CommandError> {
    let Events::Export(ExportAsked { since, types }) = events;
    export(Export { since, types }, settings).await?;
    Ok(ExitCode::SUCCESS)
}

/// Reads the store if the shop is closed, else asks the process that has it open.
async fn export(asked: Export, settings: &Settings) -> Result<(), EventsError> {
    let data = &settings.data;
    let mut output = io::stdout().lock();
    let store = match super::open_store(settings) {
        Ok(store) => store,
        Err(OpenShopError::Store(OpenError::InUse { .. })) => {
            let question = Question::Export(asked);
            control::ask(data, &question, |event| writeln!(output, "{event}")).await?;
            return Ok(output.flush()?);
        }
        Err(error) => return Err(error.into()),
    };
    let outbox = Outbox::open(store, settings.currency()).await.map_err(EventsError::Outbox)?;
    let mut at = asked.start(&outbox)?;
    while let Some((events, next)) = asked.read_on(&outbox, at)? {
        for event in events {
            output.write_all(&event)?;
            output.write_all(b"\n")?;
        }
        at = next;
    }
    Ok(output.flush()?)
}
