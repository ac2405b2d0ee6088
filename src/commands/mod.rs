//! The command line (design, "Surfaces others rely on").

mod admin;
mod backup;
mod check;
mod crm;
mod dead;
mod events;
mod health;
mod logs;
mod openapi;
mod payments;
mod restore;
mod rotation;
mod serve;
mod worker;

pub(crate) use admin::create as create_administrator;

use crate::adapters::DeadLetterError;
use crate::settings::{Settings, SettingsError};
use clap::{Args, Parser, Subcommand};
use serve::ServeError;
use souk_actors::OpenShopError;
use souk_actors::store::{Opening, Store};
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

/// A whole shop backend in one binary.
#[derive(Debug, Parser)]
#[command(name = "souk", version, about)]
pub(crate) struct CommandLine {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// Options every command takes.
#[derive(Debug, Args)]
struct Common {
    /// Settings file; config/souk.toml is read if it is there.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Directory of the shop's data; ./data by default.
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Open the shop.
    Serve(serve::Serve),
    /// Administrators.
    #[command(subcommand)]
    Admin(admin::Admin),
    /// Payments.
    #[command(subcommand)]
    Payments(payments::Payments),
    /// Ask the shop of these settings whether it is well; non-zero if not.
    Health(health::Health),
    /// Prove offline that the data keeps every invariant.
    Check,
    /// Messages that could not be handled.
    #[command(subcommand)]
    Dead(dead::Dead),
    /// Copy the whole store into a new file, also while the shop is open.
    Backup(backup::Backup),
    /// Put a copy in the place of the store; the shop must be closed.
    Restore(restore::Restore),
    /// What happened in the shop.
    #[command(subcommand)]
    Events(events::Events),
    /// What the CRM is told of completed orders.
    #[command(subcommand)]
    Crm(crm::Crm),
    /// Show the log, also while the shop is open.
    Logs(logs::Logs),
    /// Run a consumer alone; it needs a broker and not the shop's store.
    #[command(subcommand)]
    Worker(worker::Worker),
    /// Print the OpenAPI description of a contract.
    #[command(name = "openapi")]
    OpenApi(openapi::OpenApi),
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Shop(#[from] OpenShopError),
    #[error(transparent)]
    Check(#[from] check::CheckError),
    #[error(transparent)]
    Dead(#[from] DeadLetterError),
    #[error(transparent)]
    Backup(#[from] backup::BackupError),
    #[error(transparent)]
    Restore(#[from] restore::RestoreError),
    #[error(transparent)]
    Events(#[from] events::EventsError),
    #[error(transparent)]
    Crm(#[from] crm::CrmError),
    #[error(transparent)]
    OpenApi(#[from] openapi::OpenApiError),
    #[error(transparent)]
    Logs(#[from] logs::LogsError),
    #[error(transparent)]
    Admin(#[from] admin::AdminError),
    #[error(transparent)]
    Payments(#[from] payments::PaymentsError),
    #[error(transparent)]
    Health(#[from] health::HealthError),
    #[error(transparent)]
    Serve(#[from] serve::ServeError),
    #[error("cannot start the runtime")]
    Runtime(#[source] std::io::Error),
}

/// Runs a command and tells how it went.
pub(crate) fn run(line: CommandLine) -> ExitCode {
    match try_to_run(line) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("souk: {}", with_causes(&error));
            ExitCode::FAILURE
        }
    }
}

fn try_to_run(line: CommandLine) -> Result<ExitCode, CommandError> {
    let Common { config, data } = line.common;
    let mut settings = Settings::load(config.as_deref())?;
    if let Some(data) = data {
        settings.data = data;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(CommandError::Runtime)?;
    match line.command {
        Command::Serve(serve) => runtime.block_on(serve::serve(serve, settings)),
        Command::Admin(admin) => runtime.block_on(admin::run(admin, &settings)),
        Command::Payments(command) => runtime.block_on(payments::run(command, &settings)),
        Command::Dead(asked) => Ok(runtime.block_on(dead::run(asked, &settings))?),
        Command::Health(asked) => Ok(runtime.block_on(health::ask(&asked, &settings))?),
        Command::Check => Ok(check::run(&settings)?),
        Command::Backup(asked) => runtime.block_on(backup::back_up(asked, &settings)),
        Command::Restore(asked) => Ok(runtime.block_on(restore::restore(&asked, &settings))?),
        Command::Events(events) => runtime.block_on(events::run(events, &settings)),
        Command::Crm(crm) => runtime.block_on(crm::run(crm, &settings)),
        Command::Logs(asked) => Ok(logs::run(&asked, &settings)?),
        Command::Worker(worker) => runtime.block_on(worker::run(worker, settings)),
        Command::OpenApi(asked) => Ok(openapi::run(&asked, &settings)?),
    }
}

/// Opens the store of a closed shop for a command that reads it: never makes one, and proves its
/// checksums first.
fn open_store(settings: &Settings) -> Result<Store, OpenShopError> {
    let (currency, limits) = (settings.currency(), settings.store_limits());
    souk_actors::open_store(&settings.data, Opening::Proven, currency, limits)
}

/// An error with everything that led to it, on one line.
fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let sentence = error.to_string();
        if !text.ends_with(&sentence) {
            text.push_str(": ");
            text.push_str(&sentence);
        }
        cause = error.source();
    }
    text
}
