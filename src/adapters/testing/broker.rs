//! A real nats-server with the repository's nats.conf, on its own port and with its own store.

use async_nats::ConnectOptions;
use async_nats::jetstream::{self, message};
use std::env;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The server logs this once it can be reached and JetStream is up.
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
        self.url_of("souk")
    }

    fn url_of(&self, user: &str) -> String {
        format!("nats://{user}:{}@127.0.0.1:{}", password_of(user), self.port)
    }

    /// Kills the process without a shutdown.
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
            .envs(PASSWORDS.map(|(variable, user)| (variable, password_of(user))))
            .stdout(Stdio::null())
            .stderr(output)
            .spawn()
            .expect("nats-server starts");
        self.process = Some(process);
        let give_up = Instant::now() + START_WITHIN;
        let output = loop {
            let output = std::fs::read_to_string(&log).unwrap_or_default();
            if output.contains(READY) {
                break output;
            }
            assert!(Instant::now() < give_up, "nats-server does not start: {output}");
            std::thread::sleep(Duration::from_millis(10));
        };
        let address =
            output.lines().find_map(|line| line.split_once(ADDRESS)).expect("an address").1;
        self.port =
            address.trim().rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    }

    /// Deletes everything on its disk.
    pub(in crate::adapters) fn wipe(&self) {
        assert!(self.process.is_none(), "a running broker keeps its files open");
        std::fs::remove_dir_all(self.store()).expect("deleted");
    }

    /// Copies its disk, to restore it later. The broker must not run.
    pub(in crate::adapters) fn take_snapshot(&self) {
        copy(&self.store(), &self.directory.path().join("snapshot"));
    }

    /// Restores the disk from the copy. The broker must not run.
    pub(in crate::adapters) fn put_snapshot_back(&self) {
        self.wipe();
        copy(&self.directory.path().join("snapshot"), &self.store());
    }

    fn store(&self) -> PathBuf {
        self.directory.path().join("data/nats")
    }

    /// Another client's connection to it.
    pub(in crate::adapters) async fn context(&self) -> jetstream::Context {
        let password = password_of("souk");
        let options = ConnectOptions::with_user_and_password("souk".to_owned(), password)
            .custom_inbox_prefix("_INBOX_souk");
        jetstream::new(options.connect(self.url()).await.expect("it can be reached"))
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

/// The users of `nats.conf` and where it reads their passwords.
const PASSWORDS: [(&str, &str); 4] = [
    ("SOUK_NATS_PASSWORD", "souk"),
    ("NATS_MAILER_PASSWORD", "mailer"),
    ("NATS_LOGGER_PASSWORD", "logger"),
    ("NATS_SUBSCRIBER_PASSWORD", "subscriber"),
];

fn password_of(user: &str) -> String {
    format!("{user}-password-1")
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("made");
    for entry in std::fs::read_dir(from).expect("there") {
        let entry = entry.expect("read");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copied");
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
