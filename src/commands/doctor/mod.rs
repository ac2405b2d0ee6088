//! `souk doctor`: checks everything the shop needs, without changes, and advises on what to do.

mod database;
mod here;
mod outside;

use super::{CommandError, print_json, print_text};
use crate::error_chain::chain;
use crate::settings::{Overrides, Settings};
use clap::Args;
use serde::Serialize;
use std::path::Path;
use std::process::ExitCode;

/// How to print the findings.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Doctor {
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
enum State {
    /// Nothing to do.
    #[serde(rename = "ok")]
    Ok,
    /// It works, but somebody should look.
    #[serde(rename = "warn")]
    Warn,
    /// It does not work.
    #[serde(rename = "FAIL")]
    Fail,
}

/// The finding of one check.
#[derive(Clone, Debug, Serialize)]
struct Finding {
    check: &'static str,
    state: State,
    found: String,
    /// Advice on what to do; `None` if nothing.
    #[serde(rename = "do")]
    advice: Option<String>,
}

/// All findings.
#[derive(Clone, Debug, Serialize)]
struct Report {
    ok: bool,
    checks: Vec<Finding>,
}

impl Finding {
    fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, state: State::Ok, found: found.into(), advice: None }
    }

    fn warn(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, state: State::Warn, found: found.into(), advice: Some(advice.into()) }
    }

    fn fail(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, state: State::Fail, found: found.into(), advice: Some(advice.into()) }
    }
}

pub(super) async fn run(
    asked: Doctor,
    config: Option<&Path>,
    overrides: Overrides,
) -> Result<ExitCode, CommandError> {
    // rustls uses the process's default cryptography provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let checks = examine(config, overrides).await;
    let ok = checks.iter().all(|finding| finding.state != State::Fail);
    let report = Report { ok, checks };
    if asked.json {
        print_json(&report)?;
    } else {
        print_text(&text(&report))?;
    }
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs every check. A check whose setting is invalid is skipped.
async fn examine(config: Option<&Path>, overrides: Overrides) -> Vec<Finding> {
    let (settings, faults) = match Settings::examine(config, overrides) {
        Ok(examined) => examined,
        Err(error) => {
            let error = chain(&error);
            return vec![Finding::fail("settings", error, "mend the file and ask again")];
        }
    };
    let mut found: Vec<Finding> = faults
        .iter()
        .map(|fault| Finding::fail("settings", fault.to_string(), "mend this setting"))
        .collect();
    if found.is_empty() {
        found.push(Finding::ok("settings", "every one can be used"));
    }
    let is_good = |keys: &[&str]| !faults.iter().any(|fault| keys.contains(&fault.key.as_str()));
    if is_good(&["data"]) {
        found.extend(here::directory(&settings));
        found.extend(here::file_modes(&settings));
        found.push(here::disk(&settings));
        match settings.database() {
            Some(database) => found.extend(database::database(database, &settings).await),
            None => found.push(here::store(&settings).await),
        }
        found.push(here::clock(&settings));
    }
    if is_good(&["jwt_secret", "data"]) {
        found.push(here::token_key(&settings));
    }
    if is_good(&["public_url", "listen"]) {
        found.push(here::public_url(&settings));
    }
    if is_good(&["nats_url", "nats_user", "nats_password"]) {
        found.extend(outside::broker(&settings).await);
    }
    if is_good(&["smtp_url"]) {
        found.push(outside::mail_server(&settings).await);
    }
    if is_good(&["stripe_secret_key", "stripe_webhook_secret", "stripe_api_base"]) {
        found.extend(outside::gateway(&settings).await);
    }
    found
}

fn text(report: &Report) -> String {
    let mut text = String::new();
    for Finding { check, state, found, advice } in &report.checks {
        let word = match state {
            State::Ok => "ok",
            State::Warn => "warn",
            State::Fail => "FAIL",
        };
        text.push_str(&format!("{word:<4}  {check:<11}  {found}\n"));
        if let Some(advice) = advice {
            text.push_str(&format!("{:19}{advice}\n", ""));
        }
    }
    let count = |state| report.checks.iter().filter(|finding| finding.state == state).count();
    let summary = match (count(State::Fail), count(State::Warn)) {
        (0, 0) => "everything works".to_owned(),
        (0, warnings) => format!("everything works; {warnings} to look at"),
        (failures, warnings) => format!("{failures} do not work, {warnings} to look at"),
    };
    text + &summary
}
