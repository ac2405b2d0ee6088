//! `souk backup` and `souk restore`: the whole store as one file.

use super::CommandError;
use crate::control::{self, AskError, Question};
use crate::settings::Settings;
use clap::Args;
use souk_actors::Failure;
use souk_actors::check::check;
use souk_actors::store::{CopyError, OpenError, Store, StoreError};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Where a copy is proven before it takes the place of the store.
const TRIAL: &str = "restore.tmp";

#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The file to make; it must not be there yet.
    file: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Restore {
    /// A file that `souk backup` made.
    file: PathBuf,
    /// Put it in the place of the store that is there.
    #[arg(long)]
    force: bool,
}

/// Why there is no copy, or no restored store.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BackupError {
    #[error("there is no shop in {}", .directory.display())]
    NoShop { directory: PathBuf },
    #[error(transparent)]
    Copy(#[from] CopyError),
    #[error(transparent)]
    Ask(#[from] AskError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("cannot use {}", .path.display())]
    Io {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("there is a shop in {}; --force puts the copy in its place", .directory.display())]
    IsThere { directory: PathBuf },
    #[error("the copy cannot be given a new generation; nothing was restored")]
    Renew(#[source] Failure),
    #[error("the copy cannot be read")]
    Read(#[from] StoreError),
    #[error("the copy does not keep every invariant; nothing was restored\n{0}")]
    Unsound(String),
}

/// Copies the store, in this process if the shop is closed, else in the one that has it open.
pub(super) async fn back_up(backup: Backup, settings: &Settings) -> Result<ExitCode, CommandError> {
    Ok(make_copy(backup, settings).await?)
}

async fn make_copy(backup: Backup, settings: &Settings) -> Result<ExitCode, BackupError> {
    let data = &settings.data;
    if !data.join(Store::FILE_NAME).is_file() {
        return Err(BackupError::NoShop { directory: data.clone() });
    }
    // The process that serves may have been started elsewhere.
    let file = std::path::absolute(&backup.file)
        .map_err(|source| BackupError::Io { path: backup.file.clone(), source })?;
    match Store::open(data, &souk_actors::tables(), settings.store_limits()) {
        Ok(store) => {
            store.copy_to(&file)?;
            println!("the store was copied to {}", file.display());
        }
        Err(OpenError::InUse { .. }) => {
            println!("{}", control::ask(data, &Question::Backup(file), |_| Ok(())).await?);
        }
        Err(error) => return Err(error.into()),
    }
    Ok(ExitCode::SUCCESS)
}

/// Puts a copy in the place of the store, once it is proven sound. The shop must be closed.
pub(super) async fn restore(asked: &Restore, settings: &Settings) -> Result<ExitCode, BackupError> {
    let data = &settings.data;
    let store = data.join(Store::FILE_NAME);
    // Held until the copy is in its place. A damaged store may be replaced, an open one not.
    let _held = match store.exists() {
        false => None,
        true if !asked.force => return Err(BackupError::IsThere { directory: data.clone() }),
        true => match Store::open(data, &souk_actors::tables(), settings.store_limits()) {
            Err(error @ OpenError::InUse { .. }) => return Err(error.into()),
            opened => opened.ok(),
        },
    };
    let trial = data.join(TRIAL);
    let renewed = match prove(&asked.file, &trial, settings) {
        Ok(()) => renew(&trial, settings).await,
        Err(error) => Err(error),
    };
    let proven = renewed.and_then(|()| {
        let io = |source| BackupError::Io { path: store.clone(), source };
        fs::rename(trial.join(Store::FILE_NAME), &store).map_err(io)?;
        File::open(data).and_then(|it| it.sync_all()).map_err(io)
    });
    // Nothing of use is in it, whatever came of it.
    let _ = fs::remove_dir_all(&trial);
    proven?;
    println!("the store was restored from {}", asked.file.display());
    Ok(ExitCode::SUCCESS)
}

/// Begins a generation in the store that is to be restored: what it numbers from now on is not
/// mistaken for what the copied store numbered since.
async fn renew(trial: &Path, settings: &Settings) -> Result<(), BackupError> {
    let store = Store::open(trial, &souk_actors::tables(), settings.store_limits())?;
    let renewed = souk_actors::restored(&store).await;
    store.close().await;
    renewed.map_err(BackupError::Renew)
}

/// Copies the file aside, durably, and checks every invariant of what is in it.
fn prove(file: &Path, trial: &Path, settings: &Settings) -> Result<(), BackupError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        |source| BackupError::Io { path, source }
    };
    if !file.is_file() {
        return Err(io(file)(io::ErrorKind::NotFound.into()));
    }
    if trial.exists() {
        fs::remove_dir_all(trial).map_err(io(trial))?;
    }
    fs::create_dir_all(trial).map_err(io(trial))?;
    let copy = trial.join(Store::FILE_NAME);
    fs::copy(file, &copy).map_err(io(file))?;
    let findings = {
        let store = Store::open(trial, &souk_actors::tables(), settings.store_limits())?;
        check(&store.snapshot())?
    };
    if !findings.is_sound() {
        return Err(BackupError::Unsound(findings.to_string()));
    }
    File::open(&copy).and_then(|it| it.sync_all()).map_err(io(&copy))
}
