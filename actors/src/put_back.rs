//! Detects stores that were restored to an earlier state.
//!
//! `souk restore` reports it itself ([`restored`]). Replacing the store's file by hand does not. So
//! every start writes a random token into the store and into a small file next to it, together with
//! the number of outbox rows. If the store has another token than the file, or fewer rows, it is
//! not the store that was open last. A new generation then begins before anything is numbered.
//!
//! A restore of the whole directory cannot be detected here; a broker that is ahead reveals it.
//! Neither can that of a shared store, which is not a file of this machine and which several
//! processes have open.

use crate::outbox::{self, Identity, Outbox};
use crate::store::Store;
use crate::{Failure, users};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Name of the file in the data directory; an unfinished one ends in `.new`.
pub const FILE_NAME: &str = "souk.start";
/// Random bytes of a start token.
const TOKEN_BYTES: usize = 8;

/// The content of the file next to the store, in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct StartFile {
    /// The token of the last start.
    start: String,
    /// The token before, until it is certain that the store has the new one.
    before: Option<String>,
    /// The least number of rows that the outbox had.
    rows: u64,
}

/// Begins a generation in a restored store, and updates the file so that the next start accepts the
/// store.
///
/// # Errors
/// [`Failure`] of the store.
pub async fn restored(store: &Store) -> Result<(), Failure> {
    let begin = |unit| async move {
        outbox::begin_generation(&unit, None)?;
        users::begin_generation(&unit)?;
        outbox::put_start(&unit, None)
    };
    store.transact(begin).await
}

/// Writes the file for a store that was moved to `directory` from another place, and is the latest
/// state of it. Otherwise the store's next start would take it for one that was put back by hand.
///
/// # Errors
/// The system's error.
pub fn moved_to(directory: &Path, store: &Store) -> io::Result<()> {
    let identity = Identity::read(&store.snapshot()).map_err(io::Error::other)?;
    let Some(identity) = identity else { return Ok(()) };
    let Some(start) = identity.start().map(str::to_owned) else { return Ok(()) };
    write(directory, &StartFile { start, before: None, rows: identity.last_row() })
}

/// Begins a generation in an open store that is behind what it once published. Rows of the outbox
/// after `rows_through` belong to the new generation.
///
/// # Errors
/// [`Failure`] of the store.
pub(crate) async fn begin_generation(store: &Store, rows_through: u64) -> Result<(), Failure> {
    let begin = move |unit| async move {
        outbox::begin_generation(&unit, Some(rows_through))?;
        users::begin_generation(&unit)
    };
    store.transact(begin).await
}

/// Checks that the store is the one that was open last, and records that it is open now.
///
/// # Errors
/// [`Failure`] of the store. A file that cannot be written is only logged; the shop works without
/// it.
pub(crate) async fn start(store: &Store, outbox: &Outbox) -> Result<(), Failure> {
    let Some(directory) = directory_of(store) else { return Ok(()) };
    let identity = outbox.identity()?;
    let (last, rows) = (identity.start().map(str::to_owned), identity.last_row());
    if let Some(last) = &last
        && !read(directory).is_some_and(|start_file| start_file.is_of(last, rows))
    {
        tracing::error!(
            rows,
            "the store was put back to an earlier state by hand: from now on its events, mails and \
             payments leave under new names (docs/integrations.md, \"After a restore\")"
        );
        begin_generation(store, rows).await?;
    }
    let word = crate::random_hex(TOKEN_BYTES);
    let mut start_file = StartFile { start: word.clone(), before: last, rows };
    if let Err(error) = write(directory, &start_file) {
        tracing::warn!(%error, "cannot write {FILE_NAME}: it cannot detect a replaced store");
        return Ok(());
    }
    let put = move |unit| {
        let word = word.clone();
        async move { outbox::put_start(&unit, Some(word)) }
    };
    match store.transact(put).await {
        // The file also names the token before. A shop on a full disk still opens, for queries.
        Err(Failure::DiskFull | Failure::DiskReadOnly) => return Ok(()),
        other => other?,
    }
    start_file.before = None;
    if let Err(error) = write(directory, &start_file) {
        tracing::warn!(%error, "cannot write {FILE_NAME}");
    }
    Ok(())
}

/// Records the number of outbox rows in the file next to the store.
pub(crate) fn record_rows(store: &Store, outbox: &Outbox) {
    let (Some(directory), Ok(identity)) = (directory_of(store), outbox.identity()) else { return };
    let Some(start_file) = read(directory) else { return };
    let rows = identity.last_row();
    if identity.start() != Some(start_file.start.as_str()) || rows == start_file.rows {
        return;
    }
    if let Err(error) = write(directory, &StartFile { rows, ..start_file }) {
        tracing::debug!(%error, "cannot write {FILE_NAME}");
    }
}

/// The directory of the store's file, unless other processes have the store open too.
fn directory_of(store: &Store) -> Option<&Path> {
    store.directory().filter(|_| !store.is_shared())
}

impl StartFile {
    fn is_of(&self, start: &str, rows: u64) -> bool {
        let is_last = self.start == start || self.before.as_deref() == Some(start);
        is_last && self.rows <= rows
    }
}

/// `None` if the file is missing or incomplete.
fn read(directory: &Path) -> Option<StartFile> {
    serde_json::from_slice(&fs::read(directory.join(FILE_NAME)).ok()?).ok()
}

fn write(directory: &Path, start_file: &StartFile) -> io::Result<()> {
    let path = directory.join(FILE_NAME);
    let unfinished = directory.join(format!("{FILE_NAME}.new"));
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(serde_json::to_string(start_file)?.as_bytes())?;
    file.sync_all()?;
    fs::rename(&unfinished, &path)?;
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::{Numbered, Outgoing, UserEvent};
    use crate::store::Seal;
    use souk_domain::{Currency, Role, UserId};
    use std::path::PathBuf;

    /// The file has the same format in every version so far.
    #[test]
    fn the_start_file_keeps_its_format() {
        let directory = tempfile::tempdir().expect("a directory");
        for (text, before) in [
            (r#"{"start":"77aa","before":null,"rows":300}"#, None),
            (r#"{"start":"77aa","before":"0b1c","rows":300}"#, Some("0b1c".to_owned())),
        ] {
            let path = directory.path().join(FILE_NAME);
            fs::write(&path, text).expect("written");
            let start_file = read(directory.path()).expect("read");
            assert_eq!(start_file, StartFile { start: "77aa".to_owned(), before, rows: 300 });
            write(directory.path(), &start_file).expect("written");
            assert_eq!(fs::read_to_string(path).expect("read"), text);
        }
    }

    /// A data directory whose store is opened, written and closed repeatedly.
    struct Data(tempfile::TempDir);

    impl Data {
        fn new() -> Self {
            Self(tempfile::tempdir().expect("a directory"))
        }

        fn file(&self) -> PathBuf {
            self.0.path().join(Store::FILE_NAME)
        }

        async fn open(&self) -> (Store, Outbox) {
            let store = Store::made_in(self.0.path(), &crate::tables());
            let outbox = Outbox::open(store.clone(), Currency::USD).await.expect("opens");
            start(&store, &outbox).await.expect("started");
            (store, outbox)
        }

        /// Opens the store, writes rows, and closes it. Returns the ids of all rows.
        async fn session(&self, rows: u64, is_killed: bool) -> Vec<String> {
            let (store, outbox) = self.open().await;
            for version in 1..=rows {
                let write = move |unit| async move {
                    let (user, what) = (UserId::new(1).expect("positive"), UserEvent::Updated);
                    let outgoing = Outgoing::User { user, version, what, role: Role::Customer };
                    outbox::append(&unit, outgoing)
                };
                store.transact(write).await.expect("written");
            }
            store.close().await;
            if !is_killed {
                record_rows(&store, &outbox);
            }
            let rows = outbox.after(0, 1_000).expect("read");
            rows.into_iter().map(|row| row.id).collect()
        }
    }

    fn has_one_generation(ids: &[String]) -> bool {
        ids.iter().all(|id| !id.split('.').next().expect("a name").contains('r'))
    }

    #[tokio::test]
    async fn a_store_keeps_its_name_after_a_stop_or_a_kill() {
        let data = Data::new();
        for is_killed in [false, true, true, false] {
            assert!(has_one_generation(&data.session(2, is_killed).await));
        }
    }

    #[tokio::test]
    async fn an_older_file_in_the_place_of_the_store_is_noticed() {
        let data = Data::new();
        let older = data.0.path().join("older");
        let before = data.session(3, false).await;
        fs::copy(data.file(), &older).expect("copied");
        let lost = data.session(2, true).await;
        fs::copy(&older, data.file()).expect("put back");

        let after = data.session(2, false).await;
        assert_eq!(after[..3], before, "what was there keeps its ids");
        assert!(after[3..].iter().all(|id| !lost.contains(id)), "{after:?} {lost:?}");
        // The replacement is detected only once.
        assert_eq!(data.session(0, false).await, after);

        // Replaced again with the same file: a third generation begins.
        fs::copy(&older, data.file()).expect("put back");
        let third = data.session(2, false).await;
        assert!(third[3..].iter().all(|id| !lost.contains(id) && !after.contains(id)));
    }

    #[tokio::test]
    async fn a_copy_of_the_running_store_has_fewer_rows() {
        let data = Data::new();
        let older = data.0.path().join("older");
        let (store, outbox) = data.open().await;
        let sealed = data.0.path().join("copy");
        crate::copy_store(&store, &sealed).expect("copied");
        Seal::unseal(&sealed, &older).expect("a whole copy");
        let write = |unit| async move {
            let (user, what) = (UserId::new(1).expect("positive"), UserEvent::Updated);
            outbox::append(&unit, Outgoing::User { user, version: 1, what, role: Role::Customer })
        };
        store.transact(write).await.expect("written");
        record_rows(&store, &outbox);
        store.close().await;
        drop((store, outbox));
        fs::copy(&older, data.file()).expect("put back");

        let (_store, outbox) = data.open().await;
        let identity = outbox.identity().expect("read");
        assert_ne!(identity.of_number(Numbered::Row, 1), identity.store());
    }

    #[tokio::test]
    async fn a_store_without_its_file_or_with_a_broken_one_is_not_trusted() {
        for content in [None, Some(""), Some("{"), Some(r#"{"start":"x","before":null,"rows":0}"#)]
        {
            let data = Data::new();
            data.session(1, false).await;
            let start_file = data.0.path().join(FILE_NAME);
            match content {
                None => fs::remove_file(&start_file).expect("removed"),
                Some(content) => fs::write(&start_file, content).expect("written"),
            }
            let ids = data.session(1, false).await;
            assert!(has_one_generation(&ids[..1]) && !has_one_generation(&ids[1..]), "{ids:?}");
        }
    }

    #[tokio::test]
    async fn a_restored_store_begins_one_generation_and_no_second_at_its_start() {
        let data = Data::new();
        let before = data.session(2, false).await;
        let store = Store::made_in(data.0.path(), &crate::tables());
        restored(&store).await.expect("begun");
        store.close().await;
        drop(store);
        let after = data.session(2, false).await;
        assert_eq!(after[..2], before);
        assert!(!has_one_generation(&after[2..]));
        let again = data.session(1, false).await;
        assert_eq!(again[..4], after);
        let name = |id: &String| id.split('.').next().expect("a name").to_owned();
        assert_eq!(name(&again[4]), name(&after[3]), "the same generation goes on");
    }
}
