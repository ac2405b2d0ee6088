//! Writes files atomically and only once.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Mails name people and may hold password reset links, so only the shop's user may read them.
const DIRECTORY_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// Up to so many files are synced one by one: a sync of the whole file system also writes what other
/// programs left to be written.
const SYNCED_SINGLY_MAX: usize = 4;

/// A file to write.
pub(super) struct NewFile {
    /// Its name in the directory.
    pub(super) name: String,
    pub(super) content: Vec<u8>,
}

/// Writes a file unless it already exists; returns once it is durable.
///
/// # Errors
/// The file system's error; the file does not exist then.
pub(crate) async fn write_once(
    directory: PathBuf,
    name: String,
    content: Vec<u8>,
) -> io::Result<()> {
    let write = move || {
        let written = write_all(&directory, &[NewFile { name, content }]);
        written.into_iter().collect()
    };
    tokio::task::spawn_blocking(write).await.map_err(io::Error::other)?
}

/// Writes those of the files that do not exist yet; returns once they are durable, all with the same
/// effort for the disk as one. A file that got an error may be written again.
pub(super) fn write_all(directory: &Path, files: &[NewFile]) -> Vec<io::Result<()>> {
    let made = fs::DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(directory);
    // Before the files are written, so that their errors are reported to it.
    let opened = made.and_then(|()| File::open(directory));
    let is_synced_singly = files.len() <= SYNCED_SINGLY_MAX;
    let mut results: Vec<io::Result<()>> = Vec::with_capacity(files.len());
    let mut unfinished = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let is_there = directory.join(&file.name).exists();
        if !is_there {
            unfinished.push(index);
        }
        results.push(match &opened {
            Ok(_) if is_there => Ok(()),
            Ok(_) => write_unfinished(directory, file, is_synced_singly),
            Err(error) => Err(copy_of(error)),
        });
    }
    unfinished.retain(|index| results[*index].is_ok());
    let Ok(opened) = opened else { return results };
    // Also when every file is there: the try that wrote them may have failed before they were durable.
    let is_synced = is_synced_singly || unfinished.is_empty();
    if let Err(error) = finish((directory, &opened), files, &unfinished, is_synced) {
        for result in results.iter_mut().filter(|result| result.is_ok()) {
            *result = Err(copy_of(&error));
        }
    }
    results
}

/// A name that starts with a dot is a file that is still being written.
fn unfinished_path(directory: &Path, name: &str) -> PathBuf {
    directory.join(format!(".{name}.unfinished"))
}

fn write_unfinished(directory: &Path, file: &NewFile, is_synced: bool) -> io::Result<()> {
    let mut open = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(FILE_MODE)
        .open(unfinished_path(directory, &file.name))?;
    open.write_all(&file.content)?;
    if is_synced { open.sync_all() } else { Ok(()) }
}

/// Gives files their names once their content is durable.
fn finish(
    (directory, opened): (&Path, &File),
    files: &[NewFile],
    unfinished: &[usize],
    is_synced: bool,
) -> io::Result<()> {
    if !is_synced {
        rustix::fs::syncfs(opened)?;
    }
    for index in unfinished {
        let name = &files[*index].name;
        fs::rename(unfinished_path(directory, name), directory.join(name))?;
    }
    opened.sync_all()
}

/// Errors of the operating system cannot be cloned.
fn copy_of(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_is_written_once_and_whole() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("mail");
        for content in ["first", "second"] {
            write_once(path.clone(), "a.eml".to_owned(), content.into()).await.expect("written");
        }
        assert_eq!(fs::read_to_string(path.join("a.eml")).expect("there"), "first");
        assert_eq!(fs::read_dir(&path).expect("there").count(), 1);
    }

    #[test]
    fn many_files_are_written_together_and_one_fault_harms_no_other() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("mail");
        let files = |content: &str| -> Vec<NewFile> {
            let named =
                |number| if number == 3 { "no/file".to_owned() } else { format!("{number}") };
            let file = |number| NewFile { name: named(number), content: content.into() };
            (0..10).map(file).collect()
        };

        for content in ["first", "second"] {
            let results = write_all(&path, &files(content));
            let failed: Vec<usize> =
                (0..10).filter(|number: &usize| results[*number].is_err()).collect();
            assert_eq!(failed, [3]);
        }

        assert_eq!(fs::read_dir(&path).expect("there").count(), 9, "and nothing unfinished");
        for name in ["0", "9"] {
            assert_eq!(fs::read_to_string(path.join(name)).expect("there"), "first");
        }
    }
}
