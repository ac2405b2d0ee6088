//! Typed tables: order-preserving keys, rows with a leading version byte.

use super::stored::{Stored, Text, read_all};
use super::{StoreError, TableId, Unit};
use serde::Serialize;
use serde::de::DeserializeOwned;
use souk_domain::{
    AddressId, CartId, CartLineId, CategoryId, OrderId, OrderLineId, PaymentId, ProductId,
    SessionId, UnixMillis, UserId,
};
use std::marker::PhantomData;
use std::ops::ControlFlow;

/// A table of the schema. Only its owner's files name it.
pub struct Table<K, V> {
    id: TableId,
    types: PhantomData<fn() -> (K, V)>,
}

impl<K, V> Clone for Table<K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Table<K, V> {}

impl<K: Key, V: Row> Table<K, V> {
    /// The table with this name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { id: TableId::new(name), types: PhantomData }
    }

    /// Its name in the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.id.name()
    }

    /// Its id in the store.
    #[must_use]
    pub const fn id(self) -> TableId {
        self.id
    }

    /// Encodes a row.
    ///
    /// # Errors
    /// [`StoreError::Encode`].
    pub fn encode(self, row: &V) -> Result<Vec<u8>, StoreError> {
        let mut bytes = Vec::with_capacity(64);
        bytes.push(V::VERSION);
        postcard::to_extend(&V::Stored::of(row), bytes)
            .map_err(|source| StoreError::Encode { table: self.name(), source })
    }

    pub(super) fn decode(self, bytes: &[u8]) -> Result<V, StoreError> {
        let version = bytes.first().copied().unwrap_or(0);
        let corrupt = || StoreError::Corrupt { table: self.name(), version };
        V::read(version, bytes.get(1..).unwrap_or_default()).ok_or_else(corrupt)
    }

    /// The functions that decode this table's keys and rows, for tests.
    #[must_use]
    pub const fn reader(self) -> RowReader {
        let version = V::VERSION;
        RowReader { table: self.name(), version, key: reread_key::<K>, row: reread_row::<V> }
    }

    fn decode_key(self, bytes: &[u8]) -> Result<K, StoreError> {
        K::decode(bytes).ok_or(StoreError::Corrupt { table: self.name(), version: 0 })
    }
}

/// Decodes a table's bytes independent of its types. Each function re-encodes what it decoded, and
/// returns `None` if it cannot decode the bytes.
#[derive(Clone, Copy)]
pub struct RowReader {
    /// The table's name.
    pub table: &'static str,
    /// The current version of a row.
    pub version: u8,
    /// Reads a key.
    pub key: fn(&[u8]) -> Option<Vec<u8>>,
    /// Reads a row, which begins with its version.
    pub row: fn(&[u8]) -> Option<Vec<u8>>,
}

fn reread_key<K: Key>(octets: &[u8]) -> Option<Vec<u8>> {
    K::decode(octets).map(|key| key.bytes())
}

fn reread_row<V: Row>(octets: &[u8]) -> Option<Vec<u8>> {
    let table = Table::<u64, V>::new("any");
    table.encode(&table.decode(octets).ok()?).ok()
}

/// Lists the tables of an owner: their names as `TABLES`, and, for tests, their readers as
/// `READERS`.
macro_rules! tables {
    ($($table:expr),+ $(,)?) => {
        pub(crate) const TABLES: &[&str] = &[$($table.name()),+];

        #[cfg(any(test, fuzzing))]
        pub(crate) const READERS: &[crate::store::RowReader] = &[$($table.reader()),+];
    };
}

pub(crate) use tables;

/// A row of a table. In the file: a version byte, then [`Row::Stored`] in postcard.
pub trait Row: Sized + 'static {
    /// The current version. Rows of every past version are kept as fixtures (`actors/fixtures`).
    const VERSION: u8 = 1;

    /// The type that is written.
    type Stored<'a>: Stored<'a, Self> + Serialize + DeserializeOwned;

    /// Reads a row of any version; `None` if it cannot be read. A row type with several versions
    /// decodes each version with that version's type.
    #[must_use]
    fn read(version: u8, bytes: &[u8]) -> Option<Self> {
        if version == Self::VERSION { Self::read_newest(bytes) } else { None }
    }

    /// Reads a row of the current version.
    #[must_use]
    fn read_newest(bytes: &[u8]) -> Option<Self> {
        read_all::<Self::Stored<'_>>(bytes)?.value()
    }
}

macro_rules! rows {
    ($($row:ty: $stored:ty),* $(,)?) => {$(
        impl Row for $row {
            type Stored<'a> = $stored;
        }
    )*};
}

rows! {
    (): (),
    u64: u64,
    String: Text<'a>,
    CartId: u64,
    CategoryId: u64,
    OrderId: u64,
    PaymentId: u64,
    ProductId: u64,
    UnixMillis: i64,
    UserId: u64,
}

/// A key whose bytes sort as the value does.
pub trait Key: Sized {
    /// Appends the bytes.
    fn encode(&self, out: &mut Vec<u8>);
    /// Decodes the bytes; `None` if they are not such a key.
    fn decode(bytes: &[u8]) -> Option<Self>;

    /// The key's bytes.
    #[must_use]
    fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(16);
        self.encode(&mut out);
        out
    }
}

/// A key of a fixed number of bytes, which can stand first in a composite key.
pub trait FixedKey: Key {
    /// The number of bytes.
    const WIDTH: usize;
}

impl Key for u64 {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_be_bytes());
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::from_be_bytes)
    }
}

impl FixedKey for u64 {
    const WIDTH: usize = 8;
}

macro_rules! id_key {
    ($($id:ident),*) => {$(
        impl Key for $id {
            fn encode(&self, out: &mut Vec<u8>) {
                self.get().encode(out);
            }

            fn decode(bytes: &[u8]) -> Option<Self> {
                u64::decode(bytes).and_then($id::new)
            }
        }

        impl FixedKey for $id {
            const WIDTH: usize = 8;
        }
    )*};
}

id_key!(
    AddressId,
    CartId,
    CartLineId,
    CategoryId,
    OrderId,
    OrderLineId,
    PaymentId,
    ProductId,
    SessionId,
    UserId
);

impl Key for UnixMillis {
    /// Times before 1970 sort as the epoch itself; the shop has none.
    fn encode(&self, out: &mut Vec<u8>) {
        u64::try_from(self.get()).unwrap_or(0).encode(out);
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        u64::decode(bytes).and_then(|millis| i64::try_from(millis).ok()).map(Self::new)
    }
}

impl FixedKey for UnixMillis {
    const WIDTH: usize = 8;
}

impl Key for [u8; 32] {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok()
    }
}

impl Key for String {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        Self::from_utf8(bytes.to_vec()).ok()
    }
}

impl<A: FixedKey, B: Key> Key for (A, B) {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
        self.1.encode(out);
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (first, second) = bytes.split_at_checked(A::WIDTH)?;
        Some((A::decode(first)?, B::decode(second)?))
    }
}

/// The order of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Smallest key first.
    Ascending,
    /// Largest key first.
    Descending,
}

/// A range of key bytes: from the first (included) to the second (excluded, `None` for no end).
pub(super) type ByteRange = (Vec<u8>, Option<Vec<u8>>);

/// Receives the bytes of a key and a value, and decides whether to continue.
pub type Look<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>;

/// Reading, the same in an open epoch ([`Unit`]) and in a committed [`super::Snapshot`].
pub trait Read {
    /// Passes the bytes under a key to `look`.
    ///
    /// # Errors
    /// [`StoreError`].
    #[doc(hidden)]
    fn look_up<R>(
        &self,
        table: TableId,
        key: &[u8],
        look: impl FnOnce(Option<&[u8]>) -> R,
    ) -> Result<R, StoreError>;

    /// Passes the entries of a range to `look`, until it breaks.
    ///
    /// # Errors
    /// [`StoreError`].
    #[doc(hidden)]
    fn walk(
        &self,
        table: TableId,
        range: ByteRange,
        direction: Direction,
        look: Look<'_>,
    ) -> Result<(), StoreError>;

    /// The number of entries in a table.
    ///
    /// # Errors
    /// [`StoreError`].
    fn count<K: Key, V: Row>(&self, table: Table<K, V>) -> Result<u64, StoreError>;

    /// The row under a key.
    ///
    /// # Errors
    /// [`StoreError`]; a row that cannot be read is an error, a missing one is `None`.
    fn get<K: Key, V: Row>(&self, table: Table<K, V>, key: &K) -> Result<Option<V>, StoreError> {
        let decode = |bytes: Option<&[u8]>| bytes.map(|bytes| table.decode(bytes)).transpose();
        self.look_up(table.id, &key.bytes(), decode)?
    }

    /// Passes rows from `from` (included) to `to` (excluded) to `look`, until it breaks.
    ///
    /// # Errors
    /// [`StoreError`].
    fn visit<K: Key, V: Row>(
        &self,
        table: Table<K, V>,
        from: &K,
        to: Option<&K>,
        direction: Direction,
        mut look: impl FnMut(K, V) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let mut failure = None;
        let range = (from.bytes(), to.map(Key::bytes));
        self.walk(table.id, range, direction, &mut |key, value| match (
            table.decode_key(key),
            table.decode(value),
        ) {
            (Ok(key), Ok(value)) => look(key, value),
            (Err(error), _) | (_, Err(error)) => {
                failure = Some(error);
                ControlFlow::Break(())
            }
        })?;
        failure.map_or(Ok(()), Err)
    }

    /// Passes the rows whose composite key begins with `prefix` to `look`, until it breaks.
    ///
    /// # Errors
    /// [`StoreError`].
    fn visit_under<A: FixedKey, B: Key, V: Row>(
        &self,
        table: Table<(A, B), V>,
        prefix: &A,
        direction: Direction,
        mut look: impl FnMut(B, V) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let from = prefix.bytes();
        let to = after_prefix(&from);
        let mut failure = None;
        self.walk(table.id, (from, to), direction, &mut |key, value| match (
            table.decode_key(key),
            table.decode(value),
        ) {
            (Ok((_, key)), Ok(value)) => look(key, value),
            (Err(error), _) | (_, Err(error)) => {
                failure = Some(error);
                ControlFlow::Break(())
            }
        })?;
        failure.map_or(Ok(()), Err)
    }

    /// Up to `limit` rows whose composite key begins with `prefix`.
    ///
    /// # Errors
    /// [`StoreError`].
    fn under<A: FixedKey, B: Key, V: Row>(
        &self,
        table: Table<(A, B), V>,
        prefix: &A,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<(B, V)>, StoreError> {
        let mut rows = Vec::new();
        if limit == 0 {
            return Ok(rows);
        }
        self.visit_under(table, prefix, direction, |key, value| {
            rows.push((key, value));
            if rows.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok(rows)
    }

    /// Up to `limit` rows from `from` (included) to `to` (excluded).
    ///
    /// # Errors
    /// [`StoreError`].
    fn range<K: Key, V: Row>(
        &self,
        table: Table<K, V>,
        from: &K,
        to: Option<&K>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<(K, V)>, StoreError> {
        let mut rows = Vec::new();
        if limit == 0 {
            return Ok(rows);
        }
        self.visit(table, from, to, direction, |key, value| {
            rows.push((key, value));
            if rows.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok(rows)
    }
}

/// The smallest key that is greater than every key that starts with `prefix`. `None` if no key can be greater.
fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut next = prefix.to_vec();
    while let Some(last) = next.last_mut() {
        if *last < u8::MAX {
            *last += 1;
            return Some(next);
        }
        next.pop();
    }
    None
}

impl Unit {
    /// Writes a row, replacing an existing one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn put<K: Key, V: Row>(
        &self,
        table: Table<K, V>,
        key: &K,
        row: &V,
    ) -> Result<(), StoreError> {
        let bytes = table.encode(row)?;
        self.put_bytes(table.id, key.bytes(), bytes)
    }

    /// Deletes a row; true if it existed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn delete<K: Key, V: Row>(&self, table: Table<K, V>, key: &K) -> Result<bool, StoreError> {
        self.delete_bytes(table.id, key.bytes())
    }
}
