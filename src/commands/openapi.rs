//! `souk openapi CONTRACT`: prints the description of a contract, without opening the shop.

use crate::edge::RouterError;
use crate::server::{self, CONTRACTS};
use crate::settings::Settings;
use clap::Args;
use clap::builder::PossibleValuesParser;
use std::io::Write;
use std::process::ExitCode;

/// The contract to describe.
#[derive(Debug, Args)]
pub(super) struct OpenApi {
    /// The contract to describe.
    #[arg(value_parser = PossibleValuesParser::new(CONTRACTS.iter().map(|contract| contract.name)))]
    contract: String,
}

/// Why no description was printed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenApiError {
    #[error(transparent)]
    Router(#[from] RouterError),
    #[error("there is no contract of that name")]
    Unknown,
    #[error("cannot write the description")]
    Write(#[source] std::io::Error),
}

pub(super) fn run(options: &OpenApi, settings: &Settings) -> Result<ExitCode, OpenApiError> {
    let contract = CONTRACTS
        .iter()
        .find(|contract| contract.name == options.contract)
        .ok_or(OpenApiError::Unknown)?;
    let document = server::description(contract, settings.base_url(), settings.currency())?;
    let mut output = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut output, &document)
        .map_err(std::io::Error::from)
        .and_then(|()| output.write_all(b"\n"))
        .map_err(OpenApiError::Write)?;
    Ok(ExitCode::SUCCESS)
}
