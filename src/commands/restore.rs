//! `souk restore`: replaces the store by a copy after proving the copy sound.

use super::copy::{CopyError, copy};
use crate::settings::Settings;
use clap::Args;
use souk_actors::check::check;
use souk_actors::store::{
    BadCopy, Database, OpenError, Opening, Seal, Store, StoreError, TransferError, TransferPlace,
    require_empty,
};
use souk_actors::{Failure, OpenShopError};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Directory in the data directory where a copy is proven before it replaces the store.
const TRIAL: &str = "restore.tmp";

#[derive(Debug, Args)]
pub(super) struct Restore {
    /// A file that `souk backup` made.
    file: PathBuf,
    /// Put it in the place of the store that is there. A database must be empty all the same.
    #[arg(long)]
    force: bool,
}

/// Why the restore failed. The store is unchanged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RestoreError {
    #[error("nothing was restored")]
    BadCopy(#[from] BadCopy),
    #[error("nothing was restored from {}", .file.display())]
    Open {
        file: PathBuf,
        #[source]
        source: OpenShopError,
    },
    #[error(transparent)]
    InUse(OpenError),
    #[error("there is a shop in {}; --force puts the copy in its place", .directory.display())]
    IsThere { directory: PathBuf },
    #[error("nothing was restored: {} cannot be read", .file.display())]
    Read {
        file: PathBuf,
        #[source]
        source: StoreError,
    },
    #[error("{} does not keep every invariant; nothing was restored\n{findings}", .file.display())]
    Unsound { file: PathBuf, findings: String },
    #[error("nothing was restored: the copy cannot be given a new generation")]
    Renew(#[source] Failure),
    #[error("nothing was restored")]
    Transfer(#[from] TransferError),
    #[error("nothing was restored")]
    Copy(#[from] CopyError),
    #[error("cannot use {}", .path.display())]
    Io {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// Replaces the store by a copy after proving the copy sound. The shop must be closed.
pub(super) async fn restore(
    options: &Restore,
    settings: &Settings,
) -> Result<ExitCode, RestoreError> {
    if let Some(database) = settings.database() {
        return restore_into(database, &options.file, settings).await;
    }
    let (data, file) = (&settings.data, &options.file);
    let place = data.join(Store::FILE_NAME);
    let is_there = place.exists();
    if is_there && !options.force {
        return Err(RestoreError::IsThere { directory: data.clone() });
    }
    // Checked before anything is created or opened.
    Seal::prove(file)?;
    // Held until the copy is in place. A damaged store may be replaced, an open one may not.
    let _held = match is_there {
        false => None,
        true => {
            let (schema, limits) = (souk_actors::schema(), settings.store_limits());
            match Store::open(data, &schema, Opening::Existing, limits) {
                Err(error @ OpenError::InUse { .. }) => return Err(RestoreError::InUse(error)),
                opened => opened.ok(),
            }
        }
    };
    let staging = unpack(file, settings).await?;
    staging.take_place(&place)?;
    println!("the store was restored from {}", file.display());
    println!(
        "not in the copy: the key that signs tokens. If {} is not the one of that time, everybody \
         logs in anew",
        data.join("jwt-secret").display()
    );
    Ok(ExitCode::SUCCESS)
}

/// Writes the store of a copy into an empty database after proving the copy sound.
async fn restore_into(
    database: &Database,
    file: &Path,
    settings: &Settings,
) -> Result<ExitCode, RestoreError> {
    let to = TransferPlace::Database(database.clone());
    require_empty(&souk_actors::schema(), &to).await?;
    Seal::prove(file)?;
    let staging = unpack(file, settings).await?;
    let from = TransferPlace::Directory(staging.directory.clone());
    let rows = copy(&from, &to).await?.rows;
    println!("{rows} rows were restored from {} into {database}", file.display());
    println!(
        "not in the copy: the key that signs tokens. If jwt_secret is not the one of that time, \
         everybody logs in anew"
    );
    Ok(ExitCode::SUCCESS)
}

/// Unpacks a copy, and proves it sound.
async fn unpack(file: &Path, settings: &Settings) -> Result<StagingDirectory, RestoreError> {
    let staging = StagingDirectory::make(&settings.data)?;
    Seal::unseal(file, &staging.store)?;
    let store = prove(file, &staging, settings)?;
    // The only place where a restored store gets its new generation, before it becomes the shop's.
    let renewed = souk_actors::restored(&store).await;
    store.close().await;
    drop(store);
    renewed.map_err(RestoreError::Renew)?;
    Ok(staging)
}

/// Unpacks the copy's store, opens it, and checks all its invariants.
fn prove(
    file: &Path,
    staging: &StagingDirectory,
    settings: &Settings,
) -> Result<Store, RestoreError> {
    let (currency, limits) = (settings.currency(), settings.store_limits());
    let store = souk_actors::open_store(&staging.directory, Opening::Proven, currency, limits)
        .map_err(|error| RestoreError::Open { file: file.to_owned(), source: error.at(file) })?;
    let findings = check(&store.snapshot())
        .map_err(|source| RestoreError::Read { file: file.to_owned(), source })?;
    match findings.is_sound() {
        true => Ok(store),
        false => {
            let (file, findings) = (file.to_owned(), findings.to_string());
            Err(RestoreError::Unsound { file, findings })
        }
    }
}

/// A directory for the copy's store. Dropping it removes the directory, and also the data directory
/// if that was created for it and is empty.
struct StagingDirectory {
    directory: PathBuf,
    store: PathBuf,
    data: PathBuf,
    made_data: bool,
}

impl StagingDirectory {
    fn make(data: &Path) -> Result<Self, RestoreError> {
        let directory = data.join(TRIAL);
        let failed = |path: &Path| {
            let path = path.to_owned();
            |source| RestoreError::Io { path, source }
        };
        if directory.exists() {
            fs::remove_dir_all(&directory).map_err(failed(&directory))?;
        }
        let made_data = !data.exists();
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder.create(&directory).map_err(failed(&directory))?;
        let store = directory.join(Store::FILE_NAME);
        Ok(Self { directory, store, data: data.to_owned(), made_data })
    }

    fn take_place(&self, place: &Path) -> Result<(), RestoreError> {
        let failed = |source| RestoreError::Io { path: place.to_owned(), source };
        File::open(&self.store).and_then(|it| it.sync_all()).map_err(failed)?;
        fs::rename(&self.store, place).map_err(failed)?;
        File::open(&self.data).and_then(|it| it.sync_all()).map_err(failed)
    }
}

impl Drop for StagingDirectory {
    fn drop(&mut self) {
        // Whatever happened, its content is no longer needed.
        let _ = fs::remove_dir_all(&self.directory);
        if self.made_data {
            // Fails, as it should, if the store is in it.
            let _ = fs::remove_dir(&self.data);
        }
    }
}
