//! Copies: complete ones are accepted, all others rejected.

use super::*;
use crate::store::{BadCopy, Seal};
use std::path::PathBuf;
use tempfile::TempDir;

struct Copied {
    directory: TempDir,
    bytes: Vec<u8>,
}

impl Copied {
    async fn of_numbers(count: u64) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = open_or_make(directory.path(), patient()).unwrap();
        for number in 0..count {
            add(&store, number).await.unwrap();
        }
        let file = directory.path().join("copy");
        store.copy_to(&file, "the shop").unwrap();
        Self { bytes: std::fs::read(file).unwrap(), directory }
    }

    fn holding(&self, bytes: &[u8]) -> PathBuf {
        let file = self.directory.path().join("other");
        std::fs::write(&file, bytes).unwrap();
        file
    }

    /// Checks that every reader of copies rejects the bytes, and names the file.
    fn refused(&self, bytes: &[u8], what: &str) -> BadCopy {
        let file = self.holding(bytes);
        let to = self.directory.path().join("unsealed");
        assert!(Seal::unseal(&file, &to).is_err(), "{what}");
        let _ = std::fs::remove_file(to);
        let error = Seal::prove(&file).expect_err(what);
        assert!(error.to_string().contains(&file.display().to_string()), "{what}: {error}");
        error
    }
}

#[tokio::test]
async fn a_copy_can_be_unsealed_and_opened() {
    let copied = Copied::of_numbers(20).await;
    let file = copied.directory.path().join("copy");
    let seal = Seal::prove(&file).unwrap();
    assert_eq!((seal.store.as_str(), &seal), ("the shop", &Seal::read(&file).unwrap()));
    let place = tempfile::tempdir().unwrap();
    Seal::unseal(&file, &place.path().join(Store::FILE_NAME)).unwrap();
    let store = Store::open(place.path(), &numbered(), Opening::Proven, patient()).unwrap();
    assert_eq!(numbers(&store), (0..20).collect::<Vec<_>>());
    let left = std::fs::read_dir(copied.directory.path()).unwrap().count();
    assert_eq!(left, 2, "the store and the copy, and nothing unfinished");
}

#[tokio::test]
async fn one_wrong_bit_anywhere_is_detected() {
    let copied = Copied::of_numbers(5).await;
    let length = copied.bytes.len();
    let mut dice = Dice(3);
    let anywhere = (0..200).map(|_| usize::try_from(dice.below(length as u64)).unwrap());
    let corners = [0, 15, 16, 17, 300, 4_000, 4_063, 4_064, 4_095, 4_096, 4_100, length - 1];
    for at in corners.into_iter().chain(anywhere.collect::<Vec<_>>()) {
        let mut bytes = copied.bytes.clone();
        bytes[at] ^= 1 << (at % 8);
        let error = copied.refused(&bytes, &format!("octet {at}"));
        assert!(matches!(error, BadCopy::Damaged { .. } | BadCopy::NotACopy { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_truncated_or_extended_copy_is_detected() {
    let copied = Copied::of_numbers(5).await;
    let length = copied.bytes.len();
    for kept in [16, 17, 100, 4_095, 4_096, 4_097, 8_192, length / 2, length - 4_096, length - 1] {
        let error = copied.refused(&copied.bytes[..kept], &format!("{kept} octets"));
        assert!(matches!(error, BadCopy::Damaged { .. }), "{kept}: {error:?}");
    }
    let more = [&copied.bytes[..], &[0]].concat();
    assert!(matches!(copied.refused(&more, "one more"), BadCopy::Damaged { .. }));
    let twice = [&copied.bytes[..], &copied.bytes[..]].concat();
    assert!(matches!(copied.refused(&twice, "twice"), BadCopy::Damaged { .. }));
    // The header of another copy before this copy's store.
    let other = Copied::of_numbers(6).await;
    let mixed = [&other.bytes[..4_096], &copied.bytes[4_096..]].concat();
    assert!(matches!(copied.refused(&mixed, "mixed"), BadCopy::Damaged { .. }));
}

#[tokio::test]
async fn only_a_copy_is_a_copy() {
    let copied = Copied::of_numbers(1).await;
    for foreign in [&b""[..], b"x", b"souk copy v1", b"SQLite format 3\0", &[0; 1 << 16]] {
        assert!(matches!(copied.refused(foreign, "foreign"), BadCopy::NotACopy { .. }));
    }
    let bare = std::fs::read(copied.directory.path().join(Store::FILE_NAME)).unwrap();
    assert!(matches!(copied.refused(&bare, "bare"), BadCopy::BareStore { .. }));
    assert!(matches!(copied.refused(&copied.bytes[4_096..], "bare"), BadCopy::BareStore { .. }));
    let nowhere = copied.directory.path().join("nowhere");
    assert!(matches!(Seal::prove(&nowhere), Err(BadCopy::Io { path, .. }) if path == nowhere));
    assert!(matches!(Seal::prove(copied.directory.path()), Err(BadCopy::Io { .. })));
}

#[tokio::test]
async fn a_copy_is_not_a_store_and_never_replaces_a_file() {
    let copied = Copied::of_numbers(1).await;
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join(Store::FILE_NAME), &copied.bytes).unwrap();
    assert!(matches!(open_or_make(place.path(), patient()), Err(OpenError::Foreign { .. })));
    let store = in_memory(patient());
    let there = copied.holding(b"something");
    let refused = store.copy_to(&there, "");
    assert!(matches!(refused, Err(crate::store::CopyError::Exists { .. })));
    assert_eq!(std::fs::read(there).unwrap(), b"something");
}
