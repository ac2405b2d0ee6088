//! Looks at a database for `souk doctor`, and changes nothing in it.

use super::database::{Database, DatabaseError};
use super::schema::within;
use super::session::{connect, refused};
use crate::store::Schema;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// What was found.
#[derive(Debug)]
pub struct DatabaseReport {
    /// The version of PostgreSQL, such as `15.4`.
    pub version: String,
    /// Its first number.
    pub major: i32,
    /// How far this machine's clock is ahead of the database's, in seconds.
    pub clock_ahead: f64,
    /// Whether the server waits for its disk.
    pub has_fsync: bool,
    /// Whether its commits are durable before they are answered, unless a client asks for it.
    pub has_synchronous_commit: bool,
    /// Connections that it takes from ordinary users.
    pub connections_max: i64,
    /// Connections that are open now.
    pub connections_used: i64,
    /// Whether this connection is encrypted.
    pub has_tls: bool,
    /// Why a shop cannot use its tables, if it cannot.
    pub tables: Result<(), DatabaseError>,
}

/// Looks at a database.
///
/// # Errors
/// [`DatabaseError`]: it cannot be reached, or does not answer.
pub async fn examine(
    database: &Database,
    schema: &Schema,
) -> Result<DatabaseReport, DatabaseError> {
    const LOOK: &str = "SELECT current_setting('server_version'),
        current_setting('server_version_num')::int4 / 10000,
        extract(epoch FROM clock_timestamp())::float8,
        current_setting('fsync')::bool,
        (SELECT reset_val <> 'off' FROM pg_settings WHERE name = 'synchronous_commit'),
        current_setting('max_connections')::int8
            - current_setting('superuser_reserved_connections')::int8,
        (SELECT sum(numbackends)::int8 FROM pg_stat_database),
        coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false)";
    let failed = |error: tokio_postgres::Error| refused(database, &error);
    let client = connect(database).await?;
    let asked = Instant::now();
    let row = client.query_one(LOOK, &[]).await.map_err(failed)?;
    let here = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    let now_there: f64 = row.get(2);
    let begin = client.batch_execute("BEGIN READ ONLY").await;
    begin.map_err(failed)?;
    Ok(DatabaseReport {
        version: row.get(0),
        major: row.get(1),
        clock_ahead: here - asked.elapsed().as_secs_f64() / 2.0 - now_there,
        has_fsync: row.get(3),
        has_synchronous_commit: row.get(4),
        connections_max: row.get(5),
        connections_used: row.get(6),
        has_tls: row.get(7),
        tables: within(&client, database, schema, false).await.map(drop),
    })
}
