//! One shop: the real binary on its own port, with a data directory that lives as long as the test.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use super::http::Door;
use super::person::Person;
use super::postgres::OwnDatabase;
use super::process::{Finished, Process, run_to_end};

pub(crate) const ADMIN_EMAIL: &str = "boss@souk.example";
pub(crate) const ADMIN_PASSWORD: &str = "a-good-password-1";

const COMMAND_DEADLINE: Duration = Duration::from_secs(60);
/// `souk serve` promises to end within this time after SIGTERM.
const STOP_DEADLINE: Duration = Duration::from_secs(10);

pub(crate) struct Shop {
    directory: Option<TempDir>,
    settings: Vec<(String, String)>,
    umask: Option<String>,
    process: Option<Process>,
    door: Door,
    /// Its rows, if the whole run is on PostgreSQL.
    _database: Option<OwnDatabase>,
}

impl Shop {
    /// A new shop with an administrator, but without broker and mail server.
    pub(crate) async fn open() -> Self {
        Self::open_with(&[]).await
    }

    /// The same with these settings in its environment.
    pub(crate) async fn open_with(settings: &[(&str, &str)]) -> Self {
        let mut shop = Self::closed_with(settings);
        shop.create_admin("boss", ADMIN_EMAIL, ADMIN_PASSWORD).expect_success();
        shop.start();
        shop
    }

    /// A shop that is only an empty directory so far.
    pub(crate) fn closed_with(settings: &[(&str, &str)]) -> Self {
        let mut all = vec![("SOUK_RATE_LIMIT", "off"), ("SOUK_MAIL_FROM", "shop@souk.example")];
        all.extend_from_slice(settings);
        let is_elsewhere = settings.iter().any(|(name, _)| *name == "SOUK_STORE");
        let database = if is_elsewhere { None } else { OwnDatabase::of_the_run() };
        if let Some(database) = &database {
            all.extend(
                database
                    .settings()
                    .filter(|(name, _)| !settings.iter().any(|(set, _)| set == name)),
            );
        }
        let settings =
            all.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self {
            directory: Some(
                tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary directory"),
            ),
            settings,
            umask: None,
            process: None,
            door: Door::new(),
            _database: database,
        }
    }

    /// A shop with the same settings and an empty data directory. Whoever calls this one calls that one from its
    /// start on.
    pub(crate) fn successor(&self) -> Self {
        let settings: Vec<(&str, &str)> =
            self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut successor = Self::closed_with(&settings);
        successor.door = self.door.clone();
        successor
    }

    pub(crate) fn start(&mut self) {
        self.start_with(&[]);
    }

    /// Serves on a free port; returns when it prints that it listens.
    pub(crate) fn start_with(&mut self, arguments: &[&str]) {
        assert!(self.process.is_none(), "the shop is open already");
        let data = self.data();
        let mut command = self.souk();
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&data).args(arguments);
        let (process, line) =
            Process::start("souk", &mut command, &self.log(), "listening on http://");
        self.process = Some(process);
        self.door.moved_to(&address_in(&line));
    }

    /// Serves on the address of a setting; returns when it prints that it listens.
    pub(crate) fn start_where_it_is_set(&mut self) {
        assert!(self.process.is_none(), "the shop is open already");
        let mut command = self.command(&["serve"]);
        let (process, line) =
            Process::start("souk", &mut command, &self.log(), "listening on http://");
        self.process = Some(process);
        self.door.moved_to(&address_in(&line));
    }

    /// Another value of a setting, from the next start on.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    /// The umask of the process, from the next start on.
    pub(crate) fn set_umask(&mut self, umask: &str) {
        self.umask = Some(umask.to_owned());
    }

    fn souk(&self) -> Command {
        let Some(umask) = &self.umask else { return souk(&self.settings, self.directory()) };
        let script = format!("umask {umask} && exec \"$0\" \"$@\"");
        let mut command = clean(Command::new("sh"), &self.settings, self.directory());
        command.arg("-c").arg(script).arg(env!("CARGO_BIN_EXE_souk"));
        command
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.process.take().expect("the shop is open").kill();
    }

    /// Sends SIGTERM; the shop must end in time and without an error.
    pub(crate) async fn stop(&mut self) {
        let process = self.process.take().expect("the shop is open");
        process.terminate();
        let status = process.ended_within(STOP_DEADLINE).await;
        assert_eq!(status.code(), Some(0), "after SIGTERM the exit code is 0:\n{}", self.output());
    }

    /// Sends SIGTERM and does not wait; `stop` does.
    pub(crate) fn ask_to_stop(&self) {
        self.process.as_ref().expect("the shop is open").terminate();
    }

    /// SIGSTOP: its connections stay open, and nothing in it runs.
    pub(crate) fn pause(&self) {
        self.process.as_ref().expect("the shop is open").pause();
    }

    /// SIGCONT.
    pub(crate) fn resume(&self) {
        self.process.as_ref().expect("the shop is open").resume();
    }

    /// Waits until it ends by itself; its exit code.
    pub(crate) async fn ended(&mut self) -> Option<i32> {
        self.process.take().expect("the shop is open").ended().await.code()
    }

    pub(crate) async fn restart(&mut self) {
        if self.process.is_some() {
            self.stop().await;
        }
        self.start();
    }

    /// The shop's memory, in MiB.
    pub(crate) fn resident_mebibytes(&self) -> u64 {
        self.process.as_ref().expect("the shop is open").resident_mebibytes()
    }

    /// Runs `souk check`. The shop must be closed.
    #[track_caller]
    pub(crate) fn check(&self) -> Finished {
        assert!(self.process.is_none(), "souk check reads a closed store");
        self.run(&["check"], "").expect_success()
    }

    /// A copy of the closed shop can be restored elsewhere.
    pub(crate) fn expect_restorable_copy(&self) {
        let copy = self.directory().join("copy");
        let copy = copy.to_str().expect("a path");
        self.run(&["backup", copy], "").expect_success();
        Self::closed_with(&[]).run(&["restore", copy], "").expect_success();
    }

    pub(crate) fn create_admin(&self, username: &str, email: &str, password: &str) -> Finished {
        let arguments = ["admin", "create", "--username", username, "--email", email];
        self.run(&arguments, &format!("{password}\n"))
    }

    /// A subcommand on this shop's data.
    pub(crate) fn run(&self, arguments: &[&str], input: &str) -> Finished {
        let mut command = self.souk();
        command.args(arguments).arg("--data").arg(self.data());
        run_to_end(&mut command, input, COMMAND_DEADLINE)
    }

    /// A subcommand on this shop's data, not started yet.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = souk(&self.settings, self.directory());
        command.args(arguments).arg("--data").arg(self.data());
        command
    }

    /// A subcommand on this shop's data that runs until it is stopped; returns once it prints `ready`.
    pub(crate) fn follow(&self, arguments: &[&str], ready: &str) -> Process {
        let mut command = souk(&self.settings, self.directory());
        command.args(arguments).arg("--data").arg(self.data());
        let log = self.directory().join(format!("{}.log", arguments.join("-")));
        Process::start(&arguments.join(" "), &mut command, &log, ready).0
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.directory().join("data")
    }

    /// Its whole output, over all runs.
    pub(crate) fn output(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }

    pub(crate) fn base(&self) -> String {
        self.door.base()
    }

    pub(super) fn door(&self) -> Door {
        self.door.clone()
    }

    /// A person without a token.
    pub(crate) fn nobody(&self) -> Person {
        Person::unknown(self.door.clone())
    }

    /// The administrator who was created before the shop opened.
    pub(crate) async fn admin(&self) -> Person {
        self.nobody().log_in(ADMIN_EMAIL, ADMIN_PASSWORD).await
    }

    /// A new customer, registered and logged in.
    pub(crate) async fn customer(&self, name: &str) -> Person {
        self.nobody().register(&format!("{name}@souk.example"), &format!("{name}-password-1")).await
    }

    /// The directory in which it was started.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.as_ref().expect("kept until the shop is dropped").path()
    }

    fn log(&self) -> PathBuf {
        self.directory().join("souk.log")
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.process = None;
        let output = self.output();
        if !std::thread::panicking() {
            // The log contains these words too.
            assert!(!output.contains("panicked at"), "the shop panicked:\n{output}");
            return;
        }
        let tail: Vec<&str> = output.lines().rev().take(60).collect();
        let tail: Vec<&str> = tail.into_iter().rev().collect();
        let kept = self.directory.take().map(TempDir::keep);
        eprintln!("--- the shop's last lines, its directory is {kept:?}\n{}\n---", tail.join("\n"));
    }
}

/// Runs `souk` with these arguments in a new empty directory.
pub(crate) fn run_souk(arguments: &[&str]) -> Finished {
    run_souk_with(&[], arguments)
}

pub(crate) fn run_souk_with(settings: &[(&str, &str)], arguments: &[&str]) -> Finished {
    let directory =
        tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary directory");
    let settings: Vec<_> =
        settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    run_to_end(souk(&settings, directory.path()).args(arguments), "", COMMAND_DEADLINE)
}

/// The binary with these settings only: without the environment variables of the test process and the
/// configuration files of its directory.
fn souk(settings: &[(String, String)], directory: &Path) -> Command {
    clean(Command::new(env!("CARGO_BIN_EXE_souk")), settings, directory)
}

fn clean(mut command: Command, settings: &[(String, String)], directory: &Path) -> Command {
    command.current_dir(directory);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SOUK_") {
            command.env_remove(name);
        }
    }
    command.envs(settings.iter().map(|(name, value)| (name, value)));
    command
}

/// `http://ADDRESS` from a line that may be plain, coloured or JSON.
fn address_in(line: &str) -> String {
    let start = line.find("http://").expect("the line was chosen for it");
    let rest = &line[start + "http://".len()..];
    let end = rest
        .find(|c: char| !(c.is_ascii_alphanumeric() || ".:-[]".contains(c)))
        .unwrap_or(rest.len());
    format!("http://{}", &rest[..end])
}
