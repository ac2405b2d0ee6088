//! Which of the copies in a directory are deleted when there is a new one.

use souk_actors::store::{BadCopy, Seal};
use souk_domain::UnixMillis;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

const PREFIX: &str = "souk-";
const SUFFIX: &str = ".backup";

/// The name of a copy made at this time: names sort as times do.
pub(super) fn name_at(time: UnixMillis) -> String {
    // 2026-01-31T12:00:00.123Z without what some file systems do not take.
    let time: String = time.to_string().chars().filter(|c| !matches!(c, '-' | ':')).collect();
    format!("{PREFIX}{time}{SUFFIX}")
}

/// What became of a copy that is too old.
pub(super) enum Deleted {
    Done(PathBuf),
    Failed(PathBuf, io::Error),
}

/// Deletes what is older than the newest `keep` copies beside `new`, which is one of them. Only
/// whole copies of the same store count, and only those that have a name of [`name_at`]: whatever
/// else lies in the directory stays.
///
/// # Errors
/// [`BadCopy`]: the new copy or the directory cannot be read. Nothing was deleted.
pub(super) fn rotate(new: &Path, keep: usize) -> Result<Vec<Deleted>, BadCopy> {
    let directory = new.parent().unwrap_or(Path::new("."));
    let failed = |source| BadCopy::Io { path: directory.to_owned(), source };
    // The process that copied said that it is durable; a copy that cannot be read ends it all.
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
        // What is no copy, is cut, or has become unreadable is left to a person.
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
