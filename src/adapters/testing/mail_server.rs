//! A mail server that answers as the test specifies.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Speaks as much SMTP as lettre needs.
pub(in crate::adapters) struct MailServer {
    port: u16,
    state: Arc<Mutex<State>>,
    accepting: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    /// Answers to the next `RCPT TO` commands; 250 after that.
    to_recipients: VecDeque<&'static str>,
    /// Answers to the next messages; 250 after that.
    to_messages: VecDeque<&'static str>,
    accepted: Vec<String>,
}

/// An answer that hangs up after the message instead, as a crash would.
pub(in crate::adapters) const HANG_UP: &str = "";

impl MailServer {
    /// Answers messages with these lines, then accepts all.
    pub(in crate::adapters) async fn answering(to_messages: &[&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state =
            State { to_messages: to_messages.iter().copied().collect(), ..State::default() };
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move { converse(stream, &shared).await });
            }
        });
        Self { port, state, accepting }
    }

    /// Answers the next recipients with these lines.
    pub(in crate::adapters) fn answer_recipients(&self, answers: &[&'static str]) {
        self.state.lock().expect("sound").to_recipients.extend(answers);
    }

    pub(in crate::adapters) fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// Every message accepted so far.
    pub(in crate::adapters) fn accepted(&self) -> Vec<String> {
        self.state.lock().expect("sound").accepted.clone()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn converse(mut stream: TcpStream, state: &Mutex<State>) -> Option<()> {
    let (from, mut to) = stream.split();
    let mut lines = BufReader::new(from);
    to.write_all(b"220 test\r\n").await.ok()?;
    loop {
        let mut line = String::new();
        if (&mut lines).take(1_000).read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let verb = line.split([' ', ':', '\r']).next().unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" => "250 test",
            "RCPT" => state.lock().expect("sound").to_recipients.pop_front().unwrap_or("250 ok"),
            "DATA" => {
                to.write_all(b"354 go on\r\n").await.ok()?;
                let message = read_message(&mut lines).await?;
                let mut state = state.lock().expect("sound");
                let answer = state.to_messages.pop_front().unwrap_or("250 ok");
                if answer.starts_with('2') {
                    state.accepted.push(message);
                }
                answer
            }
            "QUIT" => return None,
            _ => "250 ok",
        };
        if answer == HANG_UP {
            return None;
        }
        to.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    }
}

async fn read_message(lines: &mut (impl AsyncBufReadExt + Unpin)) -> Option<String> {
    let mut message = String::new();
    loop {
        let before = message.len();
        if lines.read_line(&mut message).await.ok()? == 0 {
            return None;
        }
        if &message[before..] == ".\r\n" {
            message.truncate(before);
            return Some(message);
        }
    }
}
