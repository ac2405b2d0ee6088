//! A database as one end of a copy of a whole store. Everything happens in one transaction, so an end
//! that is dropped has changed nothing.

use super::database::{Database, DatabaseError};
use super::schema::{Prepared, begin, within};
use super::session::{connect, refused};
use crate::store::Schema;
use crate::store::transfer::RawRow;
use std::pin::pin;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Statement};

/// The number of the epoch after a copy. A process that had opened the empty database misses the one
/// before it, and stops instead of going on without the rows.
const EPOCH: i64 = 2;

/// A connection in the transaction of a copy.
pub(in crate::store) struct DatabaseEnd {
    database: Database,
    client: Client,
    prepared: Prepared,
    page: Statement,
    tag: i64,
}

impl DatabaseEnd {
    /// Begins to read one committed state.
    pub(in crate::store) async fn source(
        database: &Database,
        schema: &Schema,
    ) -> Result<Self, DatabaseError> {
        let client = connect_patiently(database).await?;
        let begin = client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await;
        begin.map_err(|error| refused(database, &error))?;
        let prepared = within(&client, database, schema, false).await?;
        Self::new(database, client, prepared).await
    }

    /// Begins to write a store, with what is there already if the database is not empty.
    pub(in crate::store) async fn target(
        database: &Database,
        schema: &Schema,
    ) -> Result<(Self, Option<String>), DatabaseError> {
        const LOCK: &str = "SELECT last FROM souk_epoch WHERE shop = 1 FOR UPDATE";
        const IS_EMPTY: &str = "SELECT NOT EXISTS (SELECT 1 FROM souk_kv)";
        let client = connect_patiently(database).await?;
        begin(database, &client).await?;
        let prepared = within(&client, database, schema, true).await?;
        let target = Self::new(database, client, prepared).await?;
        let last: i64 = target.get(LOCK).await?;
        let is_empty: bool = target.get(IS_EMPTY).await?;
        let found = match (last, is_empty) {
            (0, true) => None,
            (0, false) => Some("it has rows".to_owned()),
            (last, _) => Some(format!("a shop with {last} epochs is in it")),
        };
        Ok((target, found))
    }

    async fn new(
        database: &Database,
        client: Client,
        prepared: Prepared,
    ) -> Result<Self, DatabaseError> {
        const PAGE: &str =
            "SELECT k, v FROM souk_kv WHERE t = $1 AND k >= $2 ORDER BY t, k LIMIT $3";
        let page = client.prepare_typed(PAGE, &[Type::INT2, Type::BYTEA, Type::INT8]).await;
        let page = page.map_err(|error| refused(database, &error))?;
        let tag = i64::try_from(crate::random_u64() >> 1).unwrap_or(1).max(1);
        Ok(Self { database: database.clone(), client, prepared, page, tag })
    }

    fn refused(&self, error: &tokio_postgres::Error) -> DatabaseError {
        refused(&self.database, error)
    }

    /// The only value of a statement's only row.
    async fn get<T>(&self, statement: &str) -> Result<T, DatabaseError>
    where
        T: for<'a> tokio_postgres::types::FromSql<'a>,
    {
        let row = self.client.query_one(statement, &[]).await;
        row.and_then(|row| row.try_get(0)).map_err(|error| self.refused(&error))
    }

    async fn execute(&self, statements: &str) -> Result<(), DatabaseError> {
        self.client.batch_execute(statements).await.map_err(|error| self.refused(&error))
    }

    /// Tables with rows that this program does not know.
    pub(in crate::store) async fn unknown_tables(
        &self,
        schema: &Schema,
    ) -> Result<Vec<String>, DatabaseError> {
        const TABLES: &str = "SELECT name FROM souk_tables AS known WHERE name <> ALL ($1)
            AND EXISTS (SELECT 1 FROM souk_kv WHERE souk_kv.t = known.t) ORDER BY 1";
        let rows = self.client.query(TABLES, &[&schema.tables]).await;
        let rows = rows.map_err(|error| self.refused(&error))?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// All rows.
    pub(in crate::store) async fn count(&self) -> Result<u64, DatabaseError> {
        let count: i64 = self.get("SELECT count(*) FROM souk_kv").await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Other connections of Souk to this database.
    pub(in crate::store) async fn connections(&self) -> Result<u64, DatabaseError> {
        const OTHERS: &str =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
            AND application_name = current_setting('application_name') AND pid <> pg_backend_pid()";
        let count: i64 = self.get(OTHERS).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Rows of a table from this key on, at most `limit`.
    pub(in crate::store) async fn rows(
        &self,
        table: usize,
        from: &[u8],
        limit: usize,
    ) -> Result<Vec<RawRow>, DatabaseError> {
        let (number, limit) = (self.number(table), i64::try_from(limit).unwrap_or(i64::MAX));
        let rows = self.client.query(&self.page, &[&number, &from, &limit]).await;
        let rows = rows.map_err(|error| self.refused(&error))?;
        let read = |row: &tokio_postgres::Row| Ok((row.try_get(0)?, row.try_get(1)?));
        rows.iter().map(read).collect::<Result<_, _>>().map_err(|error| self.refused(&error))
    }

    /// Writes rows of a table.
    pub(in crate::store) async fn put(
        &self,
        table: usize,
        rows: &[RawRow],
    ) -> Result<(), DatabaseError> {
        const COPY: &str = "COPY souk_kv (t, k, v) FROM STDIN (FORMAT binary)";
        let copied = async {
            let sink = self.client.copy_in(COPY).await?;
            let types = [Type::INT2, Type::BYTEA, Type::BYTEA];
            let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
            for (key, row) in rows {
                writer.as_mut().write(&[&self.number(table), key, row]).await?;
            }
            writer.finish().await
        };
        copied.await.map(drop).map_err(|error| self.refused(&error))
    }

    fn number(&self, table: usize) -> i16 {
        self.prepared.tables.numbers[table]
    }

    /// Writes the epoch by which processes find their place in the log. The rows can then be read.
    pub(in crate::store) async fn end_writing(&self) -> Result<(), DatabaseError> {
        const LOG: &str =
            "INSERT INTO souk_epochs (no, tag, t, k, v) VALUES ($1, $2, '{}', '{}', '{}')";
        const END: &str = "UPDATE souk_epoch SET last = $1 WHERE shop = 1";
        const NAME: &str = "UPDATE souk_meta SET value = $1 WHERE key = 'store'";
        let written = async {
            self.client.execute(LOG, &[&EPOCH, &self.tag]).await?;
            self.client.execute(END, &[&EPOCH]).await?;
            // Copies of the empty database must not be taken for copies of this one.
            self.client.execute(NAME, &[&crate::random_hex(8)]).await?;
            // Without it the pages of large tables may be read by sorting all rows each time.
            self.client.batch_execute("ANALYZE souk_kv").await
        };
        written.await.map_err(|error| self.refused(&error))
    }

    /// Commits what was written.
    pub(in crate::store) async fn complete(self) -> Result<(), DatabaseError> {
        self.execute("COMMIT").await?;
        // The answer to a COMMIT is not to be trusted alone: of a transaction that failed before, it
        // rolls back without an error.
        let committed = "SELECT coalesce((SELECT tag FROM souk_epochs WHERE no = 2), 0)";
        let committed: i64 = self.get(committed).await?;
        if committed == self.tag {
            return Ok(());
        }
        let (database, why) = (self.database, "the rows were not committed".to_owned());
        Err(DatabaseError::Statement { database, why })
    }
}

/// Connects for statements that may take as long as they need.
async fn connect_patiently(database: &Database) -> Result<Client, DatabaseError> {
    const PATIENCE: &str = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0";
    let client = connect(database).await?;
    client.batch_execute(PATIENCE).await.map_err(|error| refused(database, &error))?;
    Ok(client)
}
