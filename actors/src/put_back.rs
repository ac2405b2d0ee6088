//! Detects stores that were restored to an earlier state.
//!
//! `souk restore` reports it itself ([`restored`]). Replacing the store's file by hand does not. So
//! every start writes a random token into the store and into a small file next to it, together with
//! the number of outbox rows. If the store has another token than the file, or fewer rows, it is
//! not the store that was open last. A new generation then begins before anything is numbered.
//!
//! A start first commits its token to the store, together with the token that the file has, and
//! then writes the file, all before anything is numbered. Wherever it is interrupted, the next start
//! accepts this store:
//!
//! - before the commit, the store and the file still agree;
//! - between the two, the store names the token of the file as the one before;
//! - after both, they agree again.
//!
//! A copy made before the start has neither the new token nor names it as the one before. So it is
//! detected once the file is written, which is before it can lack anything.
//!
//! A restore of the whole directory cannot be detected here; a broker that is ahead reveals it.
//! Neither can that of a shared store, which is not a file of this machine and which several
//! processes have open.

use crate::outbox::{self, Identity};
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
    /// The token before, in a file of an earlier version that was killed during its start. It wrote
    /// the file first.
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
        outbox::put_start(&unit, None, None)
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
pub(crate) async fn start(store: &Store) -> Result<(), Failure> {
    let Some(directory) = directory_of(store) else { return Ok(()) };
    let identity = Identity::read(&store.snapshot())?;
    let rows = identity.as_ref().map_or(0, Identity::last_row);
    let last = read(directory);
    let is_trusted = identity.is_none_or(|identity| {
        identity.start().is_none() || last.as_ref().is_some_and(|last| last.is_of(&identity))
    });
    if !is_trusted {
        tracing::error!(
            rows,
            "the store was put back to an earlier state by hand: from now on its events, mails and \
             payments leave under new names (docs/integrations.md, \"After a restore\")"
        );
        begin_generation(store, rows).await?;
    }
    let (word, before) = (crate::random_hex(TOKEN_BYTES), last.map(|last| last.start));
    let start_file = StartFile { start: word.clone(), before: None, rows };
    let put = move |unit| {
        let (word, before) = (word.clone(), before.clone());
        async move { outbox::put_start(&unit, Some(word), before) }
    };
    match store.transact(put).await {
        // The store still has the token of the file. A shop on a full disk opens, for queries.
        Err(Failure::DiskFull | Failure::DiskReadOnly) => return Ok(()),
        other => other?,
    }
    if let Err(error) = write(directory, &start_file) {
        tracing::warn!(%error, "cannot write {FILE_NAME}: it cannot detect a replaced store");
    }
    Ok(())
}

/// Records the number of outbox rows in the file next to the store. Also writes the token that
/// [`start`] could not write.
pub(crate) fn record_rows(store: &Store) {
    let (Some(directory), Ok(Some(identity))) =
        (directory_of(store), Identity::read(&store.snapshot()))
    else {
        return;
    };
    let (Some(last), Some(start)) = (read(directory), identity.start()) else { return };
    let start_file = StartFile { start: start.to_owned(), before: None, rows: identity.last_row() };
    if start_file == last || !last.is_of(&identity) {
        return;
    }
    if let Err(error) = write(directory, &start_file) {
        tracing::debug!(%error, "cannot write {FILE_NAME}");
    }
}

/// The directory of the store's file, unless other processes have the store open too.
fn directory_of(store: &Store) -> Option<&Path> {
    store.directory().filter(|_| !store.is_shared())
}

impl StartFile {
    /// True if the store with this identity is the one that was open when the file was written.
    fn is_of(&self, identity: &Identity) -> bool {
        let (start, before) = (Some(self.start.as_str()), self.before.as_deref());
        let of_store = identity.start();
        let is_last = start == of_store
            || start == identity.start_before()
            || (before.is_some() && before == of_store);
        is_last && self.rows <= identity.last_row()
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
    use crate::outbox::{Numbered, Outbox, Outgoing, UserEvent};
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
            start(&store).await.expect("started");
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
                record_rows(&store);
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
    async fn a_start_killed_between_the_store_and_the_file_is_no_restore() {
        let data = Data::new();
        let start_file = data.0.path().join(FILE_NAME);
        let (store, older) = (data.file(), data.0.path().join("older"));
        let before = data.session(3, false).await;
        fs::copy(&store, &older).expect("copied");
        let text = fs::read(&start_file).expect("read");
        for _ in 0..2 {
            data.session(0, true).await;
            assert_ne!(fs::read(&start_file).expect("read"), text, "the start wrote its token");
            fs::write(&start_file, &text).expect("as if the start had been killed before");
        }
        let after = data.session(2, true).await;
        assert!(has_one_generation(&after), "{after:?}");

        // A copy made before the interrupted starts is still another store.
        fs::copy(&older, &store).expect("put back");
        let ids = data.session(2, false).await;
        assert_eq!(ids[..3], before);
        assert!(ids[3..].iter().all(|id| !after.contains(id)), "{ids:?} {after:?}");
    }

    #[tokio::test]
    async fn a_failed_write_of_the_token_is_repeated_later() {
        let data = Data::new();
        let older = data.0.path().join("older");
        data.session(1, false).await;
        fs::copy(data.file(), &older).expect("copied");
        let unfinished = data.0.path().join(format!("{FILE_NAME}.new"));
        fs::create_dir(&unfinished).expect("nothing can be written under this name");
        let (store, _) = data.open().await;
        let identity = Identity::read(&store.snapshot()).expect("read").expect("an identity");
        let text = || read(data.0.path()).expect("read").start;
        assert_eq!(identity.start_before(), Some(text().as_str()));
        fs::remove_dir(&unfinished).expect("removed");
        record_rows(&store);
        assert_eq!(identity.start(), Some(text().as_str()));
        store.close().await;
        drop(store);

        fs::copy(&older, data.file()).expect("put back");
        assert!(!has_one_generation(&data.session(1, false).await));
    }

    /// Earlier versions wrote the file before the commit, with both tokens.
    #[tokio::test]
    async fn a_start_of_an_earlier_version_killed_before_its_commit_is_no_restore() {
        let data = Data::new();
        data.session(1, false).await;
        let last = read(data.0.path()).expect("read");
        let killed = StartFile { start: "77aa".to_owned(), before: Some(last.start), ..last };
        write(data.0.path(), &killed).expect("written");
        for _ in 0..2 {
            assert!(has_one_generation(&data.session(1, false).await));
        }
        assert_eq!(read(data.0.path()).expect("read").before, None);
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
        record_rows(&store);
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
