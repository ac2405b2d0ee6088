//! The command line.

mod admin;
mod backup;
mod banner;
mod check;
mod completions;
mod copy;
mod crm;
mod dead;
mod doctor;
mod events;
mod health;
mod logs;
mod migrate;
mod openapi;
mod payments;
mod prompt;
mod restore;
mod rotation;
mod serve;
mod worker;

use crate::adapters::DeadLetterError;
use crate::error_chain::chain;
use crate::settings::{Overrides, Settings, SettingsError};
use clap::{Args, Parser, Subcommand};
use serde::Serialize;
use serve::ServeError;
use souk_actors::OpenShopError;
use souk_actors::store::{Opening, Store};
use std::io::{self, Write};
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
    /// Ask the running shop whether it is healthy; non-zero if not.
    Health(health::Health),
    /// Prove offline that the data keeps every invariant.
    Check(check::Check),
    /// Messages that could not be handled.
    #[command(subcommand)]
    Dead(dead::Dead),
    /// Copy the whole store into a new file, also while the shop is open.
    Backup(backup::Backup),
    /// Put a copy in the place of the store; the shop must be closed.
    Restore(restore::Restore),
    /// Copy the whole store to an empty place, also between a file and a database; close the shop first.
    Copy(copy::Copy),
    /// Make the tables that the database of the shop lacks.
    Migrate,
    /// The shop's events.
    #[command(subcommand)]
    Events(events::Events),
    /// Completed orders for the CRM.
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
    /// Check everything the shop needs, and advise on what does not work.
    Doctor(doctor::Doctor),
    /// Print a shell's completion script.
    Completions(completions::Completions),
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
    Copy(#[from] copy::CopyError),
    #[error(transparent)]
    Migrate(#[from] migrate::MigrateError),
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
    #[error("cannot write the answer")]
    Write(#[source] io::Error),
    #[error("cannot start the runtime")]
    Runtime(#[source] io::Error),
}

/// Runs a command and returns its exit code.
pub(crate) fn run(line: CommandLine) -> ExitCode {
    match try_to_run(line) {
        Ok(code) => code,
        // The reader closed the pipe, as `souk check | head` does.
        Err(CommandError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("souk: {}", chain(&error));
            ExitCode::FAILURE
        }
    }
}

fn try_to_run(line: CommandLine) -> Result<ExitCode, CommandError> {
    let Common { config, data } = line.common;
    let listen = match &line.command {
        Command::Serve(serve) => serve.listen.clone(),
        _ => None,
    };
    let overrides = Overrides { data, listen };
    let load = || Settings::load(config.as_deref(), overrides.clone());
    match line.command {
        Command::Completions(options) => completions::run(options),
        Command::Doctor(options) => {
            runtime()?.block_on(doctor::run(options, config.as_deref(), overrides))
        }
        Command::Serve(serve) => runtime()?.block_on(serve::serve(serve, load()?)),
        Command::Admin(admin) => runtime()?.block_on(admin::run(admin, &load()?)),
        Command::Payments(command) => runtime()?.block_on(payments::run(command, &load()?)),
        Command::Dead(options) => runtime()?.block_on(dead::run(options, &load()?)),
        Command::Health(options) => Ok(runtime()?.block_on(health::ask(&options, &load()?))?),
        Command::Check(options) => check::run(&options, &load()?),
        Command::Backup(options) => runtime()?.block_on(backup::back_up(options, &load()?)),
        Command::Restore(options) => Ok(runtime()?.block_on(restore::restore(&options, &load()?))?),
        Command::Copy(options) => runtime()?.block_on(copy::run(options, &load()?)),
        Command::Migrate => runtime()?.block_on(migrate::run(&load()?)),
        Command::Events(events) => runtime()?.block_on(events::run(events, &load()?)),
        Command::Crm(crm) => runtime()?.block_on(crm::run(crm, &load()?)),
        Command::Logs(options) => Ok(logs::run(&options, &load()?)?),
        Command::Worker(worker) => runtime()?.block_on(worker::run(worker, load()?)),
        Command::OpenApi(options) => Ok(openapi::run(&options, &load()?)?),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, CommandError> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all().build().map_err(CommandError::Runtime)
}

/// Opens the store of a closed shop for a command that reads it. Never creates one, and verifies its
/// checksums first.
fn open_store(settings: &Settings) -> Result<Store, OpenShopError> {
    let (currency, limits) = (settings.currency(), settings.store_limits());
    souk_actors::open_store(settings.place(), Opening::Proven, currency, limits)
}

/// Prints a JSON document on standard output.
fn print_json(document: &impl Serialize) -> Result<(), CommandError> {
    let mut output = io::stdout().lock();
    serde_json::to_writer_pretty(&mut output, document)
        .map_err(io::Error::from)
        .and_then(|()| output.write_all(b"\n"))
        .map_err(CommandError::Write)
}

/// Prints a text and a line break on standard output.
fn print_text(text: &str) -> Result<(), CommandError> {
    let mut output = io::stdout().lock();
    output
        .write_all(text.as_bytes())
        .and_then(|()| output.write_all(b"\n"))
        .map_err(CommandError::Write)
}
