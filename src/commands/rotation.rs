//! Decides which older copies in a directory are deleted after a new one.

use souk_actors::store::{BadCopy, Seal};
use souk_domain::UnixMillis;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

const PREFIX: &str = "souk-";
const SUFFIX: &str = ".backup";

/// The file name of a copy made at this time; names sort by time.
pub(super) fn name_at(time: UnixMillis) -> String {
    // 2026-01-31T12:00:00.123Z without the characters that some file systems reject.
    let time: String = time.to_string().chars().filter(|c| !matches!(c, '-' | ':')).collect();
    format!("{PREFIX}{time}{SUFFIX}")
}

/// What happened to a copy that is too old.
pub(super) enum Deleted {
    Done(PathBuf),
    Failed(PathBuf, io::Error),
}

/// Deletes all but the newest `keep` copies, `new` among them. Only complete copies of the same store
/// with a name as of [`name_at`] count; every other file in the directory stays.
///
/// # Errors
/// [`BadCopy`]: the new copy or the directory cannot be read. Nothing was deleted.
pub(super) fn rotate(new: &Path, keep: usize) -> Result<Vec<Deleted>, BadCopy> {
    let directory = new.parent().unwrap_or(Path::new("."));
    let failed = |source| BadCopy::Io { path: directory.to_owned(), source };
    // The copying process has reported the copy durable. If it cannot be read, nothing is deleted.
    let seal = Seal::read(new)?;
    let mut others = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let (name, path) = (entry.file_name(), entry.path());
        let is_named =
            name.to_str().is_some_and(|it| it.starts_with(PREFIX) && it.ends_with(SUFFIX));
        let is_file = entry.file_type().map_err(failed)?.is_file();
        if !is_named || !is_file || new.file_name() == Some(&name) {
            continue;
        }
        // Files that are no copy, are truncated, or cannot be read are left for a person.
        if let Ok(other) = Seal::read(&path)
            && other.store == seal.store
        {
            others.push((other.made_at, path));
        }
    }
    others.sort_unstable_by(|a, b| b.cmp(a));
    let old = others.into_iter().skip(keep.saturating_sub(1));
    let old = old.filter(|(made_at, _)| *made_at <= seal.made_at);
    let deleted = old.map(|(_, path)| match fs::remove_file(&path) {
        Ok(()) => Deleted::Done(path),
        Err(error) => Deleted::Failed(path, error),
    });
    let deleted: Vec<_> = deleted.collect();
    File::open(directory).and_then(|it| it.sync_all()).map_err(failed)?;
    Ok(deleted)
}
