//! A connection to PostgreSQL that blocks its thread.

use crate::{Outcome, complaint};
use std::error::Error;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::types::ToSql;
use tokio_postgres::{NoTls, Row, Statement};

/// A connection.
pub(crate) struct Client {
    /// Reads the connection only while a statement waits for its answer.
    runtime: Runtime,
    client: tokio_postgres::Client,
}

impl Client {
    pub(crate) fn connect(url: &str) -> Outcome<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let client = runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
            tokio::spawn(connection);
            Ok(client)
        });
        Ok(Self { runtime, client: said(client)? })
    }

    /// Statements without values.
    pub(crate) fn batch(&self, statements: &str) -> Outcome<()> {
        said(self.runtime.block_on(self.client.batch_execute(statements)))
    }

    pub(crate) fn prepare(&self, statement: &str) -> Outcome<Statement> {
        said(self.runtime.block_on(self.client.prepare(statement)))
    }

    pub(crate) fn execute(
        &self,
        statement: &Statement,
        values: &[&(dyn ToSql + Sync)],
    ) -> Outcome<u64> {
        said(self.runtime.block_on(self.client.execute(statement, values)))
    }

    pub(crate) fn query(&self, statement: &str) -> Outcome<Vec<Row>> {
        said(self.runtime.block_on(self.client.query(statement, &[])))
    }

    /// The one number that a statement answers.
    pub(crate) fn number(&self, statement: &str) -> Outcome<i64> {
        let row = said(self.runtime.block_on(self.client.query_one(statement, &[])))?;
        said(row.try_get(0))
    }
}

/// The error of the client says only in its source what the database said.
fn said<T>(result: Result<T, tokio_postgres::Error>) -> Outcome<T> {
    result.map_err(|error| match error.source() {
        Some(source) => complaint(format!("{error}: {source}")),
        None => error.into(),
    })
}
