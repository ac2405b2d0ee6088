//! Reads a password from the terminal or from standard input.

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use souk_domain::{Password, PasswordError};
use std::io::{self, BufRead, IsTerminal, Read, Write};
use tokio::sync::oneshot;

/// Longest line read, in octets.
const LINE_BYTES_MAX: u64 = 4096;

/// Why no password was read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PromptError {
    #[error("password: {0}")]
    Password(#[from] PasswordError),
    #[error("password: cannot be read from standard input")]
    Input(#[from] io::Error),
    #[error("password: the two are not the same; nothing was changed")]
    Differ,
    #[error("interrupted; nothing was changed")]
    Interrupted,
}

/// A new password: if standard input is a terminal, typed twice without echo; else its first line.
pub(super) async fn new_password(whose: &str) -> Result<Password, PromptError> {
    if !io::stdin().is_terminal() {
        return Ok(Password::choose(read_line()?)?);
    }
    let echo_off = EchoOff::begin()?;
    let first = ask(&format!("New password for {whose}: ")).await?;
    let password = Password::choose(first.clone())?;
    let second = ask("The same once more: ").await?;
    drop(echo_off);
    if first == second { Ok(password) } else { Err(PromptError::Differ) }
}

/// Turns off the terminal's echo until it is dropped.
struct EchoOff(Termios);

impl EchoOff {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL);
        tcsetattr(io::stdin(), OptionalActions::Now, &hidden)?;
        Ok(Self(before))
    }
}

impl Drop for EchoOff {
    fn drop(&mut self) {
        // If the terminal is gone, nothing can be restored.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

/// Prompts on standard error, because standard output may be a file. Ctrl-C restores the terminal.
async fn ask(question: &str) -> Result<String, PromptError> {
    let mut output = io::stderr();
    write!(output, "{question}").and_then(|()| output.flush())?;
    let (sender, answer) = oneshot::channel();
    // Its own thread: at Ctrl-C the runtime would wait for one of its threads to finish reading.
    std::thread::Builder::new().name("prompt".to_owned()).spawn(move || {
        // After Ctrl-C nobody receives it.
        let _ = sender.send(read_line());
    })?;
    let answer = tokio::select! {
        answer = answer => answer.map_err(|_| io::Error::from(io::ErrorKind::UnexpectedEof))?,
        interrupted = tokio::signal::ctrl_c() => {
            interrupted?;
            eprintln!();
            return Err(PromptError::Interrupted);
        }
    };
    eprintln!();
    Ok(answer?)
}

fn read_line() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().lock().take(LINE_BYTES_MAX).read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
