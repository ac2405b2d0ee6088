//! The protocol between processes of this machine: a socket in the data directory, for the shop's own user only.
//!
//! A request is one line of JSON, one per connection. The answer is lines, each starting with a word: `event` with
//! JSON, as often as there is something to send; then, as the last line, `done` or `failed` with a sentence.

use serde::Serialize;
use std::fs::{self, Permissions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Longest request, in octets.
const REQUEST_BYTES_MAX: u64 = 64 * 1024;
/// Longest line of an answer, in octets: 10,000 lines of the log, each at its longest, with room to spare.
const LINE_BYTES_MAX: u64 = 1 << 30;
/// Longest wait for a request.
const REQUEST_WITHIN: Duration = Duration::from_secs(10);
/// Wait after a connection could not be accepted.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(50);

/// A socket that serves requests. Dropping it removes the file.
pub(crate) struct LocalSocket {
    listener: UnixListener,
    path: PathBuf,
    /// The user whom the file belongs to.
    owner: u32,
}

impl LocalSocket {
    /// Opens the socket. The caller MUST hold the store that it is about, so that an existing file is a leftover.
    ///
    /// # Errors
    /// The system's error, for example if the path is too long for a socket.
    pub(crate) fn open(directory: &Path, name: &str) -> io::Result<Self> {
        let path = directory.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        let owner = fs::metadata(&path)?.uid();
        Ok(Self { listener, path, owner })
    }

    /// Serves requests, at most `at_once_max` at a time, until the future is dropped. `answer` gets the line of the
    /// request and where its answer goes. A client that reads nothing for `write_within` is cut off.
    pub(crate) async fn serve<F, Fut>(&self, at_once_max: usize, write_within: Duration, answer: F)
    where
        F: Fn(String, Output) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = io::Result<()>> + Send,
    {
        let room = Arc::new(Semaphore::new(at_once_max));
        let mut conversations = JoinSet::new();
        loop {
            let permit = Arc::clone(&room).acquire_owned().await;
            let accepted = self.listener.accept().await;
            while conversations.try_join_next().is_some() {}
            let Ok((stream, _)) = accepted else {
                tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
                continue;
            };
            if !self.is_permitted(&stream) {
                continue;
            }
            let answer = answer.clone();
            conversations.spawn(async move {
                if let Err(error) = converse(stream, write_within, answer).await {
                    tracing::debug!(%error, "a client of a local socket went away");
                }
                drop(permit);
            });
        }
    }

    /// Another user may have connected before the permissions of the file were set.
    fn is_permitted(&self, stream: &UnixStream) -> bool {
        stream.peer_cred().is_ok_and(|peer| [0, self.owner].contains(&peer.uid()))
    }
}

impl Drop for LocalSocket {
    fn drop(&mut self) {
        // If the file stays, the next client finds that nobody serves it.
        let _ = fs::remove_file(&self.path);
    }
}

async fn converse<F, Fut>(stream: UnixStream, write_within: Duration, answer: F) -> io::Result<()>
where
    F: Fn(String, Output) -> Fut,
    Fut: Future<Output = io::Result<()>>,
{
    let (input, output) = stream.into_split();
    let mut input = tokio::io::BufReader::new(input.take(REQUEST_BYTES_MAX));
    let mut request = String::new();
    tokio::time::timeout(REQUEST_WITHIN, input.read_line(&mut request)).await??;
    let input = input.into_inner().into_inner();
    answer(request, Output { output, input, write_within }).await
}

/// Where an answer goes.
pub(crate) struct Output {
    output: OwnedWriteHalf,
    input: OwnedReadHalf,
    write_within: Duration,
}

impl Output {
    /// Sends an event, which is one line.
    ///
    /// # Errors
    /// The client is gone, or reads nothing.
    pub(crate) async fn event(&mut self, event: &[u8]) -> io::Result<()> {
        self.line(b"event ", event).await
    }

    /// Sends an event as JSON.
    ///
    /// # Errors
    /// As [`Self::event`].
    pub(crate) async fn json(&mut self, event: &impl Serialize) -> io::Result<()> {
        self.event(&serde_json::to_vec(event)?).await
    }

    /// Ends the answer with a sentence about how it went.
    ///
    /// # Errors
    /// As [`Self::event`].
    pub(crate) async fn end(mut self, result: Result<String, String>) -> io::Result<()> {
        let (word, sentence) = match result {
            Ok(sentence) => (b"done " as &[u8], sentence),
            Err(sentence) => (b"failed " as &[u8], sentence),
        };
        self.line(word, sentence.replace('\n', " ").as_bytes()).await
    }

    /// Returns when the client closes the connection; a client sends nothing after its request.
    pub(crate) async fn closed(&mut self) {
        let mut rest = [0_u8; 1];
        let _ = self.input.read(&mut rest).await;
    }

    async fn line(&mut self, word: &[u8], content: &[u8]) -> io::Result<()> {
        let line = [word, content, b"\n"].concat();
        tokio::time::timeout(self.write_within, self.output.write_all(&line)).await?
    }
}

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    #[error(
        "another process uses the data and does not answer at {}: wait until it is done, or stop \
         the shop first", .socket.display()
    )]
    Away {
        socket: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the shop broke off")]
    BrokenOff(#[source] io::Error),
    #[error("the answer cannot be written")]
    Write(#[source] io::Error),
    #[error("{0}")]
    Refused(String),
}

impl AskError {
    /// Whether no process serves the socket.
    pub(crate) fn is_not_served(&self) -> bool {
        // A path that is too long for a socket cannot have one.
        let kinds = [
            io::ErrorKind::NotFound,
            io::ErrorKind::ConnectionRefused,
            io::ErrorKind::InvalidInput,
        ];
        matches!(self, Self::Away { source, .. } if kinds.contains(&source.kind()))
    }
}

/// Sends a request to the process that serves the socket, and calls `on_event` with each event. Returns the last
/// sentence. Blocks until the answer ends; waits at most `read_timeout` for each line, if there is one.
///
/// # Errors
/// [`AskError`].
pub(crate) fn ask(
    directory: &Path,
    name: &str,
    request: &impl Serialize,
    read_timeout: Option<Duration>,
    mut on_event: impl FnMut(&str) -> io::Result<()>,
) -> Result<String, AskError> {
    let socket = directory.join(name);
    let mut stream = BlockingStream::connect(&socket)
        .map_err(|source| AskError::Away { socket: socket.clone(), source })?;
    stream.set_read_timeout(read_timeout).map_err(AskError::BrokenOff)?;
    let mut line = serde_json::to_vec(request).expect("paths, texts and numbers become JSON");
    line.push(b'\n');
    stream.write_all(&line).map_err(AskError::BrokenOff)?;
    let mut lines = BufReader::new(stream);
    loop {
        let mut line = String::new();
        let read = (&mut lines).take(LINE_BYTES_MAX).read_line(&mut line);
        read.map_err(AskError::BrokenOff)?;
        match line.trim_end_matches('\n').split_once(' ') {
            Some(("event", event)) => on_event(event).map_err(AskError::Write)?,
            Some(("done", sentence)) => return Ok(sentence.to_owned()),
            Some((_, sentence)) => return Err(AskError::Refused(sentence.to_owned())),
            None => return Err(AskError::BrokenOff(io::ErrorKind::UnexpectedEof.into())),
        }
    }
}
