//! The measured servers: starting, observing through /proc, stopping.

use crate::http::{BlockingConnection, request};
use crate::{Outcome, complaint};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const START_DEADLINE: Duration = Duration::from_secs(60);
const END_DEADLINE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_micros(200);
/// Clock ticks per second in /proc: the same on every Linux these benchmarks run on.
const TICKS_PER_SECOND: f64 = 100.0;

/// A running server; killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    /// From exec to the first answer.
    pub(crate) started_in: Duration,
}

/// A server that can be started.
pub(crate) struct Program {
    binary: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    /// Its working directory, where its output goes too.
    directory: PathBuf,
}

impl Program {
    /// `souk serve` on the data in `directory`/data, with default settings.
    pub(crate) fn souk(binary: &Path, directory: &Path) -> Self {
        let program = Self::new(binary, directory, &["--data", "data", "serve"]);
        // All requests here come from one address.
        program.with("SOUK_RATE_LIMIT", "off")
    }

    /// The floor of product detail, which answers with the content of this file.
    pub(crate) fn bare_warp(directory: &Path, answer: &Path) -> Outcome<Self> {
        let own_binary = std::env::current_exe()?;
        let answer = answer.to_string_lossy();
        Ok(Self::new(&own_binary, directory, &["bare-warp", "--answer", answer.as_ref()]))
    }

    fn new(binary: &Path, directory: &Path, arguments: &[&str]) -> Self {
        Self {
            binary: binary.to_owned(),
            arguments: arguments.iter().map(|&it| it.to_owned()).collect(),
            environment: Vec::new(),
            directory: directory.to_owned(),
        }
    }

    /// Its working directory.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts it and requests `/healthz` until it answers.
    pub(crate) fn start(&self) -> Outcome<Server> {
        fs::create_dir_all(&self.directory)?;
        let address = free_address()?;
        let output = File::create(self.directory.join("output"))?;
        let errors = File::create(self.directory.join("errors"))?;
        let exec = Instant::now();
        let child = Command::new(&self.binary)
            .args(&self.arguments)
            .args(["--listen", &address.to_string()])
            .current_dir(&self.directory)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()?;
        let mut server = Server { child, address, started_in: Duration::ZERO };
        let ask = request("GET", "/healthz", None, None);
        loop {
            let answer = BlockingConnection::open(address).and_then(|mut it| it.ask(&ask));
            if answer.is_ok_and(|head| head.status == 200) {
                server.started_in = exec.elapsed();
                return Ok(server);
            }
            if let Some(status) = server.child.try_wait()? {
                let said = fs::read_to_string(self.directory.join("errors"))?;
                return Err(complaint(format!("a server ended ({status}): {said}")));
            }
            if exec.elapsed() > START_DEADLINE {
                return Err(complaint("a server does not answer"));
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

/// A free address.
pub(crate) fn free_address() -> Outcome<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

impl Server {
    /// Its processor time so far, in all its threads.
    pub(crate) fn cpu_seconds(&self) -> Outcome<f64> {
        cpu_seconds(&self.child.id().to_string())
    }

    /// Its current threads.
    pub(crate) fn threads(&self) -> Outcome<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let found = status.lines().find_map(|it| it.strip_prefix("Threads:")?.trim().parse().ok());
        found.ok_or_else(|| complaint("no Threads in /proc"))
    }

    /// Its open files and sockets.
    pub(crate) fn descriptors(&self) -> Outcome<usize> {
        Ok(fs::read_dir(format!("/proc/{}/fd", self.child.id()))?.count())
    }

    /// A line of /proc/PID/status in MiB: `VmRSS`, `VmHWM`.
    pub(crate) fn memory_mebibytes(&self, line: &str) -> Outcome<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let found = status.lines().find_map(|it| it.strip_prefix(line)?.strip_prefix(':'));
        let kibibytes = found.and_then(|it| it.trim().strip_suffix(" kB")?.parse::<f64>().ok());
        Ok(kibibytes.ok_or_else(|| complaint(format!("no {line} in /proc")))? / 1024.0)
    }

    /// One of its metrics.
    pub(crate) fn metric(&self, name: &str) -> Outcome<u64> {
        let ask = request("GET", "/metrics", None, None);
        let answer = BlockingConnection::open(self.address)?.fetch(&ask)?;
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        value.ok_or_else(|| complaint(format!("no {name} in /metrics")))
    }

    /// Suspends it until [`Server::go_on`].
    pub(crate) fn hold(&self) -> Outcome<()> {
        self.signal(Signal::STOP)
    }

    pub(crate) fn go_on(&self) -> Outcome<()> {
        self.signal(Signal::CONT)
    }

    /// SIGTERM, and waits for a clean exit.
    pub(crate) fn end(mut self) -> Outcome<()> {
        self.signal(Signal::TERM)?;
        let told = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return match status.success() {
                    true => Ok(()),
                    false => Err(complaint(format!("a server ended with {status}"))),
                };
            }
            if told.elapsed() > END_DEADLINE {
                return Err(complaint("a server does not end"));
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    fn signal(&self, signal: Signal) -> Outcome<()> {
        Ok(kill_process(Pid::from_child(&self.child), signal)?)
    }
}

impl Drop for Server {
    /// SIGKILL: no handler runs, nothing is flushed.
    fn drop(&mut self) {
        // Both fail if it has already ended, and that is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Processor time of a process in /proc (`self`, or a number).
pub(crate) fn cpu_seconds(process: &str) -> Outcome<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    ticks(&stat, 2)
}

/// Processor time of a process, of its children, and of the children that have ended.
pub(crate) fn cpu_seconds_with_children(process: u32) -> Outcome<f64> {
    let parent = process.to_string();
    let mut seconds = 0.0;
    for entry in fs::read_dir("/proc")? {
        // Others end meanwhile.
        let Ok(stat) = fs::read_to_string(entry?.path().join("stat")) else { continue };
        let is_it = stat.split(' ').next() == Some(&parent);
        let is_child = fields(&stat).nth(1) == Some(&parent);
        if is_it || is_child {
            seconds += ticks(&stat, 4)?;
        }
    }
    Ok(seconds)
}

/// The fields of /proc/PID/stat after the second, which is the name in parentheses.
fn fields(stat: &str) -> impl Iterator<Item = &str> {
    stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace()
}

/// The sum of the first of utime, stime, cutime and cstime, which are the 14th to 17th field, in
/// seconds.
fn ticks(stat: &str, times: usize) -> Outcome<f64> {
    let ticks = fields(stat).skip(11).take(times).map(str::parse::<f64>);
    Ok(ticks.sum::<Result<f64, _>>()? / TICKS_PER_SECOND)
}
