//! The floor of checkout: redb alone, one thread, committing the rows of orders.

use crate::Outcome;
use crate::load::Answers;
use crate::store_rows::{RawTable, TableRows};
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
                rows.write(order, |key, value| {
                    table.insert(key, value)?;
                    Ok(())
                })?;
            }
        }
        transaction.commit()?;
        self.orders += batch;
        Ok(())
    }
}
