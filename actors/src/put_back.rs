//! Stores that were put back to an earlier state.
//!
//! `souk restore` says so itself ([`restored`]). Somebody who puts an older file in the place of
//! the store does not, so every start writes a random word into the store and into a small file
//! beside it, with the number of rows the outbox has by then: a store that bears another word than
//! the file, or has fewer rows, is not the one that was open last. Then a new generation begins
//! before anything is numbered.
//!
//! If the whole directory is put back, nothing here tells; a broker that is ahead does.

use crate::outbox::{self, Outbox};
use crate::store::Store;
use crate::{Failure, users};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Name of the file in the directory of the data; an unfinished one has `.new` behind it.
pub const FILE_NAME: &str = "souk.start";
/// Random octets of a start's word.
const WORD_BYTES: usize = 8;

/// What lies beside the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Beside {
    /// The word of the last start.
    start: String,
    /// The word before, as long as it is not certain that the store bears the new one.
    before: Option<String>,
    /// Rows that the outbox had at least.
    rows: u64,
}

/// Begins a generation in a store that a copy was restored to, and has the next start take it for
/// the store that it left.
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

/// Begins a generation in an open store that was found to be behind what it once told others. Rows
/// of the outbox behind `rows_through` belong to it.
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

/// Finds out whether the store is the one that was open last, and notes that it is open now.
///
/// # Errors
/// [`Failure`] of the store. A file that cannot be written is logged: the shop works without.
pub(crate) async fn start(store: &Store, outbox: &Outbox) -> Result<(), Failure> {
    let Some(directory) = store.directory() else { return Ok(()) };
    let identity = outbox.identity()?;
    let (last, rows) = (identity.start().map(str::to_owned), identity.last_row());
    if let Some(last) = &last
        && !read(directory).is_some_and(|beside| beside.is_of(last, rows))
    {
        tracing::error!(
            rows,
            "the store was put back to an earlier state by hand: from now on its events, mails and \
             payments leave under new names (docs/integrations.md, \"After a restore\")"
        );
        begin_generation(store, rows).await?;
    }
    let word = crate::random_hex(WORD_BYTES);
    let mut beside = Beside { start: word.clone(), before: last, rows };
    if let Err(error) = write(directory, &beside) {
        tracing::warn!(%error, "cannot write {FILE_NAME}: a store put back by hand goes unnoticed");
        return Ok(());
    }
    let put = move |unit| {
        let word = word.clone();
        async move { outbox::put_start(&unit, Some(word)) }
    };
    match store.transact(put).await {
        // The file names the word before, too. A shop on a full disk opens, for its readers.
        Err(Failure::DiskFull | Failure::DiskReadOnly) => return Ok(()),
        other => other?,
    }
    beside.before = None;
    if let Err(error) = write(directory, &beside) {
        tracing::warn!(%error, "cannot write {FILE_NAME}");
    }
    Ok(())
}

/// Notes how many rows the outbox has, beside the store.
pub(crate) fn note_rows(store: &Store, outbox: &Outbox) {
    let (Some(directory), Ok(identity)) = (store.directory(), outbox.identity()) else { return };
    let Some(beside) = read(directory) else { return };
    let rows = identity.last_row();
    if identity.start() != Some(beside.start.as_str()) || rows == beside.rows {
        return;
    }
    if let Err(error) = write(directory, &Beside { rows, ..beside }) {
        tracing::debug!(%error, "cannot write {FILE_NAME}");
    }
}

impl Beside {
    fn is_of(&self, start: &str, rows: u64) -> bool {
        let is_last = self.start == start || self.before.as_deref() == Some(start);
        is_last && self.rows <= rows
    }
}

/// `None` if it is not there or not whole.
fn read(directory: &Path) -> Option<Beside> {
    serde_json::from_slice(&fs::read(directory.join(FILE_NAME)).ok()?).ok()
}

fn write(directory: &Path, beside: &Beside) -> io::Result<()> {
    let path = directory.join(FILE_NAME);
    let unfinished = directory.join(format!("{FILE_NAME}.new"));
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(serde_json::to_string(beside)?.as_bytes())?;
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

    /// The file is read and written as it was in every version so far.
    #[test]
    fn the_file_beside_the_store_stays_as_it_is() {
        let directory = tempfile::tempdir().expect("a directory");
        for (text, before) in [
            (r#"{"start":"77aa","before":null,"rows":300}"#, None),
            (r#"{"start":"77aa","before":"0b1c","rows":300}"#, Some("0b1c".to_owned())),
        ] {
            let path = directory.path().join(FILE_NAME);
            fs::write(&path, text).expect("written");
            let beside = read(directory.path()).expect("read");
            assert_eq!(beside, Beside { start: "77aa".to_owned(), before, rows: 300 });
            write(directory.path(), &beside).expect("written");
            assert_eq!(fs::read_to_string(path).expect("read"), text);
        }
    }

    /// A data directory that is opened, written to and closed again and again.
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

        /// Opens the store, writes rows, and closes it; answers the ids of all rows.
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
                note_rows(&store, &outbox);
            }
            let rows = outbox.after(0, 1_000).expect("read");
            rows.into_iter().map(|row| row.id).collect()
        }
    }

    fn has_one_generation(ids: &[String]) -> bool {
        ids.iter().all(|id| !id.split('.').next().expect("a name").contains('r'))
    }

    #[tokio::test]
    async fn a_store_that_goes_on_keeps_its_name_whatever_ended_the_process() {
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
        // It is noticed once.
        assert_eq!(data.session(0, false).await, after);

        // And again, with the same file: a third life.
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
        note_rows(&store, &outbox);
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
            let beside = data.0.path().join(FILE_NAME);
            match content {
                None => fs::remove_file(&beside).expect("removed"),
                Some(content) => fs::write(&beside, content).expect("written"),
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
