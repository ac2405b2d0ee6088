//! The identity of a store. It distinguishes the store's numbers from those of other stores, and
//! from those the same store gave out before it was restored from a copy.
//!
//! A restored store continues counting from the restored state: its next order, payment or event
//! gets a number that was used before, and brokers, gateways, mail servers and readers still
//! remember that one. So a restored store begins a new *generation*, and every id that leaves the
//! shop contains the generation in which its number was counted. Numbers from before the restore
//! keep their ids. A store that was never restored has no generation, and its ids contain only its
//! name.

use super::stored::IDENTITY;
use crate::Failure;
use crate::store::{Read, Snapshot, StoreError, Unit};
use souk_domain::UnixMillis;

/// Random bytes of a generation. They also distinguish two shops restored from the same copy.
const GENERATION_BYTES: usize = 6;
/// Separates a store's name from a generation; not a hexadecimal digit.
const GENERATION_MARK: char = 'r';
/// Separates the number of a row from its generation in a place.
const PLACE_MARK: char = '-';

/// A store's name and its generations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StoreIdentity {
    /// Generated once, at random.
    pub(super) id: String,
    /// Oldest first; empty for a store that was never restored.
    pub(super) generations: Vec<Generation>,
    /// The start token of the process that opened the store last; it is also in a file next to the store
    /// ([`crate::put_back`]).
    pub(super) start: Option<String>,
    /// The token that the file had until that process wrote its own.
    pub(super) start_before: Option<String>,
}

/// The period of a store from one restore to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Generation {
    /// Random hexadecimal digits.
    pub(super) id: String,
    /// When the store was restored.
    pub(super) began_at: UnixMillis,
    /// The last number of each kind before the restore.
    pub(super) counted: Vec<(String, u64)>,
}

impl StoreIdentity {
    fn new() -> Self {
        let id = format!("{:016x}", crate::random_u64());
        Self { id, generations: Vec::new(), start: None, start_before: None }
    }
}

/// Numbered things whose ids leave the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbered {
    /// A row of the outbox.
    Row,
    /// A payment.
    Payment,
    /// A refund.
    Refund,
}

impl Numbered {
    /// The counter's name.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Row => "outbox",
            Self::Payment => "payment",
            Self::Refund => "refund",
        }
    }
}

/// Where the row of a published message comes from, judged by the names in the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A row of this store.
    Here,
    /// A row with this store's name that the store has not written: the holder of the message is
    /// ahead of the store.
    Ahead,
    /// A row of another generation of this store, which this store has no record of.
    OtherGeneration,
    /// A row of another store.
    OtherStore,
}

/// Why a reader cannot continue from a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// It is not a well-formed place.
    #[error("not a place in the events of this shop")]
    Malformed,
    /// The store has no such row: it was restored to an earlier state, or is another store.
    #[error(
        "this shop has no event at that place; it was restored from a copy, or is another one: \
         read all that is kept again"
    )]
    Unknown,
    /// Events after the place have already been deleted.
    #[error("events behind that place are not kept any more: read all that is kept again")]
    NotKept,
}

/// The names that a store's numbers have outside the shop, as of one commit.
#[derive(Clone, Debug)]
pub struct Identity {
    row: StoreIdentity,
    last_row: u64,
}

impl Identity {
    /// The identity of a store that was never restored and has written rows up to `last_row`.
    #[must_use]
    pub fn of_store(id: &str, last_row: u64) -> Self {
        let row = StoreIdentity { id: id.to_owned(), ..StoreIdentity::new() };
        Self { row, last_row }
    }

    /// The same identity after the store has written rows up to `last_row`.
    #[must_use]
    pub fn with_last_row(self, last_row: u64) -> Self {
        Self { last_row, ..self }
    }

    /// The same identity after a restore to the state with `rows` rows.
    #[must_use]
    pub fn put_back(mut self, rows: u64) -> Self {
        let counted = vec![(Numbered::Row.kind().to_owned(), rows)];
        self.row.begin(counted, UnixMillis::new(0));
        self
    }

    /// `None` before the store has a name.
    pub(crate) fn read(snapshot: &Snapshot) -> Result<Option<Self>, StoreError> {
        let Some(row) = snapshot.get(IDENTITY, &0)? else { return Ok(None) };
        let last_row = snapshot.last_number(Numbered::Row.kind())?;
        Ok(Some(Self { row, last_row }))
    }

    /// The store's name in every generation.
    #[must_use]
    pub fn store(&self) -> &str {
        &self.row.id
    }

    /// The name for numbers that are counted now.
    #[must_use]
    pub fn current(&self) -> String {
        self.row.name(self.row.generations.last())
    }

    /// The external id of the thing with this number.
    #[must_use]
    pub fn of_number(&self, what: Numbered, number: u64) -> String {
        self.row.name(self.row.generation_of(what, number))
    }

    /// The name that was current at this time, for things without a number of their own.
    #[must_use]
    pub fn at(&self, time: UnixMillis) -> String {
        let began = |generation: &&Generation| generation.began_at <= time;
        self.row.name(self.row.generations.iter().rev().find(began))
    }

    /// The origin of a row with this store name and number.
    #[must_use]
    pub fn origin(&self, store: &str, row: u64) -> Origin {
        if !self.is_of_this_store(store) {
            return Origin::OtherStore;
        }
        match self.of_number(Numbered::Row, row) == store {
            true if row <= self.last_row => Origin::Here,
            true => Origin::Ahead,
            false => Origin::OtherGeneration,
        }
    }

    /// True if the name is one of this store's, in any generation.
    #[must_use]
    pub fn is_of_this_store(&self, name: &str) -> bool {
        let rest = name.strip_prefix(&self.row.id);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(GENERATION_MARK))
    }

    /// The start token that the last start wrote.
    pub(crate) fn start(&self) -> Option<&str> {
        self.row.start.as_deref()
    }

    /// The token that the start file had before the last start.
    pub(crate) fn start_before(&self) -> Option<&str> {
        self.row.start_before.as_deref()
    }

    /// The last row that was ever written.
    #[must_use]
    pub fn last_row(&self) -> u64 {
        self.last_row
    }

    /// The place of a row, as published to readers: its number, and its generation if it has one.
    #[must_use]
    pub fn place(&self, row: u64) -> String {
        match self.row.generation_of(Numbered::Row, row) {
            Some(Generation { id, .. }) => format!("{row}{PLACE_MARK}{id}"),
            None => row.to_string(),
        }
    }

    /// The row at a published place; 0 is before the first row.
    ///
    /// # Errors
    /// [`PlaceError`].
    pub(crate) fn row_at(&self, place: &str) -> Result<u64, PlaceError> {
        let digits = place.split(PLACE_MARK).next().unwrap_or_default();
        let is_number = !digits.is_empty() && digits.bytes().all(|octet| octet.is_ascii_digit());
        let row: u64 = match is_number {
            true => digits.parse().unwrap_or(u64::MAX),
            false => return Err(PlaceError::Malformed),
        };
        let generation = place[digits.len()..].strip_prefix(PLACE_MARK);
        let is_plain = |id: &str| !id.is_empty() && id.bytes().all(|it| it.is_ascii_alphanumeric());
        if generation.is_some_and(|id| !is_plain(id)) {
            return Err(PlaceError::Malformed);
        }
        let written = self.row.generation_of(Numbered::Row, row).map(|it| it.id.as_str());
        if row > self.last_row || (row > 0 && generation != written) {
            return Err(PlaceError::Unknown);
        }
        Ok(row)
    }
}

impl StoreIdentity {
    fn name(&self, generation: Option<&Generation>) -> String {
        match generation {
            Some(generation) => format!("{}{GENERATION_MARK}{}", self.id, generation.id),
            None => self.id.clone(),
        }
    }

    /// The generation in which a number was counted; `None` for numbers from before the first
    /// restore.
    fn generation_of(&self, what: Numbered, number: u64) -> Option<&Generation> {
        let began_before = |generation: &&Generation| number > generation.counted(what);
        self.generations.iter().rev().find(began_before)
    }

    fn begin(&mut self, counted: Vec<(String, u64)>, now: UnixMillis) {
        let id = crate::random_hex(GENERATION_BYTES);
        self.generations.push(Generation { id, began_at: now, counted });
    }
}

impl Generation {
    fn counted(&self, what: Numbered) -> u64 {
        let of_kind = |(kind, _): &&(String, u64)| kind == what.kind();
        self.counted.iter().find(of_kind).map_or(0, |(_, last)| *last)
    }
}

/// The store's identity, generated if it has none.
pub(super) fn find_or_make(unit: &Unit) -> Result<StoreIdentity, Failure> {
    if let Some(row) = unit.get(IDENTITY, &0)? {
        return Ok(row);
    }
    let row = StoreIdentity::new();
    unit.put(IDENTITY, &0, &row)?;
    Ok(row)
}

/// Begins a generation: everything numbered from now on has a new name. With `rows_through`,
/// existing rows after that one get the new name too.
///
/// # Errors
/// [`Failure`] of the store.
pub(crate) fn begin_generation(unit: &Unit, rows_through: Option<u64>) -> Result<(), Failure> {
    let mut identity = find_or_make(unit)?;
    let mut counted = unit.counted()?;
    if let Some(through) = rows_through {
        let before = identity.generations.last().map_or(0, |it| it.counted(Numbered::Row));
        for (_, last) in counted.iter_mut().filter(|(kind, _)| kind == Numbered::Row.kind()) {
            *last = through.clamp(before, (*last).max(before));
        }
    }
    identity.begin(counted, unit.now());
    Ok(unit.put(IDENTITY, &0, &identity)?)
}

/// Stores the start token, and the one that the start file has until it is written.
///
/// # Errors
/// [`Failure`] of the store.
pub(crate) fn put_start(
    unit: &Unit,
    start: Option<String>,
    start_before: Option<String>,
) -> Result<(), Failure> {
    let identity = find_or_make(unit)?;
    Ok(unit.put(IDENTITY, &0, &StoreIdentity { start, start_before, ..identity })?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Row;

    #[test]
    fn a_row_of_the_first_version_is_read() {
        let bytes = [b"\x10".as_slice(), b"4f1c22a09be3d871"].concat();
        let row = StoreIdentity::read(1, &bytes).expect("read");
        let identity = Identity { row, last_row: 7 };
        assert_eq!(identity.current(), "4f1c22a09be3d871");
        assert_eq!(identity.of_number(Numbered::Payment, 1), "4f1c22a09be3d871");
        assert_eq!((identity.place(7), identity.row_at("7")), ("7".to_owned(), Ok(7)));
    }

    #[test]
    fn a_number_keeps_the_name_it_was_counted_under() {
        let first = Identity::of_store("abc", 40);
        let second = first.clone().put_back(10);
        let third = second.clone().put_back(20);
        for row in [1, 10] {
            assert_eq!(third.of_number(Numbered::Row, row), "abc");
        }
        let name = |identity: &Identity, row| identity.of_number(Numbered::Row, row);
        assert_eq!(name(&third, 11), name(&second, 11));
        assert_eq!(name(&third, 20), name(&second, 40));
        let names = [name(&first, 21), name(&second, 21), name(&third, 21)];
        assert!(names[0] != names[1] && names[1] != names[2] && names[0] != names[2]);
        assert_eq!(third.current(), names[2]);
        assert!(names[2].starts_with("abcr") && names[2].len() == 4 + 2 * GENERATION_BYTES);
        // A number that a new counter starts from 1 belongs to the last generation.
        assert_eq!(third.of_number(Numbered::Payment, 1), third.current());
        let twin = second.clone().put_back(20);
        assert_ne!(twin.current(), third.current(), "two shops from one copy");
    }

    #[test]
    fn the_origin_of_a_row_follows_from_its_name_and_number() {
        let old = Identity::of_store("abc", 12);
        let new = old.clone().put_back(10);
        assert_eq!(old.origin("abc", 12), Origin::Here);
        assert_eq!(old.origin("abc", 13), Origin::Ahead);
        assert_eq!(old.origin(&new.current(), 11), Origin::OtherGeneration);
        assert_eq!(new.origin("abc", 10), Origin::Here);
        assert_eq!(new.origin("abc", 11), Origin::OtherGeneration);
        assert_eq!(new.origin(&new.current(), 11), Origin::Here);
        assert_eq!(new.origin(&new.current(), 13), Origin::Ahead);
        assert_eq!(new.origin("abcd", 1), Origin::OtherStore);
        assert_eq!(new.origin("", 1), Origin::OtherStore);
    }

    #[test]
    fn a_place_is_valid_in_its_own_generation() {
        let old = Identity::of_store("abc", 12);
        let new = old.clone().put_back(10);
        for place in [old.place(12), "11".to_owned(), "99".to_owned()] {
            assert_eq!(new.row_at(&place), Err(PlaceError::Unknown), "{place}");
        }
        assert_eq!(old.row_at("13"), Err(PlaceError::Unknown));
        assert_eq!(new.row_at("0"), Ok(0));
        for row in [1, 10, 11, 12] {
            assert_eq!(new.row_at(&new.place(row)), Ok(row));
        }
        assert_eq!(old.row_at(&new.place(11)), Err(PlaceError::Unknown));
        for place in ["", "-", "x", "1-", "-1", "+1", "1-ab-cd", "1-%", "1 2", "1.5"] {
            assert_eq!(new.row_at(place), Err(PlaceError::Malformed), "{place:?}");
        }
        assert_eq!(new.row_at("99999999999999999999999"), Err(PlaceError::Unknown));
    }
}
