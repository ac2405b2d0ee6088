//! A child process. Its output goes to a file and is watched for the line that says it is ready.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::eventually;

const START_DEADLINE: Duration = Duration::from_secs(60);

pub(crate) struct Process {
    child: Child,
    name: String,
    log: PathBuf,
}

/// The output and the exit status of a program that ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Process {
    /// Starts the command, waits for a line of its output that contains `ready`, and returns that line.
    pub(crate) fn start(
        name: &str,
        command: &mut Command,
        log: &Path,
        ready: &str,
    ) -> (Self, String) {
        // The process writes to the file itself, so what it wrote before it answered is in there.
        let file = File::options()
            .create(true)
            .append(true)
            .open(log)
            .expect("the log file can be opened");
        let earlier = file.metadata().expect("an open file").len();
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("another handle"))
            .stderr(file)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {name}: {error}"));
        let mut process = Self { child, name: name.to_owned(), log: log.to_owned() };

        let deadline = Instant::now() + START_DEADLINE;
        loop {
            // Asked before the file is read: then all output of an ended process is seen.
            let ended = process.child.try_wait().expect("a child can be asked whether it ended");
            let output = process.output_after(earlier);
            let mut lines = output.split_inclusive('\n').filter(|line| line.ends_with('\n'));
            if let Some(line) = lines.find(|line| line.contains(ready)) {
                return (process, line.to_owned());
            }
            if let Some(status) = ended {
                panic!("{name} ended ({status}) before it said {ready:?}:\n{output}");
            }
            assert!(
                Instant::now() < deadline,
                "{name} did not say {ready:?} within {START_DEADLINE:?}:\n{output}"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn output_after(&self, earlier: u64) -> String {
        let mut file = File::open(&self.log).expect("the log file can be read");
        file.seek(SeekFrom::Start(earlier)).expect("a file has positions");
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).expect("the log file can be read");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Its whole output, including earlier runs with the same log.
    pub(crate) fn output(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// SIGKILL: no handler runs, nothing is flushed.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap_or_else(|error| panic!("cannot kill {}: {error}", self.name));
        self.child.wait().expect("a killed child can be waited for");
    }

    /// SIGSTOP: it neither runs nor ends, and its connections stay open.
    pub(crate) fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// SIGCONT.
    pub(crate) fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Sends a signal to it.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal)
            .unwrap_or_else(|error| panic!("cannot send {signal:?} to {}: {error}", self.name));
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Waits until it ends, and kills it after this time.
    pub(crate) fn ended_or_killed_within(mut self, limit: Duration) {
        let deadline = Instant::now() + limit;
        while Instant::now() < deadline && !matches!(self.child.try_wait(), Ok(Some(_))) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for its end, whatever ends it.
    pub(crate) async fn ended(mut self) -> ExitStatus {
        let what = format!("the end of {}", self.name);
        eventually(&what, async || {
            self.child.try_wait().expect("a child can be asked whether it ended")
        })
        .await
    }

    /// Its memory, in MiB.
    pub(crate) fn resident_mebibytes(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(&path).expect("the process runs");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a size");
        let kibibytes = line.split_whitespace().nth(1).expect("a number");
        kibibytes.parse::<u64>().expect("a number") / 1024
    }

    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Waits for the end of a process that was asked to stop.
    pub(crate) async fn ended_within(mut self, limit: Duration) -> ExitStatus {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) =
                self.child.try_wait().expect("a child can be asked whether it ended")
            {
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "{} still runs {limit:?} after SIGTERM:\n{}",
                self.name,
                self.output()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail if the process has already ended, and that is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a program to its end with this standard input; kills it and fails the test if it hangs.
pub(crate) fn run_to_end(command: &mut Command, input: &str, limit: Duration) -> Finished {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program can be started");
    let pid = Pid::from_child(&child);
    // A program that reads no input may close the pipe.
    let _ = child.stdin.take().expect("stdin is piped").write_all(input.as_bytes());

    let (done, ended) = mpsc::channel();
    std::thread::spawn(move || done.send(child.wait_with_output()));
    let output: Output = match ended.recv_timeout(limit) {
        Ok(output) => output.expect("the output of a child can be read"),
        Err(_) => {
            let _ = kill_process(pid, Signal::KILL);
            panic!("{command:?} still runs after {limit:?}");
        }
    };
    Finished {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Finished {
    #[track_caller]
    pub(crate) fn expect_success(self) -> Self {
        assert_eq!(self.code, Some(0), "should have succeeded: {self:#?}");
        self
    }

    /// It failed with a message on standard error: it was not killed and did not panic.
    #[track_caller]
    pub(crate) fn expect_refusal(self) -> Self {
        let refused = self.code.is_some_and(|code| code != 0);
        assert!(refused, "should have exited with an error: {self:#?}");
        assert!(!self.stderr.trim().is_empty(), "should have said why: {self:#?}");
        assert!(!self.stderr.contains("panicked at"), "should refuse, not panic: {self:#?}");
        self
    }

    #[track_caller]
    pub(crate) fn naming(self, what: &str) -> Self {
        assert!(
            self.stderr.to_lowercase().contains(&what.to_lowercase()),
            "should name {what:?}: {self:#?}"
        );
        self
    }
}
