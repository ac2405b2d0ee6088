//! A flood of log messages: other systems publish to the broker as fast as it accepts them.

use crate::process::free_address;
use crate::{Outcome, complaint};
use std::fs::{self, File};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(super) const NAME: &str = "log messages on NATS (4 connections)";

const CONNECTIONS: usize = 4;
/// Messages in one write.
const MESSAGES_PER_WRITE: usize = 200;
const START_DEADLINE: Duration = Duration::from_secs(30);
/// A healthy broker answers sooner; after this time the client reconnects.
const ANSWER_DEADLINE: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(20);
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(50);
/// The broker configuration that the documentation recommends.
const CONFIGURATION: &str = include_str!("../../../nats.conf");
/// The passwords it takes from the environment; here all have the same value.
const PASSWORDS: [&str; 4] = [
    "SOUK_NATS_PASSWORD",
    "NATS_MAILER_PASSWORD",
    "NATS_LOGGER_PASSWORD",
    "NATS_SUBSCRIBER_PASSWORD",
];
const PASSWORD: &str = "password-of-the-bench";
/// An error message, which is never sampled away.
const SUBJECT: &str = "souk.log.v1.flood.error";

/// A separate nats-server; killed when dropped.
pub(super) struct Broker {
    child: Child,
    address: SocketAddr,
}

impl Broker {
    /// Starts it with its store in `directory`, and waits until it listens.
    pub(super) fn start(program: &Path, directory: &Path) -> Outcome<Self> {
        fs::create_dir_all(directory)?;
        fs::write(directory.join("nats.conf"), CONFIGURATION)?;
        let address = free_address()?;
        let log = File::create(directory.join("nats.log"))?;
        let mut command = Command::new(program);
        command
            .args(["-c", "nats.conf", "-a", "127.0.0.1", "-p", &address.port().to_string()])
            .current_dir(directory)
            .envs(PASSWORDS.map(|name| (name, PASSWORD)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        let child = command
            .spawn()
            .map_err(|error| complaint(format!("{} does not start: {error}", program.display())))?;
        let broker = Self { child, address };
        let begun = Instant::now();
        while std::net::TcpStream::connect(address).is_err() {
            if begun.elapsed() > START_DEADLINE {
                return Err(complaint("the nats-server does not listen"));
            }
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(broker)
    }

    /// The shop's URL, with its user and password.
    pub(super) fn url(&self) -> String {
        format!("nats://souk:{PASSWORD}@{}", self.address)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // Both fail if it has already ended, and that is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Publishes from every connection until `stop`.
pub(super) async fn run(broker: SocketAddr, stop: Arc<AtomicBool>) {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS {
        let stop = Arc::clone(&stop);
        tasks.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                if publish(broker, &stop).await.is_err() {
                    tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
                }
            }
        });
    }
    while tasks.join_next().await.is_some() {}
}

/// One connection of a client that may write logs, in the protocol of NATS
/// (<https://docs.nats.io/reference/reference-protocols/nats-protocol>).
async fn publish(broker: SocketAddr, stop: &AtomicBool) -> io::Result<()> {
    let body = r#"{"message": "the paper is low", "drawer": 7, "till": "by the door"}"#;
    let message = format!("PUB {SUBJECT} {}\r\n{body}\r\n", body.len());
    // The broker answers the PING when it has processed everything before it; the PONG answers a PING
    // of the broker, whether it sent one or not.
    let messages = format!("PONG\r\n{}PING\r\n", message.repeat(MESSAGES_PER_WRITE));
    let log_in = format!(
        "CONNECT {{\"verbose\": false, \"user\": \"logger\", \"pass\": \"{PASSWORD}\"}}\r\nPING\r\n"
    );
    let mut stream = TcpStream::connect(broker).await?;
    stream.write_all(log_in.as_bytes()).await?;
    until_pong(&mut stream).await?;
    while !stop.load(Ordering::Relaxed) {
        stream.write_all(messages.as_bytes()).await?;
        tokio::time::timeout(ANSWER_DEADLINE, until_pong(&mut stream)).await??;
    }
    Ok(())
}

async fn until_pong(stream: &mut TcpStream) -> io::Result<()> {
    let mut heard = Vec::new();
    loop {
        if stream.read_buf(&mut heard).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if heard.windows(4).any(|window| window == b"-ERR") {
            return Err(io::Error::other("the broker refuses the messages"));
        }
        if heard.windows(6).any(|window| window == b"PONG\r\n") {
            return Ok(());
        }
    }
}
