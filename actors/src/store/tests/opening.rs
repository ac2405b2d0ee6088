//! Opening files: a file that is not ours is rejected and stays unchanged, byte for byte.

use super::*;
use crate::store::{OpenError, SCHEMA_VERSION};
use redb::TableDefinition;
use std::path::PathBuf;
use tempfile::TempDir;

const ABOUT: TableDefinition<'_, &str, u64> = TableDefinition::new("souk.about");

struct Place {
    directory: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join(Store::FILE_NAME)
    }

    fn holding(bytes: &[u8]) -> Self {
        let place = Self::new();
        std::fs::write(place.file(), bytes).unwrap();
        place
    }

    /// A file that some program created with redb.
    fn made_by(program: impl FnOnce(&redb::Database)) -> Self {
        let place = Self::new();
        program(&redb::Database::create(place.file()).unwrap());
        place
    }

    fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.file()).unwrap()
    }

    fn open(&self) -> Result<Store, OpenError> {
        open_or_make(self.directory.path(), patient())
    }

    fn open_as(&self, opening: Opening) -> Result<Store, OpenError> {
        Store::open(self.directory.path(), &numbered(), opening, patient())
    }

    /// Opens it twice: both are rejected, with the file unchanged.
    fn refused(&self) -> OpenError {
        let before = self.bytes();
        self.open().err().expect("refused");
        let error = self.open().err().expect("refused again");
        assert!(self.bytes() == before, "the file is as it was: {error}");
        error
    }

    async fn with_numbers(count: u64) -> Self {
        let place = Self::new();
        let store = place.open().unwrap();
        let fill = move |unit: Unit| async move {
            (0..count).try_for_each(|number| count_one(&unit, number))
        };
        store.transact(fill).await.unwrap();
        store.close().await;
        place
    }
}

fn write(database: &redb::Database, act: impl FnOnce(&redb::WriteTransaction)) {
    let transaction = database.begin_write().unwrap();
    act(&transaction);
    transaction.commit().unwrap();
}

#[tokio::test]
async fn a_store_is_created_in_a_new_directory() {
    let place = Place::new();
    let directory = place.directory.path().join("some/where");
    let store = open_or_make(&directory, patient()).unwrap();
    assert_eq!(store.directory(), Some(directory.as_path()));
    add(&store, 1).await.unwrap();
    assert!(directory.join(Store::FILE_NAME).exists());
}

#[test]
fn a_missing_store_is_created_only_on_request() {
    let place = Place::new();
    let directory = place.directory.path().join("some/where");
    for opening in [Opening::Existing, Opening::Proven] {
        let refused = Store::open(&directory, &numbered(), opening, patient()).err();
        let is_named =
            matches!(&refused, Some(OpenError::Missing { directory: it, .. }) if *it == directory);
        assert!(is_named, "{opening:?}: {refused:?}");
        assert!(matches!(place.open_as(opening).err(), Some(OpenError::Missing { .. })));
    }
    assert_eq!(std::fs::read_dir(place.directory.path()).unwrap().count(), 0, "nothing was made");
}

/// A crash during creation leaves no store and no file with its name.
#[test]
fn an_empty_file_is_damaged_and_not_new() {
    for opening in [Opening::Existing, Opening::Proven, Opening::OrMake] {
        let place = Place::holding(b"");
        let refused = place.open_as(opening).err();
        assert!(matches!(refused, Some(OpenError::Foreign { .. })), "{opening:?}: {refused:?}");
        assert!(place.bytes().is_empty());
    }
    let without_tables = Place::made_by(|_| {});
    assert!(matches!(without_tables.refused(), OpenError::NotSouk));
}

#[test]
fn a_new_store_is_a_complete_file_without_leftovers() {
    let place = Place::new();
    let store = place.open().unwrap();
    let names: Vec<_> = std::fs::read_dir(place.directory.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "{names:?}");
    let copy = Place::holding(&place.bytes());
    assert!(numbers(&copy.open_as(Opening::Proven).unwrap()).is_empty());
    drop(store);
}

#[test]
fn a_store_of_another_kind_is_rejected_by_name() {
    let kinds = [StoreKind::Shop, StoreKind::Log, StoreKind::SentMails];
    for made in kinds {
        for wanted in kinds.into_iter().filter(|wanted| *wanted != made) {
            let place = Place::new();
            let (theirs, ours) = (Schema::new(made, TABLES), Schema::new(wanted, TABLES));
            let at = place.directory.path();
            drop(Store::open(at, &theirs, Opening::OrMake, patient()).unwrap());
            let refused = Store::open(at, &ours, Opening::OrMake, patient()).err().unwrap();
            let shown = refused.to_string();
            assert!(matches!(refused, OpenError::OtherKind { .. }), "{shown}");
            assert!(shown.contains("souk.redb") && shown.contains(&wanted.to_string()), "{shown}");
        }
    }
}

/// As created by the versions that did not mark the kind of a store.
#[tokio::test]
async fn a_store_without_a_mark_is_recognized_by_its_tables() {
    let without_mark = |tables: &'static [&'static str]| {
        Place::made_by(move |database| {
            write(database, |it| {
                it.open_table(ABOUT).unwrap().insert("schema_version", SCHEMA_VERSION).unwrap();
                for name in tables.iter().chain(crate::store::counters::TABLES) {
                    it.open_table(crate::store::engines::redb::definition(name)).unwrap();
                }
            });
        })
    };
    let old = without_mark(&["numbers"]);
    add(&old.open_as(Opening::Proven).unwrap(), 1).await.unwrap();
    assert_eq!(numbers(&old.open().unwrap()), [1]);
    for other in [&["log.lines", "log.hours"][..], &["mail.sent"], &[]] {
        assert!(matches!(without_mark(other).refused(), OpenError::OtherKind { .. }), "{other:?}");
    }
}

#[tokio::test]
async fn one_wrong_bit_is_detected_by_a_proven_opening() {
    let place = Place::with_numbers(500).await;
    let whole = place.bytes();
    let used: Vec<usize> = (4_096..whole.len()).filter(|at| whole[*at] != 0).collect();
    let mut dice = Dice(11);
    let mut found = 0;
    for _ in 0..60 {
        let mut bytes = whole.clone();
        let at = used[usize::try_from(dice.below(used.len() as u64)).unwrap()];
        bytes[at] ^= 1 << dice.below(8);
        let damaged = Place::holding(&bytes);
        match damaged.open_as(Opening::Proven) {
            // The damage was in an unused page.
            Ok(store) => assert_eq!(numbers(&store), (0..500).collect::<Vec<_>>()),
            Err(OpenError::Damaged { path, .. } | OpenError::Foreign { path, .. }) => {
                assert!(path.ends_with("souk.redb"));
                assert!(damaged.bytes() == bytes, "it is as it was");
                found += 1;
            }
            Err(error) => panic!("{error:?}"),
        }
    }
    assert!(found > 0, "none of 60 was in a page in use");
}

#[tokio::test]
async fn a_new_table_is_added_to_an_older_store() {
    let place = Place::new();
    let fewer = Schema::new(StoreKind::Shop, &["numbers"]);
    drop(Store::open(place.directory.path(), &fewer, Opening::OrMake, patient()).unwrap());
    add(&place.open().unwrap(), 1).await.unwrap();
    assert_eq!(numbers(&place.open().unwrap()), [1]);
}

#[test]
fn another_schema_version_is_rejected_by_number() {
    let place = Place::made_by(|database| {
        write(database, |it| {
            it.open_table(ABOUT).unwrap().insert("schema_version", SCHEMA_VERSION + 6).unwrap();
        });
    });
    let error = place.refused();
    let is_named = matches!(error, OpenError::UnknownSchema { found: 7, known: SCHEMA_VERSION });
    assert!(is_named, "{error:?}");
    assert_eq!(
        error.to_string(),
        "the data file has schema version 7; this program reads 1: use the version of Souk that \
         wrote it"
    );
}

#[test]
fn a_redb_file_of_another_program_is_rejected() {
    let table = Place::made_by(|database| {
        let theirs = TableDefinition::<u64, u64>::new("theirs");
        write(database, |it| drop(it.open_table(theirs).unwrap().insert(1, 2).unwrap()));
    });
    assert!(matches!(table.refused(), OpenError::NotSouk));
    let multimap = Place::made_by(|database| {
        let theirs = redb::MultimapTableDefinition::<u64, u64>::new("theirs");
        write(database, |it| {
            it.open_multimap_table(theirs).unwrap().insert(1, 2).unwrap();
        });
    });
    assert!(matches!(multimap.refused(), OpenError::NotSouk));
    let same_name = Place::made_by(|database| {
        let theirs = TableDefinition::<u64, u64>::new("souk.about");
        write(database, |it| drop(it.open_table(theirs).unwrap().insert(1, 2).unwrap()));
    });
    assert!(matches!(same_name.refused(), OpenError::NotSouk));
}

/// Such a file needs a repair, which redb would start at once.
#[test]
fn a_file_of_another_program_that_was_killed_is_rejected() {
    let place = Place::new();
    let copy = {
        let database = redb::Database::create(place.file()).unwrap();
        let theirs = TableDefinition::<u64, u64>::new("theirs");
        write(&database, |it| drop(it.open_table(theirs).unwrap().insert(1, 2).unwrap()));
        Place::holding(&place.bytes())
    };
    assert!(matches!(copy.refused(), OpenError::NotSouk));
}

#[tokio::test]
async fn a_store_that_was_killed_is_repaired_and_complete() {
    let place = Place::new();
    let store = place.open().unwrap();
    for number in 0..10 {
        add(&store, number).await.unwrap();
        let copy = Place::holding(&place.bytes());
        let repaired = copy.open().unwrap();
        assert_eq!(numbers(&repaired), (0..=number).collect::<Vec<_>>());
        add(&repaired, 1_000).await.unwrap();
        repaired.close().await;
        drop(repaired);
        assert_eq!(numbers(&copy.open().unwrap()).len() as u64, number + 2);
    }
}

#[test]
fn a_file_that_is_not_a_redb_file_is_rejected() {
    for bytes in [&b"x"[..], b"redb", b"SQLite format 3\0", &[0; 100], &[0; 1 << 16]] {
        assert!(matches!(Place::holding(bytes).refused(), OpenError::Foreign { .. }));
    }
    let mut dice = Dice(7);
    for length in [16, 512, 4_096, 1 << 20] {
        let noise: Vec<u8> = (0..length).map(|_| dice.roll().to_le_bytes()[0]).collect();
        assert!(matches!(Place::holding(&noise).refused(), OpenError::Foreign { .. }));
        let mut disguised = noise;
        disguised[..9].copy_from_slice(b"redb\x1A\x0A\xA9\x0D\x0A");
        assert!(matches!(Place::holding(&disguised).refused(), OpenError::Foreign { .. }));
    }
}

#[tokio::test]
async fn a_truncated_store_is_rejected_or_complete() {
    let place = Place::with_numbers(2_000).await;
    let whole = place.bytes();
    let steps = (0..40).map(|it| whole.len() * it / 40);
    for length in [9, 10, 64, 320, 4_095, 4_096].into_iter().chain(steps.skip(1)) {
        let truncated = Place::holding(&whole[..length]);
        match truncated.open() {
            Ok(store) => assert_eq!(numbers(&store).len(), 2_000, "{length} octets"),
            Err(_) => {
                assert!(matches!(truncated.refused(), OpenError::Foreign { .. }), "{length}");
            }
        }
    }
}

#[tokio::test]
async fn a_second_opening_is_rejected_and_disturbs_nothing() {
    let place = Place::new();
    let first = place.open().unwrap();
    add(&first, 1).await.unwrap();
    let second = place.open();
    assert!(matches!(second.err(), Some(OpenError::InUse { path }) if path.ends_with("souk.redb")));
    add(&first, 2).await.unwrap();
    first.close().await;
    drop(first);
    assert_eq!(numbers(&place.open().unwrap()), [1, 2]);
}

#[test]
fn a_directory_that_cannot_be_used_is_named() {
    let place = Place::holding(b"");
    let below_a_file = open_or_make(&place.file(), patient());
    assert!(matches!(below_a_file.err(), Some(OpenError::Io { path, .. }) if !path.is_empty()));
}
