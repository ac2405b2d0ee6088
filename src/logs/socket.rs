//! How another process of the same machine asks for the log while this one keeps it: a socket in
//! the directory of the data, for the shop's own user alone. One question a connection, in JSON.

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

/// Name of the socket in the directory of the data.
pub(crate) const SOCKET_FILE: &str = "logs.sock";
/// Longest question.
const QUESTION_BYTES_MAX: u64 = 8 * 1024;
/// Questions answered at a time, followers included.
const CONNECTIONS_MAX: usize = 16;
/// Lines of one answer.
const LINES_MAX: usize = 10_000;
/// Longest wait for a question, and for who takes nothing of the answer.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Serialize, Deserialize)]
enum Question {
    /// One answer: [`Found`].
    Search { query: LogQuery, offset: u64, limit: usize },
    /// Lines, oldest first, for ever.
    Follow { query: LogQuery, limit: usize },
}

/// What a follower hears.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Heard {
    /// A line.
    Line(LogRecord),
    /// So many lines came faster than they were taken.
    Missed(u64),
}

/// The socket of the process that keeps the log; gone with the value.
pub(crate) struct Socket {
    listener: UnixListener,
    path: PathBuf,
}

impl Socket {
    /// Opens the socket. The caller MUST hold the log's store: what lies there is left over then.
    ///
    /// # Errors
    /// What the system says, a path that is too long for a socket included.
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

    /// Answers questions until `stop`.
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
                        tracing::debug!(%error, "somebody who asked for the log went away");
                    }
                    drop(permit);
                });
            }
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // A socket that stays is found to be dead by whoever asks next.
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
            say(&mut to, &search(store, query, offset, limit).await?).await
        }
        Question::Follow { query, limit } => {
            let mut new = store.follow();
            let found = search(store, query.clone(), 0, limit).await?;
            let last = found.lines.iter().map(|kept| kept.number).max().unwrap_or(0);
            for kept in found.lines.into_iter().rev() {
                say(&mut to, &Heard::Line(kept.record)).await?;
            }
            let mut rest = [0_u8; 1];
            loop {
                tokio::select! {
                    heard = new.recv() => match heard {
                        Ok(kept) if kept.number > last && query.matches(&kept.record) => {
                            say(&mut to, &Heard::Line(kept.record.clone())).await?;
                        }
                        Ok(_) => {}
                        Err(RecvError::Lagged(lines)) => say(&mut to, &Heard::Missed(lines)).await?,
                        Err(RecvError::Closed) => return Ok(()),
                    },
                    // Who asked says nothing more, so this is their going.
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

async fn say(to: &mut (impl AsyncWriteExt + Unpin), what: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    tokio::time::timeout(PATIENCE, to.write_all(&line)).await?
}

/// Asks the process that keeps the log in this directory of data. Blocks.
///
/// # Errors
/// What the system says; [`io::ErrorKind::NotFound`] and [`io::ErrorKind::ConnectionRefused`] where
/// nobody keeps it.
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

/// Hears every line from now on, after some of the last. Blocks.
pub(crate) struct Follower(BufReader<BlockingStream>);

impl Follower {
    /// As [`ask`], the last `limit` lines first.
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
    type Item = io::Result<Heard>;

    fn next(&mut self) -> Option<Self::Item> {
        /// Longest answer to a follower: one line of the log, every octet of it escaped.
        const LINE_BYTES_MAX: u64 = 1 << 20;
        let mut line = String::new();
        match (&mut self.0).take(LINE_BYTES_MAX).read_line(&mut line) {
            Ok(0) => None,
            Ok(_) => Some(serde_json::from_str(&line).map_err(Into::into)),
            Err(error) => Some(Err(error)),
        }
    }
}

/// The lines of a search, as `souk logs` prints them.
impl Found {
    /// Oldest first.
    pub(crate) fn into_records(self) -> impl Iterator<Item = LogRecord> {
        self.lines.into_iter().rev().map(|Kept { record, .. }| record)
    }
}
