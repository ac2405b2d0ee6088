//! `souk completions bash|zsh|fish`: prints a shell's completion script.

use super::{CommandError, CommandLine};
use clap::{Args, CommandFactory, ValueEnum};
use clap_complete::{Shell, generate};
use std::io::{self, Write};
use std::process::ExitCode;

/// The shell to print for.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Completions {
    /// The shell.
    shell: Completed,
}

/// The supported shells.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Completed {
    /// ~/.local/share/bash-completion/completions/souk
    Bash,
    /// A file _souk in a directory of $fpath
    Zsh,
    /// ~/.config/fish/completions/souk.fish
    Fish,
}

pub(super) fn run(options: Completions) -> Result<ExitCode, CommandError> {
    let shell = match options.shell {
        Completed::Bash => Shell::Bash,
        Completed::Zsh => Shell::Zsh,
        Completed::Fish => Shell::Fish,
    };
    let mut script = Vec::new();
    generate(shell, &mut CommandLine::command(), "souk", &mut script);
    io::stdout().write_all(&script).map_err(CommandError::Write)?;
    Ok(ExitCode::SUCCESS)
}
