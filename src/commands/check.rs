//! `souk check`: the offline proof.

use crate::settings::Settings;
use souk_actors::check::{Findings, check};
use souk_actors::store::{OpenError, Store, StoreError};
use std::path::PathBuf;
use std::process::ExitCode;

/// Why the data could not be checked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CheckError {
    #[error("there is no shop in {}", .directory.display())]
    NoShop { directory: PathBuf },
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("the data cannot be read")]
    Read(#[from] StoreError),
}

pub(super) fn run(settings: &Settings) -> Result<ExitCode, CheckError> {
    let findings = examine(settings)?;
    println!("{findings}");
    Ok(if findings.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn examine(settings: &Settings) -> Result<Findings, CheckError> {
    if !settings.data.join(Store::FILE_NAME).is_file() {
        return Err(CheckError::NoShop { directory: settings.data.clone() });
    }
    let store = Store::open(&settings.data, &souk_actors::tables(), settings.store_limits())?;
    Ok(check(&store.snapshot())?)
}
