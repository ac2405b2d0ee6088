//! Pages whose commands are run as written: their blocks, and a desk with terminals to run them in.
//!
//! The word after `sh` in the source of a page says how its block is run:
//!
//! | word | what happens |
//! |---|---|
//! | none | it runs to its end, after the previous block, in the same shell |
//! | `terminal` | it runs in its own terminal until it is stopped |
//! | `closed` | as none, after everything in the other terminals was stopped |

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tempfile::TempDir;

use super::environment::{nats_server, python, repository};
use super::process::{Finished, run_to_end};

/// The longest time that a page may take.
const PAGE_DEADLINE: Duration = Duration::from_secs(240);

/// Commands that run until they are stopped: the beginning, and the text they print once they are ready.
const READY: [(&str, &str); 5] = [
    ("souk serve", "listening on http://"),
    ("souk logs --follow", "the paper is low"),
    ("nats-server", "Server is ready"),
    ("nats ", "souk.event.v1.user."),
    ("curl -sN", "souk.user.registered.v1"),
];

/// The shell functions of the blocks. Each terminal is a job with its own process group, so that
/// stopping it also stops its children.
const SHELL: &str = r#"
set -euo pipefail -m
TERMINALS=
close_terminals() {
  for job in $TERMINALS; do kill -TERM -- "-$job" 2> /dev/null || true; done
  for job in $TERMINALS; do wait "$job" 2> /dev/null || true; done
  TERMINALS=
}
close_all() {
  close_terminals
  # What a page started with `&` and did not stop, because a command failed.
  for job in $(jobs -p); do kill -TERM -- "-$job" 2> /dev/null || true; done
}
trap close_all EXIT
until_it_says() {
  until grep -q -- "$2" "$1"; do
    kill -0 -- "-$!" 2> /dev/null || { echo "it ended before it said '$2':"; cat "$1"; exit 1; }
    sleep 0.05
  done
}
"#;

/// A fenced block of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// The text after the opening fence: a language, and how to run the block.
    pub(crate) info: String,
    pub(crate) text: String,
}

impl Block {
    pub(crate) fn language(&self) -> &str {
        self.info.split(' ').next().unwrap_or_default()
    }

    pub(crate) fn is_pasted(&self) -> bool {
        self.language() == "sh"
    }

    pub(crate) fn first_line(&self) -> &str {
        self.text.lines().next().unwrap_or_default()
    }
}

/// The fenced blocks of a page, in order.
pub(crate) fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    // Every odd piece is inside a fence: the info string, a line end, the text.
    for fenced in page.split("```").skip(1).step_by(2) {
        let (info, text) = fenced.split_once('\n').expect("a fence is a line of its own");
        blocks.push(Block { info: info.trim().to_owned(), text: text.to_owned() });
    }
    blocks
}

/// The blocks of the page of this name, from the top of the repository.
pub(crate) fn blocks_of(page: &str) -> Vec<Block> {
    let path = repository().join(page);
    blocks(&fs::read_to_string(&path).unwrap_or_else(|error| panic!("{page}: {error}")))
}

/// The files of a clone that the pages use, and a loopback address with all ports free, so that many tests can
/// listen on port 8000 at once.
pub(crate) struct Desk {
    directory: TempDir,
    address: String,
}

impl Desk {
    pub(crate) fn new() -> Self {
        static DESKS: AtomicU8 = AtomicU8::new(1);
        let [.., high, low] = std::process::id().to_be_bytes();
        let address = format!("127.{}.{high}.{low}", DESKS.fetch_add(1, Ordering::Relaxed));
        let directory =
            tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary directory");
        let desk = Self { directory, address };
        let broker = fs::read_to_string(repository().join("nats.conf")).expect("there");
        fs::write(desk.path("nats.conf"), desk.here(&broker)).expect("written");
        // A home directory for shell completions.
        for folder in [
            "bin",
            ".zfunc",
            ".config/fish/completions",
            ".local/share/bash-completion/completions",
        ] {
            fs::create_dir_all(desk.path(folder)).expect("made");
        }
        fs::create_dir_all(desk.path("config/deploy")).expect("made");
        symlink(env!("CARGO_BIN_EXE_souk"), desk.path("bin/souk")).expect("linked");
        symlink(nats_server(), desk.path("bin/nats-server")).expect("linked");
        let stand_in = repository().join("tests/it/support/nats_command.py");
        desk.program("nats", &format!("exec {:?} {stand_in:?} \"$@\"", python()));
        // Plain curl, as the pages use it, would not fail on an error answer.
        let outside = std::env::var("PATH").unwrap_or_default();
        let curl = format!("PATH={outside:?} exec curl --fail-with-body --max-time 60 \"$@\"");
        desk.program("curl", &curl);
        desk
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn program(&self, name: &str, script: &str) {
        let path = self.path("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("its own");
    }

    /// A text of a page, with the address of this desk.
    fn here(&self, text: &str) -> String {
        text.replace("127.0.0.1", &self.address)
    }

    /// Runs the `sh` blocks one after the other and returns their output. Fails when a command fails.
    #[track_caller]
    pub(crate) fn paste(&self, blocks: &[Block]) -> String {
        let mut script = SHELL.to_owned();
        for (number, block) in blocks.iter().filter(|block| block.is_pasted()).enumerate() {
            script.push_str(&format!("\necho '===== {number}' | tee /dev/stderr\n"));
            script.push_str(&piece(number, block));
        }
        let script = self.here(&script);
        let mut shell = Command::new("bash");
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("SOUK_") || name.starts_with("NATS_") {
                shell.env_remove(name.as_ref());
            }
        }
        let outside = std::env::var("PATH").unwrap_or_default();
        shell
            .arg("-c")
            .arg(&script)
            .current_dir(self.directory.path())
            .env("HOME", self.directory.path())
            .env("PATH", format!("{}:{outside}", self.path("bin").display()))
            .env("SOUK_LISTEN", format!("{}:8000", self.address));
        let Finished { code, stdout, stderr } = run_to_end(&mut shell, "", PAGE_DEADLINE);
        let logs = || self.logs();
        assert_eq!(code, Some(0), "{script}\n--- {stdout}\n--- {stderr}\n{}", logs());
        stdout
    }

    /// The output of the other terminals.
    pub(crate) fn logs(&self) -> String {
        let mut logs = String::new();
        for number in 0..100 {
            let Ok(text) = fs::read_to_string(self.path(&log_of(number))) else { continue };
            logs.push_str(&format!("--- terminal {number}\n{text}"));
        }
        logs
    }

    /// The data directory of a shop that a page started.
    pub(crate) fn data(&self, name: &str) -> PathBuf {
        Path::new(self.directory.path()).join(name)
    }
}

fn log_of(number: usize) -> String {
    format!("terminal-{number}.log")
}

/// The script that runs one block.
fn piece(number: usize, block: &Block) -> String {
    let Block { info, text } = block;
    match info.as_str() {
        "sh" => text.clone(),
        "sh closed" => format!("close_terminals\n{text}"),
        "sh terminal" => {
            // Start in the root of the clone, wherever an earlier block went, because the logs are there.
            let (log, ready) = (log_of(number), ready(block));
            format!(
                "( set +m\n{text}) > \"$HOME/{log}\" 2>&1 &\nTERMINALS=\"$TERMINALS $!\"\n\
                 until_it_says \"$HOME/{log}\" '{ready}'\n"
            )
        }
        other => panic!("nobody knows how to paste a block of {other:?}:\n{text}"),
    }
}

/// The text that the last command of a block prints when it is ready.
fn ready(block: &Block) -> &'static str {
    // Skip the variables that are set before a command.
    let command = |line: &str| {
        let words = line.split(' ').skip_while(|word| word.contains('=') && !word.starts_with('-'));
        words.collect::<Vec<_>>().join(" ")
    };
    let commands: Vec<String> = block.text.lines().map(command).collect();
    let known = READY.iter().find(|(beginning, _)| {
        commands.iter().any(|command| command.starts_with(beginning.trim_end()))
    });
    known.unwrap_or_else(|| panic!("when is this under way?\n{}", block.text)).1
}
