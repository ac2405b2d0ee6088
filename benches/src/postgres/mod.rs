//! A PostgreSQL cluster of the benchmark's own: durable, with the settings of a fresh installation,
//! on one core.

mod client;
mod proxy;
mod raw;

pub(crate) use client::Client;
pub(crate) use proxy::CountingProxy;
pub(crate) use raw::{RawPostgres, content};

use crate::process::{cpu_seconds_with_children, free_address};
use crate::{Outcome, complaint};
use rustix::process::{Pid, Signal, geteuid, kill_process};
use std::fs::{self, File, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Nobody: PostgreSQL refuses to run as root.
const NOBODY: u32 = 65_534;
const START_DEADLINE: Duration = Duration::from_secs(60);
const END_DEADLINE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A running cluster; it ends when dropped.
pub(crate) struct Cluster {
    postmaster: Child,
    pub(crate) address: SocketAddr,
}

impl Cluster {
    /// Makes a cluster in `directory` with these programs and starts it on this core.
    pub(crate) fn start(programs: &Path, directory: &Path, core: usize) -> Outcome<Self> {
        fs::create_dir_all(directory)?;
        if geteuid().is_root() {
            if let Some(above) = directory.parent() {
                fs::set_permissions(above, Permissions::from_mode(0o711))?;
            }
            chown(directory, Some(NOBODY), Some(NOBODY))?;
        }
        let data = directory.join("data");
        let mut making = unprivileged(&programs.join("initdb"), directory, None);
        making.args(["--username=souk", "--auth=trust", "--encoding=UTF8", "--locale=C"]);
        let made = making.arg("--pgdata").arg(&data).output()?;
        if !made.status.success() {
            let said = String::from_utf8_lossy(&made.stderr).into_owned();
            return Err(complaint(format!("initdb in {}: {said}", directory.display())));
        }
        let address = free_address()?;
        let output = directory.join("output");
        let mut starting = unprivileged(&programs.join("postgres"), directory, Some(core));
        let postmaster = starting
            .arg("-D")
            .arg(&data)
            .args(["-p", &address.port().to_string()])
            .args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="])
            .args(["-c", "fsync=on", "-c", "synchronous_commit=on"])
            .stderr(File::create(&output)?)
            .spawn()?;
        let mut cluster = Self { postmaster, address };
        cluster.wait_until_ready(&output)?;
        Ok(cluster)
    }

    fn wait_until_ready(&mut self, output: &Path) -> Outcome<()> {
        let begun = Instant::now();
        while Client::connect(&self.url("postgres")).is_err() {
            let has_ended = self.postmaster.try_wait()?.is_some();
            if has_ended || begun.elapsed() > START_DEADLINE {
                let said = fs::read_to_string(output)?;
                return Err(complaint(format!("PostgreSQL does not start: {said}")));
            }
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }

    /// The URL of a database in it.
    pub(crate) fn url(&self, database: &str) -> String {
        url(self.address, database)
    }

    /// Makes an empty database, or a copy of `template`, which nobody may be using.
    pub(crate) fn create(&self, database: &str, template: Option<&str>) -> Outcome<Client> {
        let template = template.unwrap_or("template1");
        let client = Client::connect(&self.url("postgres"))?;
        client.batch(&format!("CREATE DATABASE \"{database}\" TEMPLATE \"{template}\""))?;
        // What the copy left to write must not be written during a measurement.
        client.batch("CHECKPOINT")?;
        Client::connect(&self.url(database))
    }

    pub(crate) fn version(&self) -> Outcome<String> {
        let row = Client::connect(&self.url("postgres"))?.query("SHOW server_version")?;
        let version = row.first().ok_or_else(|| complaint("no version"))?;
        let version: String = version.try_get(0)?;
        Ok(version.split(' ').next().unwrap_or_default().to_owned())
    }

    /// The processor time of all its processes so far.
    pub(crate) fn cpu_seconds(&self) -> Outcome<f64> {
        cpu_seconds_with_children(self.postmaster.id())
    }
}

/// The URL of a database of the cluster that is reached at this address.
pub(crate) fn url(address: SocketAddr, database: &str) -> String {
    format!("postgres://souk@{address}/{database}?sslmode=disable")
}

/// A program as an unprivileged user, on this core. It keeps the id of the process.
fn unprivileged(program: &Path, directory: &Path, core: Option<usize>) -> Command {
    let mut words: Vec<String> = Vec::new();
    if let Some(core) = core {
        words.extend(["taskset", "--cpu-list", &core.to_string()].map(str::to_owned));
    }
    if geteuid().is_root() {
        let (user, group) = (format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"));
        words.extend(["setpriv", &user, &group, "--clear-groups"].map(str::to_owned));
    }
    words.push(program.to_string_lossy().into_owned());
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).current_dir(directory).stdin(Stdio::null()).stdout(Stdio::null());
    command
}

impl Drop for Cluster {
    /// A fast shutdown.
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.postmaster), Signal::INT);
        let asked = Instant::now();
        while self.postmaster.try_wait().is_ok_and(|status| status.is_none()) {
            if asked.elapsed() > END_DEADLINE {
                // Its children end when they miss it.
                let _ = self.postmaster.kill();
                let _ = self.postmaster.wait();
                return;
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }
}
