//! A real nats-server with the repository's nats.conf, on a port and a store of its own.

use async_nats::jetstream::{self, message};
use std::env;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What the server writes once JetStream is there and it can be reached.
const READY: &str = "Server is ready";
const ADDRESS: &str = "Listening for client connections on ";
const START_WITHIN: Duration = Duration::from_secs(20);

/// A broker that can be killed and started again.
pub(in crate::adapters) struct TestBroker {
    directory: tempfile::TempDir,
    port: u16,
    process: Option<Child>,
}

impl TestBroker {
    /// A new broker with an empty store.
    pub(in crate::adapters) fn start() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let mut broker = Self { directory, port: 0, process: None };
        broker.restart();
        broker
    }

    pub(in crate::adapters) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Kills it as a power failure would.
    pub(in crate::adapters) fn kill(&mut self) {
        let mut process = self.process.take().expect("it runs");
        process.kill().expect("killed");
        process.wait().expect("gone");
    }

    /// Starts it on the same port, with the same store.
    pub(in crate::adapters) fn restart(&mut self) {
        let log = self.directory.path().join("nats.log");
        let output = File::create(&log).expect("a log");
        let port = if self.port == 0 { "-1".to_owned() } else { self.port.to_string() };
        let process = Command::new(server())
            .current_dir(self.directory.path())
            .arg("-c")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("nats.conf"))
            .args(["-a", "127.0.0.1", "-p", &port])
            .stdout(Stdio::null())
            .stderr(output)
            .spawn()
            .expect("nats-server starts");
        self.process = Some(process);
        let give_up = Instant::now() + START_WITHIN;
        let said = loop {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            if said.contains(READY) {
                break said;
            }
            assert!(Instant::now() < give_up, "nats-server does not start: {said}");
            std::thread::sleep(Duration::from_millis(10));
        };
        let address = said.lines().find_map(|line| line.split_once(ADDRESS)).expect("an address").1;
        self.port =
            address.trim().rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    }

    /// Somebody else's connection to it.
    pub(in crate::adapters) async fn context(&self) -> jetstream::Context {
        jetstream::new(async_nats::connect(self.url()).await.expect("it can be reached"))
    }

    /// Every message on a stream, in order; none if the stream is not there.
    pub(in crate::adapters) async fn messages(&self, name: &str) -> Vec<message::StreamMessage> {
        let context = self.context().await;
        let Ok(stream) = context.get_stream(name).await else { return Vec::new() };
        let state = &stream.cached_info().state;
        let mut messages = Vec::new();
        for sequence in state.first_sequence.max(1)..=state.last_sequence {
            if let Ok(message) = stream.get_raw_message(sequence).await {
                messages.push(message);
            }
        }
        messages
    }

    /// The message ids on a stream, in order.
    pub(in crate::adapters) async fn ids(&self, name: &str) -> Vec<String> {
        let messages = self.messages(name).await;
        let id = |message: &message::StreamMessage| {
            message.headers.get("Nats-Msg-Id").map(ToString::to_string)
        };
        messages.iter().filter_map(id).collect()
    }
}

impl Drop for TestBroker {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn server() -> PathBuf {
    if let Some(path) = env::var_os("SOUK_TEST_NATS_SERVER") {
        return path.into();
    }
    let target = env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target"), PathBuf::from);
    let path = target.join("test-env/bin/nats-server");
    assert!(path.exists(), "run tests/run once: it installs {}", path.display());
    path
}
