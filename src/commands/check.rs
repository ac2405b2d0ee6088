//! `souk check`: the offline proof.

use crate::settings::Settings;
use souk_actors::OpenShopError;
use souk_actors::check::{Findings, check};
use souk_actors::store::StoreError;
use std::process::ExitCode;

/// Why the data could not be checked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CheckError {
    #[error(transparent)]
    Open(#[from] OpenShopError),
    #[error("the data cannot be read")]
    Read(#[from] StoreError),
}

pub(super) fn run(settings: &Settings) -> Result<ExitCode, CheckError> {
    let findings = examine(settings)?;
    println!("{findings}");
    Ok(if findings.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn examine(settings: &Settings) -> Result<Findings, CheckError> {
    Ok(check(&super::open_store(settings)?.snapshot())?)
}
