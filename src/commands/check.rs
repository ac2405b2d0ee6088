//! `souk check`: proves offline that the data keeps every invariant.

use super::{CommandError, print_json, print_text};
use crate::settings::Settings;
use clap::Args;
use serde_json::json;
use souk_actors::OpenShopError;
use souk_actors::check::{Findings, check};
use souk_actors::store::StoreError;
use std::process::ExitCode;

/// How to print the findings.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

/// Why the data could not be checked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CheckError {
    #[error(transparent)]
    Open(#[from] OpenShopError),
    #[error("the data cannot be read")]
    Read(#[from] StoreError),
}

pub(super) fn run(options: &Check, settings: &Settings) -> Result<ExitCode, CommandError> {
    let findings = examine(settings)?;
    match options.json {
        true => print_json(&document(&findings))?,
        false => print_text(&findings.to_string())?,
    }
    Ok(if findings.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn examine(settings: &Settings) -> Result<Findings, CheckError> {
    Ok(check(&super::open_store(settings)?.snapshot())?)
}

fn document(findings: &Findings) -> serde_json::Value {
    let counts = findings.counts().iter().map(|(what, count)| ((*what).to_owned(), json!(count)));
    let counts: serde_json::Map<_, _> = counts.collect();
    json!({
        "sound": findings.is_sound(), "counts": counts, "violations": findings.violations(),
        "violations_total": findings.total(),
    })
}
