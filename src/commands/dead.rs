//! `souk dead`: lists, shows, retries and deletes dead letters.

use super::{CommandError, print_json, print_text};
use crate::adapters::{DeadLetter, DeadLetters};
use crate::settings::Settings;
use clap::Subcommand;
use serde_json::{Value, json};
use std::process::ExitCode;

/// What to do about dead letters: on the broker, where one is configured; else in DATA/mail/dead.
#[derive(Debug, Subcommand)]
pub(super) enum Dead {
    /// List the letters, one line each, the newest last.
    List {
        /// Most letters, about.
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: usize,
        /// One JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Show one letter with its body.
    Show {
        /// The letter's id, as the list shows it.
        id: String,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Retry some letters. Without a broker, close the shop first; the mails are sent at once.
    Retry {
        /// The letters' ids, as the list shows them.
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Delete some letters for good.
    Drop {
        /// The letters' ids, as the list shows them.
        #[arg(required = true)]
        ids: Vec<String>,
    },
}

pub(super) async fn run(options: Dead, settings: &Settings) -> Result<ExitCode, CommandError> {
    // rustls uses the process's default cryptography provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let letters = DeadLetters::open(settings.adapters()).await?;
    if let (Dead::List { .. }, Some(folder)) = (&options, letters.folder()) {
        let folder = folder.display();
        eprintln!("nats_url is not set: these are the mails given up, in {folder}");
    }
    match options {
        Dead::List { limit, json } => list(&letters.list(limit).await?, json)?,
        Dead::Show { id, json: true } => print_json(&document(&letters.show(&id).await?))?,
        Dead::Show { id, json: false } => print_text(&whole(&letters.show(&id).await?))?,
        Dead::Retry { ids } => {
            for id in ids {
                letters.retry(&id).await?;
                println!("{id} is tried again");
            }
        }
        Dead::Drop { ids } => {
            for id in ids {
                letters.drop_letter(&id).await?;
                println!("{id} is deleted");
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(letters: &[DeadLetter], as_json: bool) -> Result<(), CommandError> {
    if as_json {
        return print_json(&letters.iter().map(document).collect::<Vec<_>>());
    }
    if letters.is_empty() {
        eprintln!("there are no dead letters");
        return Ok(());
    }
    print_text(&letters.iter().map(line).collect::<Vec<_>>().join("\n"))
}

/// A letter for scripts; a body that is not JSON becomes a text.
fn document(letter: &DeadLetter) -> Value {
    let DeadLetter { id, time, subject, tries, reason, body } = letter;
    let body = serde_json::from_slice(body)
        .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(body).into_owned()));
    json!({
        "id": id, "time": time, "subject": subject, "tries": tries, "reason": reason, "body": body,
    })
}

fn line(letter: &DeadLetter) -> String {
    let DeadLetter { id, time, subject, tries, reason, .. } = letter;
    format!("{id}  {time}  {}  tries={tries}  {}", plain(subject), plain(reason))
}

fn whole(letter: &DeadLetter) -> String {
    let DeadLetter { id, time, subject, tries, reason, body } = letter;
    // The JSON printer escapes control characters; any other body must be escaped here.
    let body = match serde_json::from_slice::<serde_json::Value>(body) {
        Ok(body) => format!("{body:#}"),
        Err(_) => String::from_utf8_lossy(body).lines().map(plain).collect::<Vec<_>>().join("\n"),
    };
    format!(
        "id: {id}\ntime: {time}\nsubject: {}\ntries: {tries}\nreason: {}\n\n{body}",
        plain(subject),
        plain(reason)
    )
}

/// Escapes control characters, so that a message cannot control the operator's terminal.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
