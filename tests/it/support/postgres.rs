//! PostgreSQL: a cluster of a test's own, which it may crash; and a database in the cluster of the whole run.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use super::environment::postgres_program;
use super::eventually;
use super::process::{Process, run_to_end};

const USER: &str = "souk";
pub(crate) const PASSWORD: &str = "a-password-of-the-database";
/// PostgreSQL refuses to run as root.
const UNPRIVILEGED: u32 = 65_534;
const PROGRAM_DEADLINE: Duration = Duration::from_secs(120);
const STOP_DEADLINE: Duration = Duration::from_secs(10);

/// What the processes of one shop must share when they share a database.
pub(crate) const SHARED_SECRET: (&str, &str) =
    ("SOUK_JWT_SECRET", "a-secret-that-all-processes-of-a-shop-share");

/// A cluster on a port of its own, with `fsync` on.
pub(crate) struct Postgres {
    directory: TempDir,
    port: u16,
    settings: Vec<(&'static str, String)>,
    process: Option<Process>,
}

impl Postgres {
    /// A new cluster that runs.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with these settings of postgresql.conf.
    pub(crate) fn start_with(settings: &[(&'static str, &str)]) -> Self {
        let mut cluster = Self::empty(settings);
        let secret = cluster.directory.path().join("password");
        fs::write(&secret, PASSWORD).expect("a file");
        give_away(&secret);
        let mut initdb = cluster.program("initdb");
        initdb.arg("--pgdata").arg(cluster.data()).arg("--pwfile").arg(secret);
        initdb.args(["--username", USER, "--auth-host", "scram-sha-256", "--auth-local", "trust"]);
        initdb.args(["--encoding", "UTF8", "--locale", "C", "--no-sync"]);
        run_to_end(&mut initdb, "", PROGRAM_DEADLINE).expect_success();
        cluster.restart();
        cluster
    }

    /// A cluster that does not run and has no files yet.
    fn empty(settings: &[(&'static str, &str)]) -> Self {
        // Not below the target directory, where an unprivileged user may not be allowed to look.
        let directory = tempfile::tempdir().expect("a temporary directory");
        give_away(directory.path());
        let settings = settings.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self { directory, port: free_port(), settings, process: None }
    }

    /// A standby that follows this cluster and is called `name` there. It runs, and waits to be promoted.
    pub(crate) async fn standby(&self, name: &str) -> Self {
        let mut standby = Self::empty(&[]);
        let primary = format!(
            "host=127.0.0.1 port={} user={USER} password={PASSWORD} application_name={name}",
            self.port
        );
        let mut copy = standby.program("pg_basebackup");
        copy.args([
            "--write-recovery-conf",
            "--checkpoint=fast",
            "--no-sync",
            "--dbname",
            &primary,
        ]);
        copy.arg("--pgdata").arg(standby.data());
        run_to_end(&mut copy, "", PROGRAM_DEADLINE).expect_success();
        standby.restart();
        eventually("the standby to follow", async || {
            let state =
                format!("SELECT state FROM pg_stat_replication WHERE application_name = '{name}'");
            (psql(&self.url(), &state).await == [["streaming"]]).then_some(())
        })
        .await;
        standby
    }

    /// From now on a commit is answered only when that standby has applied it too.
    pub(crate) async fn wait_for_standby(&self, name: &str) {
        let client = connect(&self.url()).await;
        for statement in [
            format!("ALTER SYSTEM SET synchronous_standby_names = '{name}'"),
            "ALTER SYSTEM SET synchronous_commit = 'remote_apply'".to_owned(),
            "SELECT pg_reload_conf()".to_owned(),
        ] {
            client.batch_execute(&statement).await.expect("a setting");
        }
        eventually("the standby to be waited for", async || {
            let state = "SELECT sync_state FROM pg_stat_replication";
            (psql(&self.url(), state).await == [["sync"]]).then_some(())
        })
        .await;
    }

    /// Makes this standby a primary.
    pub(crate) async fn promote(&self) {
        assert_eq!(psql(&self.url(), "SELECT pg_promote(true, 60)").await, [["t"]]);
    }

    /// Starts it again on the same port with the same files.
    pub(crate) fn restart(&mut self) {
        assert!(self.process.is_none(), "the cluster runs already");
        let mut command = self.program("postgres");
        command.arg("-D").arg(self.data()).arg("-k").arg(self.data());
        command.args(["-p", &self.port.to_string(), "--listen_addresses=127.0.0.1"]);
        command.args(["--max_connections=100", "--shared_buffers=32MB"]);
        command.args(self.settings.iter().map(|(name, value)| format!("--{name}={value}")));
        let log = self.directory.path().join("postgres.log");
        let ready = if self.data().join("standby.signal").exists() {
            "database system is ready to accept read-only connections"
        } else {
            "database system is ready to accept connections"
        };
        self.process = Some(Process::start("postgres", &mut command, &log, ready).0);
    }

    /// `kill -9` of all its processes at once, and of nothing that a client sees coming.
    pub(crate) async fn kill(&mut self) {
        let pids = self.pids();
        // All are stopped first: otherwise the last ones would see the first ones end, and react.
        signal_all(&pids, Signal::STOP);
        signal_all(&pids, Signal::KILL);
        self.process.take().expect("the cluster runs").kill();
        // The memory that they share must be free before the next start.
        eventually("the end of PostgreSQL's processes", async || {
            pids.iter().all(|pid| is_gone(*pid)).then_some(())
        })
        .await;
    }

    /// Ends it in order, without waiting for its clients.
    pub(crate) async fn stop(&mut self) {
        let process = self.process.take().expect("the cluster runs");
        process.signal(Signal::INT);
        process.ended().await;
    }

    /// SIGSTOP for all its processes: its connections stay open, and nobody answers.
    pub(crate) fn pause(&self) {
        signal_all(&self.pids(), Signal::STOP);
    }

    /// SIGCONT for all its processes.
    pub(crate) fn resume(&self) {
        signal_all(&self.pids(), Signal::CONT);
    }

    /// Ends the connections of all clients with `pg_terminate_backend`; how many there were.
    pub(crate) async fn end_connections(&self) -> usize {
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
        psql(&self.url(), end).await.len()
    }

    /// A new empty database; its URL.
    pub(crate) async fn database(&self, name: &str) -> String {
        let client = connect(&self.url()).await;
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("a database");
        self.url_of(name)
    }

    /// The URL of the maintenance database.
    pub(crate) fn url(&self) -> String {
        self.url_of("postgres")
    }

    pub(crate) fn url_of(&self, database: &str) -> String {
        format!("postgres://{USER}:{PASSWORD}@127.0.0.1:{}/{database}", self.port)
    }

    pub(crate) fn address(&self) -> std::net::SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("cluster")
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(postgres_program(name));
        command.current_dir(self.directory.path());
        if geteuid().is_root() {
            command.uid(UNPRIVILEGED).gid(UNPRIVILEGED);
        }
        command
    }

    /// The postmaster and its children.
    fn pids(&self) -> Vec<Pid> {
        let postmaster = self.process.as_ref().expect("the cluster runs");
        let mut pids = children_of(postmaster);
        pids.push(postmaster.pid());
        pids
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(process) = self.process.take() {
            signal_all(&children_of(&process), Signal::CONT);
            process.signal(Signal::CONT);
            // Ends it at once, and frees what it shares with its children, as SIGKILL would not.
            process.signal(Signal::QUIT);
            process.ended_or_killed_within(STOP_DEADLINE);
        }
        // After SIGKILL the shared memory of the cluster stays. Its id is on a line of its own with its key.
        let notes = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        if let Some(id) = notes.lines().nth(6).and_then(|line| line.split_whitespace().nth(1)) {
            let _ = Command::new("ipcrm").args(["-m", id]).status();
        }
    }
}

fn children_of(process: &Process) -> Vec<Pid> {
    let number = process.pid().as_raw_nonzero();
    let children = fs::read_to_string(format!("/proc/{number}/task/{number}/children"));
    // A process that ended has none.
    let children = children.unwrap_or_default();
    let pids = children.split_whitespace().filter_map(|pid| pid.parse().ok());
    pids.filter_map(Pid::from_raw).collect()
}

/// True for a process that ended, even if nobody asked how.
fn is_gone(pid: Pid) -> bool {
    let state = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    state.map_or(true, |state| state.contains(") Z "))
}

fn signal_all(pids: &[Pid], signal: Signal) {
    for pid in pids {
        // A process that served one connection may have ended.
        let _ = kill_process(*pid, signal);
    }
}

/// Gives a file to the user who runs PostgreSQL.
fn give_away(path: &Path) {
    if geteuid().is_root() {
        chown(path, Some(UNPRIVILEGED), Some(UNPRIVILEGED)).expect("root may give files away");
    }
}

/// A port below those that the system gives to outgoing connections: it stays free while the cluster is down.
fn free_port() -> u16 {
    std::iter::repeat_with(|| fastrand::u16(15_000..32_000))
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("an endless iterator")
}

/// A connection to the database.
pub(crate) async fn connect(url: &str) -> Client {
    let connected = tokio_postgres::connect(url, NoTls).await;
    let (client, connection) = connected.unwrap_or_else(|error| panic!("{url}: {error:?}"));
    tokio::spawn(async move {
        // The statement that was lost fails the test, if it matters.
        let _ = connection.await;
    });
    client
}

/// The rows that a statement returns, as texts; NULL is empty.
pub(crate) async fn psql(url: &str, statement: &str) -> Vec<Vec<String>> {
    let messages = connect(url).await.simple_query(statement).await;
    let messages = messages.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
    let row = |message: &SimpleQueryMessage| match message {
        SimpleQueryMessage::Row(row) => {
            Some((0..row.len()).map(|at| row.get(at).unwrap_or_default().to_owned()).collect())
        }
        _ => None,
    };
    messages.iter().filter_map(row).collect()
}

/// A database in the cluster of the whole run. It is dropped with the value.
pub(crate) struct OwnDatabase {
    cluster: String,
    name: String,
    url: String,
}

impl OwnDatabase {
    /// A new database if the run is on PostgreSQL.
    pub(super) fn of_the_run() -> Option<Self> {
        std::env::var("SOUK_TEST_STORE").ok().filter(|store| store == "postgres")?;
        let cluster = std::env::var("SOUK_TEST_POSTGRES").ok()?;
        let name = format!("shop_{:016x}", fastrand::u64(..));
        execute(&cluster, &format!("CREATE DATABASE {name}")).expect("a database");
        let (server, _) = cluster.rsplit_once('/').expect("a URL with a database");
        let url = format!("{server}/{name}");
        Some(Self { cluster, name, url })
    }

    /// The settings of a shop that has its rows there.
    pub(super) fn settings(&self) -> impl Iterator<Item = (&str, &str)> {
        [("SOUK_STORE", self.url.as_str()), SHARED_SECRET].into_iter()
    }
}

impl Drop for OwnDatabase {
    fn drop(&mut self) {
        // The cluster is deleted after the run, with whatever could not be dropped.
        let _ = execute(&self.cluster, &format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}

/// Executes a statement, also where no runtime is.
fn execute(url: &str, statement: &str) -> Result<(), tokio_postgres::Error> {
    let execute = async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        client.batch_execute(statement).await
    };
    let run = move || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().expect("a runtime").block_on(execute)
    };
    // A thread that runs a test's tasks must not wait for another runtime, nor drop one.
    std::thread::scope(|threads| threads.spawn(run).join().expect("it does not panic"))
}
