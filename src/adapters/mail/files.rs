//! Writes files atomically and only once.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Mails name people and may hold password reset links, so only the shop's user may read them.
const DIRECTORY_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// Writes a file unless it already exists; returns once it is durable.
///
/// # Errors
/// The file system's error; the file does not exist then.
pub(crate) async fn write_once(
    directory: PathBuf,
    name: String,
    content: Vec<u8>,
) -> io::Result<()> {
    let written = tokio::task::spawn_blocking(move || write(&directory, &name, &content)).await;
    written.map_err(io::Error::other)?
}

fn write(directory: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    let path = directory.join(name);
    if path.exists() {
        return Ok(());
    }
    fs::DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(directory)?;
    let unfinished = directory.join(format!(".{name}.unfinished"));
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(FILE_MODE)
        .open(&unfinished)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&unfinished, &path)?;
    File::open(directory)?.sync_all()
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
}
