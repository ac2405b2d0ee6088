//! The floor of checkout: redb alone, one thread, committing the rows of orders.

use crate::Outcome;
use crate::load::Answers;
use crate::store_rows::{Kind, RawTable, TableRows, number_of};
use redb::{Database, Durability, TableDefinition};
use souk_actors::store::StoreLimits;
use std::path::Path;
use std::time::{Duration, Instant};

/// A store and the rows to write into it.
pub(crate) struct RawStore {
    database: Database,
    tables: Vec<TableRows>,
    orders: u64,
}

impl RawStore {
    /// Opens a copy of a real store, with the cache Souk gives it.
    pub(crate) fn open(file: &Path, tables: Vec<TableRows>) -> Outcome<Self> {
        let mut builder = redb::Builder::new();
        builder.set_cache_size(StoreLimits::default().cache_bytes);
        Ok(Self { database: builder.open(file)?, tables, orders: 0 })
    }

    /// Commits durable batches of this many orders (on average) for this long.
    pub(crate) fn run(&mut self, orders_per_commit: f64, length: Duration) -> Outcome<Answers> {
        let start = Instant::now();
        let mut answers = 0;
        let mut due = 0.0;
        while start.elapsed() < length {
            due += orders_per_commit;
            let batch = due as u64;
            due -= batch as f64;
            self.commit(batch)?;
            answers += batch;
        }
        Ok(Answers { answers, seconds: start.elapsed().as_secs_f64() })
    }

    fn commit(&mut self, batch: u64) -> Outcome<()> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        for rows in &self.tables {
            let definition: RawTable<'_> = TableDefinition::new(&rows.name);
            let mut table = transaction.open_table(definition)?;
            for order in self.orders..self.orders + batch {
                rows.write(order, |key, value| table.insert(key, value).map(drop))?;
            }
        }
        transaction.commit()?;
        self.orders += batch;
        Ok(())
    }
}

impl TableRows {
    /// Writes the rows of the order with this number.
    fn write(
        &self,
        order: u64,
        mut insert: impl FnMut(&[u8], &[u8]) -> Result<(), redb::StorageError>,
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
