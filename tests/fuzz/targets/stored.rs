//! What is fuzzed of the store: how its rows are read, and the places that readers of events name. A file
//! may be damaged or changed by somebody; whatever is in it, reading refuses it or gives a value.

use crate::outbox::Identity;
use crate::store::{self, RowReader};
use crate::{
    carts, catalog, idempotency, leases, orders, outbox, payments, sandbox, terms, users, webhooks,
};

#[cfg(test)]
mod suite;

/// What takes any octets.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also that of its corpus.
pub const TARGETS: &[(&str, Target)] = &[("event_place", event_place), ("row", row)];

/// Every table of a shop.
pub(crate) const READERS: &[&[RowReader]] = &[
    store::READERS,
    terms::READERS,
    outbox::READERS,
    idempotency::READERS,
    leases::READERS,
    users::READERS,
    catalog::READERS,
    carts::READERS,
    orders::READERS,
    payments::READERS,
    sandbox::READERS,
    webhooks::READERS,
];

/// A row: the name of its table, a line break, and the octets of a row or a key. Without the name of a
/// table every table reads the whole input.
fn row(input: &[u8]) {
    let end = input.iter().position(|octet| *octet == b'\n');
    let named = end.map(|end| (&input[..end], &input[end + 1..]));
    let readers = || READERS.iter().copied().flatten();
    let meant = named.and_then(|(name, octets)| {
        readers().find(|reader| reader.table.as_bytes() == name).map(|reader| (reader, octets))
    });
    match meant {
        Some((reader, octets)) => reread(reader, octets),
        None => readers().for_each(|reader| reread(reader, input)),
    }
}

/// A key that was read has those octets and no others; a row that was read can be written and read again.
fn reread(reader: &RowReader, octets: &[u8]) {
    if let Some(key) = (reader.key)(octets) {
        assert_eq!(key, octets, "a key of {}", reader.table);
    }
    if let Some(row) = (reader.row)(octets) {
        assert_eq!((reader.row)(&row).as_ref(), Some(&row), "a row of {}", reader.table);
    }
}

/// The place in the events behind which a reader goes on.
fn event_place(input: &[u8]) {
    const LAST_ROW: u64 = 1_000;
    let identity = Identity::of_store("0123456789abcdef", LAST_ROW).put_back(600);
    let text = std::str::from_utf8(input).unwrap_or_default();
    let Ok(row) = identity.row_at(text) else { return };
    assert!(row <= LAST_ROW, "{text}");
    assert_eq!(identity.row_at(&identity.place(row)), Ok(row));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn row() {
        suite::run("row", super::row);
    }

    #[test]
    fn event_place() {
        suite::run("event_place", super::event_place);
    }

    #[test]
    fn every_table_has_a_reader() {
        let read: BTreeSet<_> =
            READERS.iter().copied().flatten().map(|reader| reader.table).collect();
        let of_every_store = store::READERS.iter().map(|reader| reader.table);
        assert_eq!(read, crate::tables().into_iter().chain(of_every_store).collect());
    }
}
