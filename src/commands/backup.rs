//! `souk backup`: the whole store as one file.

use super::rotation::{self, Deleted};
use super::{CommandError, print_json, print_text};
use crate::control::{self, AskError, ControlRequest};
use crate::settings::Settings;
use clap::Args;
use serde_json::json;
use souk_actors::OpenShopError;
use souk_actors::clock;
use souk_actors::store::{BadCopy, CopyError, OpenError};
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Directory for rotated copies in the data directory, unless the command names another.
const DIRECTORY: &str = "backups";

#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The file to make, which must not be there yet; or a directory, for a name with the time in
    /// it. With --keep it is a directory: DATA/backups by default.
    #[arg(required_unless_present = "keep")]
    file: Option<PathBuf>,
    /// Keep this many copies of this shop in the directory; older ones are deleted once
    /// the new copy is whole and durable.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    keep: Option<u32>,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

/// Why the copy failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BackupError {
    #[error(transparent)]
    Copy(#[from] CopyError),
    #[error(transparent)]
    Ask(#[from] AskError),
    #[error(transparent)]
    Open(#[from] OpenShopError),
    #[error("cannot use {}", .path.display())]
    Io {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("--keep: {} is not a directory; copies that are rotated have one", .path.display())]
    NotADirectory { path: PathBuf },
    #[error("the copy was made, but the older ones were not looked through")]
    Rotate(#[from] BadCopy),
}

/// Copies the store: in this process if the shop is closed, else in the process that has it open.
pub(super) async fn back_up(backup: Backup, settings: &Settings) -> Result<ExitCode, CommandError> {
    let as_json = backup.json;
    let FinishedCopy { file, deleted } = make_copy(backup, settings).await?;
    if as_json {
        print_json(&json!({"file": file, "deleted": deleted}))?;
        return Ok(ExitCode::SUCCESS);
    }
    print_text(&format!(
        "the store was copied to {}\nnot in the copy: the key that signs tokens (jwt-secret in {}, or the \
         setting jwt_secret), mails, the log and the settings. Keep that key apart: without it \
         everybody logs in anew after a restore, and guests lose their carts",
        file.display(),
        settings.data.display()
    ))?;
    for path in deleted {
        print_text(&format!("deleted {}", path.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A finished copy.
struct FinishedCopy {
    file: PathBuf,
    /// Older copies that were deleted after it.
    deleted: Vec<PathBuf>,
}

async fn make_copy(backup: Backup, settings: &Settings) -> Result<FinishedCopy, BackupError> {
    // Checks that there is a store to copy before it creates anything for the copy.
    let store = match super::open_store(settings) {
        Err(OpenShopError::Store(OpenError::InUse { .. })) => None,
        opened => Some(opened?),
    };
    let file = backup.target(&settings.data)?;
    match store {
        Some(store) => souk_actors::copy_store(&store, &file)?,
        None => {
            let request = ControlRequest::Backup(file.clone());
            control::ask(&settings.data, &request, |_| Ok(()))?;
        }
    }
    let mut gone = Vec::new();
    if let Some(keep) = backup.keep {
        let keep = usize::try_from(keep).unwrap_or(usize::MAX);
        for deleted in rotation::rotate(&file, keep)? {
            match deleted {
                Deleted::Done(path) => gone.push(path),
                Deleted::Failed(path, error) => {
                    eprintln!("souk: cannot delete {}: {error}", path.display());
                }
            }
        }
    }
    Ok(FinishedCopy { file, deleted: gone })
}

impl Backup {
    /// The file to make, as an absolute path: the process that serves may have another working
    /// directory. Creates the directory of rotated copies.
    fn target(&self, data: &Path) -> Result<PathBuf, BackupError> {
        let wanted = self.file.clone().unwrap_or_else(|| data.join(DIRECTORY));
        let failed = |path: &Path| {
            let path = path.to_owned();
            |source| BackupError::Io { path, source }
        };
        let path = std::path::absolute(&wanted).map_err(failed(&wanted))?;
        if self.keep.is_some() {
            match fs::DirBuilder::new().mode(0o700).create(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => made.map_err(failed(&path))?,
            }
            if !path.is_dir() {
                return Err(BackupError::NotADirectory { path });
            }
        }
        Ok(match path.is_dir() {
            true => path.join(rotation::name_at(clock::now())),
            false => path,
        })
    }
}
