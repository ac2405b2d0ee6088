//! `/readyz`: whether the shop accepts changes now, and if not, why.

use crate::app::App;
use crate::edge::{Answer, Call};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use souk_actors::store::NoChanges;
use std::sync::Arc;

/// Whether the shop accepts changes, and the state of its dependencies.
#[derive(JsonSchema, Serialize)]
pub(super) struct ReadyBody {
    status: &'static str,
    /// Present only while the shop is not ready.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<String>,
    store: &'static str,
    broker: &'static str,
    outbox: &'static str,
    payments: &'static str,
}

/// `GET /readyz`: 200 while the shop accepts changes, otherwise 503 with every reason.
pub(super) async fn ready(app: Arc<App>, _: Call) -> Answer {
    let report = app.adapters.report().ok();
    let mut reasons = Vec::new();
    let mut add_reason = |word: &'static str, reason: &str| {
        reasons.push(reason.to_owned());
        word
    };
    let store = match app.shop.store.takes_no_changes() {
        Some(NoChanges::Failed) if app.shop.store.is_shared() => add_reason(
            "failed",
            "this process cannot follow the database: it stops to be started again",
        ),
        Some(why) => add_reason(word_for(why), &reason_for(why)),
        None if report.is_none() => add_reason("failed", "the store cannot be read"),
        None => "ok",
    };
    if *app.shop.owners.escalated().borrow() {
        add_reason("", "a part of the shop keeps failing: the process stops to be started again");
    }
    let broker = match report.as_ref().map(|report| report.is_broker_connected) {
        Some(None) => "not configured",
        Some(Some(true)) => "connected",
        Some(Some(false)) => add_reason("away", "the broker does not answer"),
        None => "unknown",
    };
    let outbox = match &report {
        Some(_) if app.adapters.is_outbox_full() => {
            add_reason("full", "the outbox is full: nobody takes the messages in it")
        }
        Some(report) if report.is_outbox_behind => "behind",
        Some(_) => "ok",
        None => "unknown",
    };
    let (status, word) = match reasons.is_empty() {
        true => (StatusCode::OK, "ready"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "not ready"),
    };
    let payments = app.shop.gateway.name();
    Answer::json(status, &ReadyBody { status: word, reasons, store, broker, outbox, payments })
}

fn word_for(why: NoChanges) -> &'static str {
    match why {
        NoChanges::Failed => "failed",
        NoChanges::Closing => "closing",
        NoChanges::DiskFull { .. } => "disk full",
        NoChanges::DiskReadOnly => "disk read-only",
        NoChanges::DatabaseAway => "database away",
    }
}

fn reason_for(why: NoChanges) -> String {
    match why {
        NoChanges::Failed => {
            "a write to the store failed: the process stops to be started again".to_owned()
        }
        NoChanges::Closing => "the shop is closing".to_owned(),
        NoChanges::DiskFull { free_bytes, needed_bytes } => format!(
            "the disk of the store is nearly full: {} MiB are free, changes need {} MiB; free some \
             space and the shop goes on",
            free_bytes >> 20,
            needed_bytes >> 20
        ),
        NoChanges::DiskReadOnly => "the disk of the store is mounted read-only".to_owned(),
        NoChanges::DatabaseAway => {
            "the database does not answer: requests are refused until it is back".to_owned()
        }
    }
}
