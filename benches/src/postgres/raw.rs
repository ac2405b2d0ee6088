//! The floor of checkout on PostgreSQL: connections that write the rows of orders, many orders a
//! statement, into a table like Souk's, and nothing else.

use super::{Client, Cluster};
use crate::load::Answers;
use crate::store_rows::{Content, TableRows};
use crate::{Outcome, complaint};
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};
use tokio_postgres::Statement;

/// The statement of `souk_commit` that writes the rows.
const UPSERT: &str = "INSERT INTO raw_kv (t, k, v)
    SELECT w.t, w.k, w.v FROM unnest($1::int2[], $2::bytea[], $3::bytea[]) AS w (t, k, v)
    ON CONFLICT (t, k) DO UPDATE SET v = excluded.v";
/// Added to the numbers of the tables for each connection, so that each has its own rows.
const TABLES_OF_EACH: usize = 1_000;

/// A database with a table like Souk's, and connections that write into it.
pub(crate) struct RawPostgres {
    tables: Vec<(i16, TableRows)>,
    writers: Vec<RawWriter>,
}

struct RawWriter {
    client: Client,
    upsert: Statement,
    /// Added to the numbers of its tables.
    offset: i16,
    orders: u64,
}

impl RawPostgres {
    /// Makes the database from that of a shop. Each connection has a copy of the shop's rows.
    pub(crate) fn make(
        cluster: &Cluster,
        shop: &str,
        rows: Vec<TableRows>,
        connections: usize,
    ) -> Outcome<Self> {
        let database = "raw";
        let client = cluster.create(database, Some(shop))?;
        client.batch("CREATE TABLE raw_kv (LIKE souk_kv INCLUDING ALL)")?;
        let numbers = table_numbers(&client)?;
        let number = |rows: TableRows| {
            let number = numbers.get(&rows.name).copied();
            number.map(|number| (number, rows)).ok_or_else(|| complaint("a table has no number"))
        };
        let tables = rows.into_iter().map(number).collect::<Outcome<_>>()?;
        let mut writers = Vec::new();
        for connection in 0..connections {
            let offset = i16::try_from(connection * TABLES_OF_EACH)?;
            client.batch(&format!(
                "INSERT INTO raw_kv (t, k, v) SELECT t + {offset}::int2, k, v FROM souk_kv"
            ))?;
            let client = Client::connect(&cluster.url(database))?;
            let upsert = client.prepare(UPSERT)?;
            writers.push(RawWriter { client, upsert, offset, orders: 0 });
        }
        client.batch("VACUUM ANALYZE raw_kv")?;
        client.batch("CHECKPOINT")?;
        Ok(Self { tables, writers })
    }

    /// Writes orders over this many of the connections, for this long; so many (on average) a
    /// statement, each of which commits.
    pub(crate) fn run(
        &mut self,
        connections: usize,
        orders_per_statement: f64,
        length: Duration,
    ) -> Outcome<Answers> {
        let start = Instant::now();
        let tables = &self.tables;
        let answers = std::thread::scope(|threads| {
            let write = |writer: &'_ mut RawWriter| {
                // The thread does not outlive this function.
                writer.run(tables, orders_per_statement, start + length)
            };
            let writers = self.writers.iter_mut().take(connections);
            let running: Vec<_> =
                writers.map(|writer| threads.spawn(move || write(writer))).collect();
            let ended = running
                .into_iter()
                .map(|thread| thread.join().map_err(|_| complaint("a raw writer panicked"))?);
            ended.sum::<Outcome<u64>>()
        })?;
        Ok(Answers { answers, seconds: start.elapsed().as_secs_f64() })
    }
}

impl RawWriter {
    fn run(
        &mut self,
        tables: &[(i16, TableRows)],
        orders_per_statement: f64,
        end: Instant,
    ) -> Outcome<u64> {
        let (mut answers, mut due) = (0, 0.0);
        while Instant::now() < end {
            due += orders_per_statement;
            let batch = due as u64;
            due -= batch as f64;
            self.write(tables, batch)?;
            answers += batch;
        }
        Ok(answers)
    }

    fn write(&mut self, tables: &[(i16, TableRows)], batch: u64) -> Outcome<()> {
        // As in an epoch, a row that several orders write is written once, and all are sorted.
        let mut rows: BTreeMap<(i16, Vec<u8>), Vec<u8>> = BTreeMap::new();
        for (number, table) in tables {
            for order in self.orders..self.orders + batch {
                table.write(order, |key, value| {
                    rows.insert((number + self.offset, key.to_vec()), value.to_vec());
                    Ok(())
                })?;
            }
        }
        self.orders += batch;
        let (mut numbers, mut keys, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for ((number, key), value) in rows {
            numbers.push(number);
            keys.push(key);
            values.push(value);
        }
        self.client.execute(&self.upsert, &[&numbers, &keys, &values]).map(drop)
    }
}

fn table_numbers(client: &Client) -> Outcome<HashMap<String, i16>> {
    let rows = client.query("SELECT name, t FROM souk_tables")?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// All rows of the shop in a database.
pub(crate) fn content(client: &Client) -> Outcome<Content> {
    let mut content = Content::new();
    let names = client.query("SELECT name FROM souk_tables")?;
    for row in &names {
        content.insert(row.try_get(0)?, BTreeMap::new());
    }
    let rows = "SELECT name, k, v FROM souk_kv JOIN souk_tables USING (t)";
    for row in client.query(rows)? {
        let (name, key, value): (String, _, _) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        content.entry(name).or_default().insert(key, value);
    }
    Ok(content)
}
