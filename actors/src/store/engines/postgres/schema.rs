//! The tables in the database: making them, and checking that they are ours.

use super::database::{Database, DatabaseError};
use super::epochs::TableNumbers;
use super::session::{connect, refused};
use crate::store::{SCHEMA_VERSION, Schema};
use std::collections::HashMap;
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use tokio_postgres::Client;

/// The format of the database's tables; the rows in them have [`SCHEMA_VERSION`].
const FORMAT: u64 = 1;
/// The most by which the clock of a process may differ from the database's, in seconds.
const CLOCK_DIFFERENCE_MAX: f64 = 2.0;
/// What processes lock that make or change the tables ("souk" in ASCII).
const MIGRATION_LOCK: i64 = 0x736F_756B;

/// The tables of format 1. `souk_kv` holds the rows. `souk_epochs` is the log by which the processes
/// follow each other's commits; a negative number marks an epoch that was given up. `souk_epoch` has
/// one row that every commit locks, so commits happen one after another, in the order of the log.
const MAKE: &str = "
    CREATE TABLE souk_meta (key text PRIMARY KEY, value text NOT NULL);
    CREATE TABLE souk_tables (t int2 PRIMARY KEY, name text UNIQUE NOT NULL);
    CREATE TABLE souk_kv (t int2, k bytea, v bytea NOT NULL, PRIMARY KEY (t, k));
    CREATE TABLE souk_epoch (shop int4 PRIMARY KEY, last int8 NOT NULL) WITH (fillfactor = 10);
    INSERT INTO souk_epoch VALUES (1, 0);
    CREATE TABLE souk_epochs (
        no int8 PRIMARY KEY,
        tag int8 UNIQUE NOT NULL,
        at timestamptz NOT NULL DEFAULT now(),
        t int2[] NOT NULL, k bytea[] NOT NULL, v bytea[] NOT NULL
    );
    ALTER TABLE souk_epochs ALTER t SET STORAGE EXTERNAL, ALTER k SET STORAGE EXTERNAL,
        ALTER v SET STORAGE EXTERNAL;
    CREATE FUNCTION souk_commit(
        base int8, its_tag int8, ts int2[], ks bytea[], vs bytea[], deletes bool
    ) RETURNS int8 LANGUAGE plpgsql AS $$
    DECLARE
        last_no int8;
    BEGIN
        SELECT last INTO last_no FROM souk_epoch WHERE shop = 1 FOR UPDATE;
        IF last_no <> base THEN
            RETURN NULL;
        END IF;
        INSERT INTO souk_epochs (no, tag, t, k, v) VALUES (base + 1, its_tag, ts, ks, vs);
        INSERT INTO souk_kv (t, k, v)
            SELECT w.t, w.k, w.v FROM unnest(ts, ks, vs) AS w (t, k, v) WHERE w.v IS NOT NULL
            ON CONFLICT (t, k) DO UPDATE SET v = excluded.v;
        IF deletes THEN
            DELETE FROM souk_kv USING unnest(ts, ks, vs) AS w (t, k, v)
                WHERE w.v IS NULL AND souk_kv.t = w.t AND souk_kv.k = w.k;
        END IF;
        UPDATE souk_epoch SET last = base + 1 WHERE shop = 1;
        RETURN base + 1;
    END
    $$;
";

/// What a store needs to know of its database.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) tables: TableNumbers,
    /// The name that the database got when its tables were made.
    pub(super) store: String,
    pub(super) made: Migration,
}

/// What was made in a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Migration {
    /// True if it had no shop before.
    pub is_new: bool,
    /// The shop's tables that it did not have.
    pub tables: Vec<&'static str>,
}

impl Prepared {
    /// Says what a copy is a copy of: the store, and the tables that its program knows. A program that
    /// knows fewer tables leaves rows out, so a copy of it is of no use to one that knows more.
    pub(super) fn copied(&self) -> String {
        format!("{} {:?}", self.store, self.tables.numbers)
    }
}

/// Checks the database, and makes what is missing if `makes`. All of it or nothing.
pub(super) async fn prepare(
    database: &Database,
    schema: &Schema,
    makes: bool,
) -> Result<Prepared, DatabaseError> {
    let client = connect(database).await?;
    let failed = |error: tokio_postgres::Error| refused(database, &error);
    compare_clocks(database, &client).await?;
    refuse_transaction_pooling(database, &client).await?;
    begin(database, &client).await?;
    let prepared = within(&client, database, schema, makes).await?;
    client.batch_execute("COMMIT").await.map_err(failed)?;
    Ok(prepared)
}

/// Begins a transaction that may make tables. One at a time.
pub(super) async fn begin(database: &Database, client: &Client) -> Result<(), DatabaseError> {
    const IS_READ_ONLY: &str =
        "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::bool";
    let failed = |error: tokio_postgres::Error| refused(database, &error);
    client.batch_execute("BEGIN").await.map_err(failed)?;
    let is_read_only = client.query_one(IS_READ_ONLY, &[]).await.map_err(failed)?;
    if is_read_only.get::<_, bool>(0) {
        return Err(DatabaseError::ReadOnly { database: database.clone() });
    }
    let lock = client.execute("SELECT pg_advisory_xact_lock($1)", &[&MIGRATION_LOCK]).await;
    lock.map_err(failed)?;
    Ok(())
}

/// Checks the database in a transaction, and makes what is missing if `makes`.
pub(super) async fn within(
    begun: &Client,
    database: &Database,
    schema: &Schema,
    makes: bool,
) -> Result<Prepared, DatabaseError> {
    let failed = |error: tokio_postgres::Error| refused(database, &error);
    let tables = "SELECT c.relname::text FROM pg_class c WHERE c.relkind IN ('r', 'p')
        AND c.relnamespace = current_schema()::regnamespace ORDER BY 1";
    let tables: Vec<String> =
        begun.query(tables, &[]).await.map_err(failed)?.iter().map(|row| row.get(0)).collect();
    let is_new = !tables.iter().any(|table| table == "souk_meta");
    if is_new {
        if !tables.is_empty() {
            let tables = tables[..tables.len().min(3)].join(", ");
            return Err(DatabaseError::OtherApplication { database: database.clone(), tables });
        }
        if !makes {
            return Err(DatabaseError::NoShop { database: database.clone() });
        }
        begun.batch_execute(MAKE).await.map_err(failed)?;
        let about = [
            ("format", FORMAT.to_string()),
            ("schema_version", SCHEMA_VERSION.to_string()),
            ("kind", schema.kind.mark().to_string()),
            ("store", crate::random_hex(8)),
        ];
        for (key, value) in about {
            let put = "INSERT INTO souk_meta VALUES ($1, $2)";
            begun.execute(put, &[&key, &value]).await.map_err(failed)?;
        }
    }
    let store = check_about(begun, database, schema).await?;
    let (numbers, tables) = number_tables(begun, database, schema, makes).await?;
    Ok(Prepared { tables: numbers, store, made: Migration { is_new, tables } })
}

/// Refuses other formats and kinds. Returns the store's name.
async fn check_about(
    begun: &Client,
    database: &Database,
    schema: &Schema,
) -> Result<String, DatabaseError> {
    let about = begun.query("SELECT key, value FROM souk_meta", &[]).await;
    let about = about.map_err(|error| refused(database, &error))?;
    let about: HashMap<String, String> = about.iter().map(|row| (row.get(0), row.get(1))).collect();
    let of = |key| about.get(key).cloned().unwrap_or_default();
    let found = format!("{}.{}.{}", of("format"), of("schema_version"), of("kind"));
    let known = format!("{FORMAT}.{SCHEMA_VERSION}.{}", schema.kind.mark());
    if found != known {
        return Err(DatabaseError::UnknownFormat { database: database.clone(), found, known });
    }
    Ok(of("store"))
}

/// The numbers of the schema's tables, and the tables that had none. They are numbered if `makes`.
async fn number_tables(
    begun: &Client,
    database: &Database,
    schema: &Schema,
    makes: bool,
) -> Result<(TableNumbers, Vec<&'static str>), DatabaseError> {
    let failed = |error: tokio_postgres::Error| refused(database, &error);
    let known = begun.query("SELECT name, t FROM souk_tables", &[]).await.map_err(failed)?;
    let mut known: HashMap<String, i16> =
        known.iter().map(|row| (row.get(0), row.get(1))).collect();
    let mut names = schema.tables.clone();
    names.sort_unstable();
    let (mut numbers, mut missing) = (Vec::with_capacity(names.len()), Vec::new());
    for name in names {
        let number = match known.get(name) {
            Some(number) => *number,
            None => {
                missing.push(name);
                let number = known.values().max().map_or(1, |last| last + 1);
                if makes {
                    let put = "INSERT INTO souk_tables VALUES ($1, $2)";
                    begun.execute(put, &[&number, &name]).await.map_err(failed)?;
                }
                known.insert(name.to_owned(), number);
                number
            }
        };
        numbers.push(number);
    }
    if !makes && !missing.is_empty() {
        let tables = missing.join(", ");
        return Err(DatabaseError::Incomplete { database: database.clone(), tables });
    }
    Ok((TableNumbers::new(numbers), missing))
}

/// The leases of run-once work compare times of several machines.
async fn compare_clocks(database: &Database, client: &Client) -> Result<(), DatabaseError> {
    let asked = Instant::now();
    let row = client.query_one("SELECT extract(epoch FROM clock_timestamp())::float8", &[]).await;
    let theirs: f64 = row.map_err(|error| refused(database, &error))?.get(0);
    let here = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = here.as_secs_f64() - asked.elapsed().as_secs_f64() / 2.0 - theirs;
    if seconds.abs() > CLOCK_DIFFERENCE_MAX {
        return Err(DatabaseError::Clock { database: database.clone(), seconds });
    }
    Ok(())
}

/// Two connections at a time have two server processes, unless a pooler lends one to both.
async fn refuse_transaction_pooling(
    database: &Database,
    client: &Client,
) -> Result<(), DatabaseError> {
    const PID: &str = "SELECT pg_backend_pid()";
    let failed = |error: tokio_postgres::Error| refused(database, &error);
    let other = connect(database).await?;
    let first: i32 = client.query_one(PID, &[]).await.map_err(failed)?.get(0);
    let second: i32 = other.query_one(PID, &[]).await.map_err(failed)?.get(0);
    if first == second {
        return Err(DatabaseError::TransactionPooling { database: database.clone() });
    }
    Ok(())
}
