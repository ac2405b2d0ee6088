//! Lets other processes of this machine read the log while this one keeps it: a socket in the data
//! directory, for the shop's own user only. One request per connection, in JSON.

use super::query::LogQuery;
use super::record::LogRecord;
use super::store::{Found, Kept, LogStore};
use serde::{Deserialize, Serialize};
use std::fs::{self, Permissions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::sync::broadcast::error::RecvError;

/// Name of the socket in the data directory.
pub(crate) const SOCKET_FILE: &str = "logs.sock";
/// Longest request, in octets.
const QUESTION_BYTES_MAX: u64 = 8 * 1024;
/// Connections served at a time, followers included.
const CONNECTIONS_MAX: usize = 16;
/// Most lines of one answer.
const LINES_MAX: usize = 10_000;
/// Longest wait for a request, and for a client that does not read the answer.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Serialize, Deserialize)]
enum Question {
    /// One answer: [`Found`].
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

/// The socket of the process that keeps the log; dropping it removes the socket.
pub(crate) struct Socket {
    listener: UnixListener,
    path: PathBuf,
}

impl Socket {
    /// Opens the socket. The caller MUST hold the log's store, so that an existing socket is a leftover.
    ///
    /// # Errors
    /// The system's error, for example if the path is too long for a socket.
    pub(crate) fn open(directory: &Path) -> io::Result<Self> {
        let path = directory.join(SOCKET_FILE);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        Ok(Self { listener, path })
    }

    /// Serves requests until `stop`.
    pub(crate) async fn answer(&self, store: &LogStore, stop: impl Future<Output = ()>) {
        let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let mut stop = std::pin::pin!(stop);
        let mut conversations = tokio::task::JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = &mut stop => return,
            };
            while conversations.try_join_next().is_some() {}
            let Ok((stream, _)) = accepted else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            if let Ok(permit) = Arc::clone(&room).try_acquire_owned() {
                let store = store.clone();
                conversations.spawn(async move {
                    if let Err(error) = converse(stream, store).await {
                        tracing::debug!(%error, "a client of the log's socket went away");
                    }
                    drop(permit);
                });
            }
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // If the socket stays, the next client finds it dead.
        let _ = fs::remove_file(&self.path);
    }
}

async fn converse(mut stream: UnixStream, store: LogStore) -> io::Result<()> {
    let (from, mut to) = stream.split();
    let mut line = String::new();
    let mut from = tokio::io::BufReader::new(from.take(QUESTION_BYTES_MAX));
    tokio::time::timeout(PATIENCE, from.read_line(&mut line)).await??;
    match serde_json::from_str(&line)? {
        Question::Search { query, offset, limit } => {
            send(&mut to, &search(store, query, offset, limit).await?).await
        }
        Question::Follow { query, limit } => {
            let mut new = store.follow();
            let found = search(store, query.clone(), 0, limit).await?;
            let last = found.lines.iter().map(|kept| kept.number).max().unwrap_or(0);
            for kept in found.lines.into_iter().rev() {
                send(&mut to, &Followed::Line(kept.record)).await?;
            }
            let mut rest = [0_u8; 1];
            loop {
                tokio::select! {
                    heard = new.recv() => match heard {
                        Ok(kept) if kept.number > last && query.matches(&kept.record) => {
                            send(&mut to, &Followed::Line(kept.record.clone())).await?;
                        }
                        Ok(_) => {}
                        Err(RecvError::Lagged(lines)) => send(&mut to, &Followed::Missed(lines)).await?,
                        Err(RecvError::Closed) => return Ok(()),
                    },
                    // The client sends nothing after its request, so a read returns when it disconnects.
                    _ = from.read(&mut rest) => return Ok(()),
                }
            }
        }
    }
}

async fn search(store: LogStore, query: LogQuery, offset: u64, limit: usize) -> io::Result<Found> {
    let searching = move || store.search(&query, offset, limit.min(LINES_MAX));
    tokio::task::spawn_blocking(searching).await?.map_err(io::Error::other)
}

async fn send(to: &mut (impl AsyncWriteExt + Unpin), what: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    tokio::time::timeout(PATIENCE, to.write_all(&line)).await?
}

/// Sends a request to the process that keeps the log in this data directory. Blocks.
///
/// # Errors
/// The system's error; [`io::ErrorKind::NotFound`] and [`io::ErrorKind::ConnectionRefused`] if no
/// process keeps the log.
pub(crate) fn ask(
    directory: &Path,
    query: &LogQuery,
    offset: u64,
    limit: usize,
) -> io::Result<Found> {
    let mut stream = BlockingStream::connect(directory.join(SOCKET_FILE))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    put(&mut stream, &Question::Search { query: query.clone(), offset, limit })?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer)?;
    Ok(serde_json::from_str(&answer)?)
}

fn put(stream: &mut BlockingStream, question: &Question) -> io::Result<()> {
    let mut line = serde_json::to_vec(question)?;
    line.push(b'\n');
    stream.write_all(&line)
}

/// Reads every new line, after some of the last ones. Blocks.
pub(crate) struct Follower(BufReader<BlockingStream>);

impl Follower {
    /// Like [`ask`]; starts with the last `limit` lines.
    ///
    /// # Errors
    /// As [`ask`].
    pub(crate) fn open(directory: &Path, query: &LogQuery, limit: usize) -> io::Result<Self> {
        let mut stream = BlockingStream::connect(directory.join(SOCKET_FILE))?;
        put(&mut stream, &Question::Follow { query: query.clone(), limit })?;
        Ok(Self(BufReader::new(stream)))
    }
}

impl Iterator for Follower {
    type Item = io::Result<Followed>;

    fn next(&mut self) -> Option<Self::Item> {
        /// Longest item, in octets: one log line with every octet escaped.
        const LINE_BYTES_MAX: u64 = 1 << 20;
        let mut line = String::new();
        match (&mut self.0).take(LINE_BYTES_MAX).read_line(&mut line) {
            Ok(0) => None,
            Ok(_) => Some(serde_json::from_str(&line).map_err(Into::into)),
            Err(error) => Some(Err(error)),
        }
    }
}

/// The lines of a search, for `souk logs`.
impl Found {
    /// Oldest first.
    pub(crate) fn into_records(self) -> impl Iterator<Item = LogRecord> {
        self.lines.into_iter().rev().map(|Kept { record, .. }| record)
    }
}
