//! Lets other processes of this machine read the log while this one keeps it, on a local socket in the data directory.

use super::query::LogQuery;
use super::record::LogRecord;
use super::store::{LogStore, SearchResult, StoredLine};
use crate::local_socket::{self, AskError, LocalSocket, Output};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;

/// Name of the socket in the data directory.
pub(crate) const SOCKET_FILE: &str = "logs.sock";
/// Connections served at a time, followers included.
const CONNECTIONS_MAX: usize = 16;
/// Most lines of one answer.
const LINES_MAX: usize = 10_000;
/// Longest wait for the answer to a search, and for a client that does not read.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Serialize, Deserialize)]
enum LogRequest {
    /// One answer: [`SearchResult`].
    Search { query: LogQuery, offset: u64, limit: usize },
    /// An endless stream of lines, oldest first.
    Follow { query: LogQuery, limit: usize },
}

/// One item of a follower's stream.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Followed {
    /// A line.
    Line(LogRecord),
    /// This many lines were skipped because the follower read too slowly.
    Missed(u64),
}

/// Opens the socket and serves it until `stop`. The caller MUST hold the log's store.
///
/// # Errors
/// The system's error, for example if the path is too long for a socket.
pub(crate) fn serve(
    directory: &Path,
    store: LogStore,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let socket = LocalSocket::open(directory, SOCKET_FILE)?;
    Ok(async move {
        let answer = move |request, output| answer(store.clone(), request, output);
        tokio::select! {
            () = socket.serve(CONNECTIONS_MAX, PATIENCE, answer) => {}
            () = stop => {}
        }
    })
}

async fn answer(store: LogStore, request: String, mut output: Output) -> io::Result<()> {
    match serde_json::from_str(&request) {
        Ok(LogRequest::Search { query, offset, limit }) => {
            output.json(&search(store, query, offset, limit).await?).await?;
            output.end(Ok(String::new())).await
        }
        Ok(LogRequest::Follow { query, limit }) => follow(store, query, limit, output).await,
        Err(_) => {
            let sentence = "the process that keeps the log does not know this request";
            output.end(Err(sentence.to_owned())).await
        }
    }
}

/// Sends the last lines and then every new one, until the client goes or the store closes.
async fn follow(
    store: LogStore,
    query: LogQuery,
    limit: usize,
    mut output: Output,
) -> io::Result<()> {
    let mut new = store.follow();
    let found = search(store, query.clone(), 0, limit).await?;
    let last = found.lines.iter().map(|kept| kept.number).max().unwrap_or(0);
    for kept in found.lines.into_iter().rev() {
        output.json(&Followed::Line(kept.record)).await?;
    }
    loop {
        let received = tokio::select! {
            received = new.recv() => received,
            () = output.closed() => return Ok(()),
        };
        match received {
            Ok(kept) if kept.number > last && query.matches(&kept.record) => {
                output.json(&Followed::Line(kept.record.clone())).await?;
            }
            Ok(_) => {}
            Err(RecvError::Lagged(lines)) => output.json(&Followed::Missed(lines)).await?,
            Err(RecvError::Closed) => return Ok(()),
        }
    }
}

async fn search(
    store: LogStore,
    query: LogQuery,
    offset: u64,
    limit: usize,
) -> io::Result<SearchResult> {
    let searching = move || store.search(&query, offset, limit.min(LINES_MAX));
    tokio::task::spawn_blocking(searching).await?.map_err(io::Error::other)
}

/// Asks the process that keeps the log in this data directory. Blocks.
///
/// # Errors
/// [`AskError`].
pub(crate) fn ask(
    directory: &Path,
    query: &LogQuery,
    offset: u64,
    limit: usize,
) -> Result<SearchResult, AskError> {
    let request = LogRequest::Search { query: query.clone(), offset, limit };
    let mut found = SearchResult::default();
    let on_event = |event: &str| {
        found = serde_json::from_str(event)?;
        Ok(())
    };
    local_socket::ask(directory, SOCKET_FILE, &request, Some(PATIENCE), on_event)?;
    Ok(found)
}

/// Calls `on_item` with the last `limit` lines and then with every new one, until the process that keeps the log stops.
/// Blocks.
///
/// # Errors
/// [`AskError`]; [`AskError::BrokenOff`] when the process has stopped.
pub(crate) fn ask_to_follow(
    directory: &Path,
    query: &LogQuery,
    limit: usize,
    mut on_item: impl FnMut(Followed) -> io::Result<()>,
) -> Result<(), AskError> {
    let request = LogRequest::Follow { query: query.clone(), limit };
    let on_event = |event: &str| on_item(serde_json::from_str(event)?);
    local_socket::ask(directory, SOCKET_FILE, &request, None, on_event).map(drop)
}

/// The lines of a search, for `souk logs`.
impl SearchResult {
    /// Oldest first.
    pub(crate) fn into_records(self) -> impl Iterator<Item = LogRecord> {
        self.lines.into_iter().rev().map(|StoredLine { record, .. }| record)
    }
}
