//! A connection to the database, with the statements that are used on it.

use super::database::{Database, DatabaseError};
use super::epochs::LoggedEpoch;
use crate::store::write_set::WriteSet;
use std::time::Duration;
use tokio_postgres::error::{Severity, SqlState};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row, Statement};

/// How long an answer of the database may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How long a connection may take with its handshake.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// The same with everything that is asked before it is used.
const READY_WITHIN: Duration = Duration::from_secs(8);
/// Most epochs that one statement reads.
pub(super) const EPOCHS_AT_ONCE: i64 = 256;

/// What every connection is set to. A process that stops within a transaction must not hold the
/// others up: the database ends such a transaction after a second.
const SETTINGS: &str = "
    SET lock_timeout = '5s';
    SET idle_in_transaction_session_timeout = '1s';
    SET default_transaction_isolation = 'read committed';
    SET jit = off;
";

const EPOCHS: &str = "SELECT no, tag, t, k, v, (SELECT last FROM souk_epoch WHERE shop = 1)
    FROM souk_epochs WHERE no > $1 ORDER BY no LIMIT $2";
const LOCK: &str = "SELECT last FROM souk_epoch WHERE shop = 1 FOR UPDATE";
const COMMIT: &str = "SELECT souk_commit($1, $2, $3, $4, $5, $6)";

/// Why a statement had no answer.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The connection is lost; what the statement did is unknown.
    Lost(String),
    /// Another transaction was in the way. The statement did nothing.
    Crossed,
    /// The database refused. The statement did nothing.
    Refused(String),
}

impl Trouble {
    fn of(error: &tokio_postgres::Error) -> Self {
        let Some(refusal) = error.as_db_error() else { return Self::Lost(with_causes(error)) };
        let is_ended = refusal
            .parsed_severity()
            .is_none_or(|severity| matches!(severity, Severity::Fatal | Severity::Panic));
        match refusal.code() {
            _ if is_ended => Self::Lost(with_causes(error)),
            &SqlState::LOCK_NOT_AVAILABLE
            | &SqlState::T_R_DEADLOCK_DETECTED
            | &SqlState::T_R_SERIALIZATION_FAILURE
            | &SqlState::UNIQUE_VIOLATION => Self::Crossed,
            _ => Self::Refused(with_causes(error)),
        }
    }

    pub(super) fn text(&self) -> String {
        match self {
            Self::Lost(why) | Self::Refused(why) => why.clone(),
            Self::Crossed => "another transaction was in the way".to_owned(),
        }
    }
}

/// An error with its causes.
pub(super) fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.ends_with(&said) {
            text = format!("{text}: {said}");
        }
        cause = error.source();
    }
    text
}

/// A connection.
pub(super) struct Session {
    pub(super) client: Client,
    epochs: Statement,
    lock: Statement,
    commit: Statement,
}

impl Session {
    /// Connects to a database whose tables are made.
    pub(super) async fn connect(database: &Database) -> Result<Self, DatabaseError> {
        // The server's machine may take what is sent though the server stands still.
        let late = |_| DatabaseError::Connect {
            database: database.clone(),
            why: format!("it is not ready within {READY_WITHIN:?}"),
        };
        tokio::time::timeout(READY_WITHIN, Self::prepared(database)).await.map_err(late)?
    }

    async fn prepared(database: &Database) -> Result<Self, DatabaseError> {
        let client = connect(database).await?;
        let prepared = async {
            let (int, ints) = (Type::INT8, Type::INT2_ARRAY);
            let epochs = client.prepare_typed(EPOCHS, &[int.clone(), int.clone()]).await?;
            let lock = client.prepare(LOCK).await?;
            let commit = [int.clone(), int, ints, Type::BYTEA_ARRAY, Type::BYTEA_ARRAY, Type::BOOL];
            let commit = client.prepare_typed(COMMIT, &commit).await?;
            Ok((epochs, lock, commit))
        };
        let (epochs, lock, commit) = prepared.await.map_err(|error| refused(database, &error))?;
        Ok(Self { client, epochs, lock, commit })
    }

    async fn ask(
        &self,
        statement: &Statement,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Trouble> {
        within(self.client.query(statement, values)).await
    }

    /// The epochs after this one, in order, at most `limit`.
    pub(super) async fn epochs_after(
        &self,
        position: i64,
        limit: i64,
    ) -> Result<Vec<LoggedEpoch>, Trouble> {
        let rows = self.ask(&self.epochs, &[&position, &limit]).await?;
        rows.iter().map(|row| LoggedEpoch::of(row).map_err(|error| Trouble::of(&error))).collect()
    }

    /// Begins a transaction in which no other process can commit, and reads the epochs after
    /// `position` in it.
    pub(super) async fn lock(&self, position: i64) -> Result<Vec<LoggedEpoch>, Trouble> {
        // One round trip: the three are sent together, and answered in order.
        let (begun, locked, epochs) = tokio::join!(
            within(self.client.batch_execute("BEGIN")),
            self.ask(&self.lock, &[]),
            self.epochs_after(position, EPOCHS_AT_ONCE),
        );
        let result = begun.and(locked).and(epochs);
        if result.is_err() {
            let _ = self.roll_back().await;
        }
        result
    }

    /// Ends a transaction without an effect.
    pub(super) async fn roll_back(&self) -> Result<(), Trouble> {
        within(self.client.batch_execute("ROLLBACK")).await
    }

    /// Commits an epoch after the epoch `position`, and returns its number; `None` if others committed
    /// meanwhile, and it was not committed. With `in_transaction` it also ends the transaction that
    /// [`Self::lock`] began.
    pub(super) async fn commit(
        &self,
        position: i64,
        tag: i64,
        writes: &WriteSet,
        numbers: &[i16],
        in_transaction: bool,
    ) -> Result<Option<i64>, Trouble> {
        let (mut tables, mut keys, mut rows) = (Vec::new(), Vec::new(), Vec::new());
        let mut deletes = false;
        for (table, entries) in writes.written() {
            for (key, entry) in entries {
                tables.push(numbers[table]);
                keys.push(key.as_slice());
                rows.push(entry.row());
                deletes |= entry.row().is_none();
            }
        }
        let values: [&(dyn ToSql + Sync); 6] = [&position, &tag, &tables, &keys, &rows, &deletes];
        let committed = self.ask(&self.commit, &values);
        let committed = if in_transaction {
            let end = within(self.client.batch_execute("COMMIT"));
            let (committed, ended) = tokio::join!(committed, end);
            // The answer to a COMMIT is not to be trusted alone: of a transaction that failed before,
            // it rolls back without an error.
            let committed = committed?;
            ended?;
            committed
        } else {
            committed.await?
        };
        match committed.first().map(|row| row.try_get(0)) {
            Some(Ok(number)) => Ok(number),
            _ => Err(Trouble::Lost("the commit had no answer".to_owned())),
        }
    }

    /// Makes sure that the epoch with this tag can never be committed from now on. Returns its
    /// number if it was committed.
    pub(super) async fn void(&self, tag: i64) -> Result<Option<i64>, Trouble> {
        const VOID: &str = "INSERT INTO souk_epochs (no, tag, t, k, v)
            VALUES (-$1::int8, $1::int8, '{}', '{}', '{}') ON CONFLICT DO NOTHING";
        const NUMBER: &str = "SELECT no FROM souk_epochs WHERE tag = $1";
        // It waits for a transaction that is about to insert the same tag.
        within(self.client.execute(VOID, &[&tag])).await?;
        let row = within(self.client.query_one(NUMBER, &[&tag])).await?;
        let number = row.try_get::<_, i64>(0).map_err(|error| Trouble::of(&error))?;
        Ok((number > 0).then_some(number))
    }

    /// The number of the last epoch, and the tag of the epoch `position` if it is still logged.
    pub(super) async fn last_and_tag_of(
        &self,
        position: i64,
    ) -> Result<(i64, Option<i64>), Trouble> {
        const LAST: &str = "SELECT last, (SELECT tag FROM souk_epochs WHERE no = $1)
            FROM souk_epoch WHERE shop = 1";
        let row = within(self.client.query_one(LAST, &[&position])).await?;
        let read = || Ok((row.try_get(0)?, row.try_get(1)?));
        read().map_err(|error: tokio_postgres::Error| Trouble::of(&error))
    }

    /// Deletes epochs that every process has long read.
    pub(super) async fn trim(&self) -> Result<(), Trouble> {
        // From the first on, so that the log never has a gap. What another process is deleting is left
        // to it.
        const TRIM: &str = "DELETE FROM souk_epochs WHERE no IN (
            SELECT no FROM souk_epochs
            WHERE at < now() - interval '1 hour' AND no < coalesce(
                (SELECT min(no) FROM souk_epochs WHERE no > 0 AND at >= now() - interval '1 hour'),
                (SELECT last FROM souk_epoch WHERE shop = 1))
            ORDER BY no LIMIT 20000 FOR UPDATE SKIP LOCKED)";
        within(self.client.execute(TRIM, &[])).await.map(drop)
    }
}

/// Connects to a database whose tables may be missing.
pub(super) async fn connect(database: &Database) -> Result<Client, DatabaseError> {
    let failed = |error: tokio_postgres::Error| DatabaseError::Connect {
        database: database.clone(),
        why: with_causes(&error),
    };
    // The time limit of the library does not cover the handshake after the connection is made.
    let connecting = database.config().connect(database.tls()?);
    let late = |_| DatabaseError::Connect {
        database: database.clone(),
        why: format!("no answer within {CONNECT_WITHIN:?}"),
    };
    let connected = tokio::time::timeout(CONNECT_WITHIN, connecting).await.map_err(late)?;
    let (client, connection) = connected.map_err(failed)?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(error = %with_causes(&error), "a connection to the database ended");
        }
    });
    client.batch_execute(SETTINGS).await.map_err(|error| refused(database, &error))?;
    // An answer must not rest on a commit that the database's server may lose.
    let commit = client.query_one("SHOW synchronous_commit", &[]).await;
    let commit = commit.map_err(|error| refused(database, &error))?;
    if commit.try_get::<_, String>(0).is_ok_and(|setting| setting == "off") {
        let set = client.batch_execute("SET synchronous_commit = on").await;
        set.map_err(|error| refused(database, &error))?;
    }
    Ok(client)
}

pub(super) fn refused(database: &Database, error: &tokio_postgres::Error) -> DatabaseError {
    DatabaseError::Statement { database: database.clone(), why: with_causes(error) }
}

async fn within<T>(
    answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, Trouble> {
    match tokio::time::timeout(ANSWER_WITHIN, answer).await {
        Ok(answer) => answer.map_err(|error| Trouble::of(&error)),
        Err(_) => Err(Trouble::Lost(format!("no answer within {ANSWER_WITHIN:?}"))),
    }
}
