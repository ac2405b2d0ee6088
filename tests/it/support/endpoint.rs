//! The HTTP endpoint of another system, which can fail in several ways.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::eventually;

/// How the endpoint fails the next message instead of accepting it.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// Answers with this status.
    Status(u16),
    /// Redirects the sender.
    Redirect(String),
    /// Reads the message and closes the connection.
    Drop,
    /// Reads the message and never answers.
    Hang,
    /// Answers with this text without end, as long as the sender reads.
    Endless(&'static str),
}

/// A received message.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) raw: Vec<u8>,
    pub(crate) body: Value,
    /// Answered with 200.
    pub(crate) taken: bool,
}

/// Stops when it is dropped. It keeps its port while the test runs.
pub(crate) struct Endpoint {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct State {
    faults: VecDeque<Fault>,
    /// The answer to every message once the list above is empty.
    always: Option<Fault>,
    letters: Vec<Letter>,
}

impl Endpoint {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(receive(stream, Arc::clone(&shared)));
            }
        });
        Self { address, state, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook?from=souk", self.address)
    }

    pub(crate) fn next(&self, faults: &[Fault]) {
        self.state.lock().expect("nobody panics here").faults.extend(faults.iter().cloned());
    }

    pub(crate) fn always(&self, fault: Option<Fault>) {
        self.state.lock().expect("nobody panics here").always = fault;
    }

    /// Every message so far.
    pub(crate) fn letters(&self) -> Vec<Letter> {
        self.state.lock().expect("nobody panics here").letters.clone()
    }

    pub(crate) fn taken(&self) -> Vec<Letter> {
        self.letters().into_iter().filter(|letter| letter.taken).collect()
    }

    /// Waits until this many messages arrived.
    pub(crate) async fn expect_letters(&self, count: usize) -> Vec<Letter> {
        eventually(&format!("{count} messages"), async || {
            let letters = self.letters();
            (letters.len() >= count).then_some(letters)
        })
        .await
    }

    /// Waits until this many messages were accepted.
    pub(crate) async fn expect_taken(&self, count: usize) -> Vec<Letter> {
        eventually(&format!("{count} messages taken"), async || {
            let taken = self.taken();
            (taken.len() >= count).then_some(taken)
        })
        .await
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn receive(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    let Some(mut letter) = read(&mut stream).await else { return };
    let fault = {
        let mut state = state.lock().expect("nobody panics here");
        let fault = state.faults.pop_front().or_else(|| state.always.clone());
        letter.taken = fault.is_none();
        state.letters.push(letter);
        fault
    };
    let head = match fault {
        None => "200 OK\r\n".to_owned(),
        Some(Fault::Status(status)) => format!("{status} Fault\r\n"),
        Some(Fault::Redirect(to)) => format!("307 Elsewhere\r\nLocation: {to}\r\n"),
        Some(Fault::Drop) => return,
        Some(Fault::Hang) => return std::future::pending().await,
        Some(Fault::Endless(text)) => {
            while stream.write_all(text.as_bytes()).await.is_ok() {}
            return;
        }
    };
    let answer = format!("HTTP/1.1 {head}Content-Length: 2\r\nConnection: close\r\n\r\nok");
    // If the sender has disconnected, the answer is lost.
    let _ = stream.write_all(answer.as_bytes()).await;
}

async fn read(stream: &mut TcpStream) -> Option<Letter> {
    let mut octets = Vec::new();
    let end = loop {
        if let Some(end) = octets.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut octets).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(octets[..end].to_vec()).expect("headers are text");
    let mut lines = head.split("\r\n");
    let target = lines.next()?.to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    let mut raw = octets[end + 4..].to_vec();
    while raw.len() < length {
        if stream.read_buf(&mut raw).await.ok()? == 0 {
            return None;
        }
    }
    let body = serde_json::from_slice(&raw).expect("a message is JSON");
    Some(Letter { target, headers, raw, body, taken: false })
}

impl Letter {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    pub(crate) fn id(&self) -> &str {
        self.header("souk-id")
    }

    /// Verifies a signature as docs/integrations.md shows.
    #[track_caller]
    pub(crate) fn expect_signed_with(&self, secret: &str) {
        let header = self.header("souk-signature");
        let (time, code) = header
            .strip_prefix("t=")
            .and_then(|rest| rest.split_once(",v1="))
            .unwrap_or_else(|| panic!("no signature: {header:?}"));
        let mut expected =
            Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
        expected.update(format!("{time}.").as_bytes());
        expected.update(&self.raw);
        let expected = expected.finalize().into_bytes();
        let expected: String = expected.iter().map(|octet| format!("{octet:02x}")).collect();
        assert_eq!(code, expected, "the signature of {self:?}");
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .expect("after 1970")
            .as_secs();
        let signed: u64 = time.parse().expect("seconds");
        assert!(now.abs_diff(signed) < 120, "signed at {signed}, now it is {now}");
    }
}
