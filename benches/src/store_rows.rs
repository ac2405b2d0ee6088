//! The rows that an order writes. They are found by comparing the store before and after some real
//! orders, so the floor always matches the code.
//!
//! Today, with [`crate::world::LINES_PER_ORDER`] = 2, an order without an idempotency key and
//! without clearing the cart writes 13 different rows in 7 tables (`orders/place.rs`,
//! `catalog/stock.rs`, `outbox/mod.rs` in `actors/src`):
//!
//! | table | rows |
//! |---|---|
//! | `ids.last` | 3: the last order, order line and outbox row, written 1 + 2 + 4 times |
//! | `catalog.stock` | 1 per line |
//! | `orders.rows`, `orders.by_customer`, `orders.by_expiry`, `orders.summary` | 1 each |
//! | `outbox.rows` | 1 per line (`stock_changed`), 1 `placed`, 1 mail |
//!
//! The floor writes each of them once per order, with the octets of the real ones.

use crate::{Outcome, complaint};
use redb::{ReadOnlyDatabase, ReadableDatabase, ReadableTable, TableDefinition, TableHandle};
use std::collections::BTreeMap;
use std::path::Path;

/// Key and value, as stored in the file.
pub(crate) type Row = (Vec<u8>, Vec<u8>);
pub(crate) type RawTable<'a> = TableDefinition<'a, &'static [u8], &'static [u8]>;

/// Written by the turns of the mail drain, not by orders; the second gets a row each minute.
const NOT_OF_ORDERS: [&str; 2] = ["outbox.cursors", "outbox.acknowledged"];

/// The rows that the orders wrote into one table.
pub(crate) struct TableRows {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Sorted by key; new ones by their number, which is the key's last eight octets.
    pub(crate) rows: Vec<Row>,
    pub(crate) per_order: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// New rows, numbered upwards.
    New,
    /// Existing rows, different ones for every order: stock.
    Own,
    /// Existing rows, the same for all orders: counters and totals.
    Shared,
}

/// Compares the store before and after this many orders.
pub(crate) fn of_orders(
    before: &Content,
    after: Content,
    orders: usize,
) -> Outcome<Vec<TableRows>> {
    let mut found = Vec::new();
    for (name, rows) in after {
        let known = before.get(&name).ok_or_else(|| complaint("a table came into being"))?;
        if known.keys().any(|key| !rows.contains_key(key)) {
            return Err(complaint(format!("an order deletes rows of {name}; the floor must too")));
        }
        if NOT_OF_ORDERS.contains(&name.as_str()) {
            continue;
        }
        let (old, mut new): (Vec<Row>, Vec<Row>) =
            rows.into_iter().partition(|(key, _)| known.contains_key(key));
        let changed: Vec<Row> =
            old.into_iter().filter(|(key, value)| known.get(key) != Some(value)).collect();
        new.sort_by_key(|(key, _)| number_of(key));
        let changed_kind = if changed.len() < orders { Kind::Shared } else { Kind::Own };
        for (kind, rows) in [(Kind::New, new), (changed_kind, changed)] {
            let per_order = if kind == Kind::Shared { rows.len() } else { rows.len() / orders };
            if kind != Kind::Shared && per_order * orders != rows.len() {
                return Err(complaint(format!("{} rows of {name} for {orders}", rows.len())));
            }
            if per_order > 0 {
                found.push(TableRows { name: name.clone(), kind, rows, per_order });
            }
        }
    }
    Ok(found)
}

impl TableRows {
    /// Writes the rows of the order with this number.
    pub(crate) fn write(
        &self,
        order: u64,
        mut insert: impl FnMut(&[u8], &[u8]) -> Outcome<()>,
    ) -> Outcome<()> {
        let per_order = self.per_order as u64;
        let known = self.rows.len() as u64;
        for place in 0..per_order {
            let written = match self.kind {
                Kind::Shared => place,
                Kind::New | Kind::Own => order * per_order + place,
            };
            let (key, value) = &self.rows[(written % known) as usize];
            if self.kind != Kind::New {
                insert(key, value)?;
                continue;
            }
            let (last, _) = &self.rows[self.rows.len() - 1];
            let is_clock = self.rows.is_sorted_by_key(|(key, _)| &key[..key.len() - 8]);
            // Before the number comes a time, which advances, or a customer, who repeats.
            let mut key = if is_clock { last.clone() } else { key.clone() };
            let number = number_of(last) + 1 + written;
            let end = key.len();
            key[end - 8..].copy_from_slice(&number.to_be_bytes());
            insert(&key, value)?;
        }
        Ok(())
    }
}

/// The last eight octets of a key: the number of a row.
fn number_of(key: &[u8]) -> u64 {
    let octets = key.last_chunk::<8>().copied().unwrap_or_default();
    u64::from_be_bytes(octets)
}

/// All rows of all tables, by the table's name.
pub(crate) type Content = BTreeMap<String, BTreeMap<Vec<u8>, Vec<u8>>>;

pub(crate) fn read(file: &Path) -> Outcome<Content> {
    let database = ReadOnlyDatabase::open(file)?;
    let transaction = database.begin_read()?;
    let mut tables = BTreeMap::new();
    for handle in transaction.list_tables()? {
        let definition: RawTable<'_> = TableDefinition::new(handle.name());
        // The one table of other types holds the schema version of the file.
        let Ok(table) = transaction.open_table(definition) else { continue };
        let mut rows = BTreeMap::new();
        for row in table.iter()? {
            let (key, value) = row?;
            rows.insert(key.value().to_vec(), value.value().to_vec());
        }
        tables.insert(handle.name().to_owned(), rows);
    }
    Ok(tables)
}
