//! The seal of a copy: it marks a file as a copy, and proves that no byte of it has changed.
//!
//! A copy is a header and then the file of a store:
//!
//! | bytes | content |
//! |---|---|
//! | 0 to 15 | the mark |
//! | 16 to 4,063 | a JSON object ([`Seal`]), then zeros |
//! | 4,064 to 4,095 | SHA-256 of all bytes before |
//! | from 4,096 | the file of the store; its length and SHA-256 are in the JSON object |

use super::engines::redb::REDB_MAGIC;
use crate::clock;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use souk_domain::UnixMillis;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The first bytes of every copy. The last four reveal a transfer in text mode.
const MARK: &[u8; 16] = b"souk copy v1\r\n\x1a\n";
/// Bytes before the store.
pub(super) const HEADER_BYTES: u64 = 4_096;
const HEADER_LENGTH: usize = 4_096;
/// The offset of the header's digest.
const DIGEST_AT: usize = HEADER_LENGTH - 32;
/// The format this program writes and reads.
const FORMAT: u32 = 1;
/// Bytes read at a time.
const CHUNK_BYTES: usize = 1 << 20;

/// The description in a copy's header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    format: u32,
    /// Version of the program that made it.
    souk: String,
    /// The identity of the copied store.
    pub store: String,
    /// When it was made, in milliseconds since 1970.
    #[serde(with = "millis")]
    pub made_at: UnixMillis,
    /// Length of the store's file.
    octets: u64,
    /// Digest of the store's file, in hexadecimal digits.
    sha256: String,
}

/// Serializes a time as its number.
mod millis {
    use serde::{Deserialize, Deserializer, Serializer};
    use souk_domain::UnixMillis;

    pub(super) fn serialize<S: Serializer>(time: &UnixMillis, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i64(time.get())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<UnixMillis, D::Error> {
        i64::deserialize(from).map(UnixMillis::new)
    }
}

/// Why a file cannot be used as a copy.
#[derive(Debug, thiserror::Error)]
pub enum BadCopy {
    /// It cannot be read, or its content cannot be written elsewhere.
    #[error("cannot use {}", .path.display())]
    Io {
        /// The file's path.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// It has no mark.
    #[error("{} is not a copy that `souk backup` made", .path.display())]
    NotACopy {
        /// The file's path.
        path: PathBuf,
    },
    /// The bare file of a store, not a copy of one.
    #[error(
        "{} is the bare file of a store and not a copy that `souk backup` made: it has no mark \
         that proves it whole (docs/backup.md says what to do with copies of the first versions)",
        .path.display()
    )]
    BareStore {
        /// The file's path.
        path: PathBuf,
    },
    /// Created by a later version.
    #[error("{} is a copy of format {format}, made by Souk {souk}: use that version", .path.display())]
    Newer {
        /// The file's path.
        path: PathBuf,
        /// Its format number.
        format: u32,
        /// The version that created it.
        souk: String,
    },
    /// It was changed after it was created.
    #[error("{} is damaged: {what}", .path.display())]
    Damaged {
        /// The file's path.
        path: PathBuf,
        /// The damage that was found.
        what: String,
    },
}

impl Seal {
    /// Reads the header of a copy, and compares the length of the file. Only [`Seal::prove`] checks
    /// the rest.
    ///
    /// # Errors
    /// [`BadCopy`].
    pub fn read(path: &Path) -> Result<Self, BadCopy> {
        Ok(Self::open(path)?.0)
    }

    /// Reads the whole copy and compares every digest.
    ///
    /// # Errors
    /// [`BadCopy`].
    pub fn prove(path: &Path) -> Result<Self, BadCopy> {
        Self::pour(path, |_| Ok(()))
    }

    /// Writes the store in the copy into a new file, durably, and compares every digest.
    ///
    /// # Errors
    /// [`BadCopy`]; the new file is then unusable.
    pub fn unseal(path: &Path, to: &Path) -> Result<Self, BadCopy> {
        let failed = |source| BadCopy::Io { path: to.to_owned(), source };
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let mut file = options.open(to).map_err(failed)?;
        let seal = Self::pour(path, |chunk| file.write_all(chunk).map_err(failed))?;
        file.sync_all().map_err(failed)?;
        Ok(seal)
    }

    /// The header, and the file positioned at the start of the store.
    fn open(path: &Path) -> Result<(Self, File), BadCopy> {
        let path = || path.to_owned();
        let failed = |source| BadCopy::Io { path: path(), source };
        let damaged = |what: &str| BadCopy::Damaged { path: path(), what: what.to_owned() };
        let mut file = File::open(path()).map_err(failed)?;
        let about = file.metadata().map_err(failed)?;
        if !about.is_file() {
            return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, "this is not a file")));
        }
        let mut header = Vec::with_capacity(HEADER_LENGTH);
        (&mut file).take(HEADER_BYTES).read_to_end(&mut header).map_err(failed)?;
        if header.starts_with(REDB_MAGIC) {
            return Err(BadCopy::BareStore { path: path() });
        }
        if !header.starts_with(MARK) {
            return Err(BadCopy::NotACopy { path: path() });
        }
        if header.len() < HEADER_LENGTH {
            return Err(damaged("it ends within its header"));
        }
        let (text, digest) = header.split_at(DIGEST_AT);
        if Sha256::digest(text).as_slice() != digest {
            return Err(damaged("its header is not as it was written"));
        }
        let text = text[MARK.len()..].trim_ascii_end();
        let end = text.iter().position(|octet| *octet == 0).unwrap_or(text.len());
        let seal: Self =
            serde_json::from_slice(&text[..end]).map_err(|error| damaged(&error.to_string()))?;
        if seal.format != FORMAT {
            let Self { format, souk, .. } = seal;
            return Err(BadCopy::Newer { path: path(), format, souk });
        }
        let expected = HEADER_BYTES.saturating_add(seal.octets);
        if about.len() != expected {
            let length = about.len();
            return Err(damaged(&format!("it has {length} octets and was made with {expected}")));
        }
        Ok((seal, file))
    }

    fn pour(
        path: &Path,
        mut take: impl FnMut(&[u8]) -> Result<(), BadCopy>,
    ) -> Result<Self, BadCopy> {
        let (seal, file) = Self::open(path)?;
        let failed = |source| BadCopy::Io { path: path.to_owned(), source };
        let mut digest = Digesting::of(&file);
        while let Some(chunk) = digest.next_chunk().map_err(failed)? {
            take(chunk)?;
        }
        if digest.hexadecimal() != seal.sha256 {
            let what = "its content is not as it was written (SHA-256)".to_owned();
            return Err(BadCopy::Damaged { path: path.to_owned(), what });
        }
        Ok(seal)
    }
}

/// Writes the header of a copy whose store is already in the file, and makes everything durable.
pub(super) fn seal(mut file: &File, store: &str) -> io::Result<()> {
    file.seek(SeekFrom::Start(HEADER_BYTES))?;
    let (mut digest, mut octets) = (Digesting::of(file), 0);
    while let Some(chunk) = digest.next_chunk()? {
        octets += chunk.len() as u64;
    }
    let seal = Seal {
        format: FORMAT,
        souk: env!("CARGO_PKG_VERSION").to_owned(),
        store: store.to_owned(),
        made_at: clock::now(),
        octets,
        sha256: digest.hexadecimal(),
    };
    let mut header = MARK.to_vec();
    serde_json::to_writer(&mut header, &seal)?;
    if header.len() > DIGEST_AT {
        return Err(io::Error::other("the header of the copy is too long"));
    }
    header.resize(DIGEST_AT, 0);
    let digest = Sha256::digest(&header);
    header.extend_from_slice(&digest);
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&header)?;
    file.sync_all()
}

/// Reads a file to its end and computes its digest.
struct Digesting<'a> {
    file: &'a File,
    digest: Sha256,
    chunk: Vec<u8>,
}

impl<'a> Digesting<'a> {
    fn of(file: &'a File) -> Self {
        Self { file, digest: Sha256::new(), chunk: vec![0; CHUNK_BYTES] }
    }

    /// The next bytes; `None` at the end.
    fn next_chunk(&mut self) -> io::Result<Option<&[u8]>> {
        let length = loop {
            match self.file.read(&mut self.chunk) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        let chunk = &self.chunk[..length];
        self.digest.update(chunk);
        Ok((length > 0).then_some(chunk))
    }

    fn hexadecimal(self) -> String {
        self.digest.finalize().iter().map(|octet| format!("{octet:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The header of every copy so far has these fields.
    #[test]
    fn the_format_of_a_seal_does_not_change() {
        let text = r#"{"format":1,"souk":"0.1.0","store":"4f1c22a09be3d871","made_at":1700000000123,"octets":4096,"sha256":"ab"}"#;
        let seal: Seal = serde_json::from_str(text).expect("read");
        assert_eq!((seal.store.as_str(), seal.octets), ("4f1c22a09be3d871", 4_096));
        assert_eq!(seal.made_at, UnixMillis::new(1_700_000_000_123));
        assert_eq!(serde_json::to_string(&seal).expect("written"), text);
    }
}
