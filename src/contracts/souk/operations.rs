//! For operators and monitoring: liveness, readiness and metrics.

use crate::app::{App, failure_answer};
use crate::edge::{Answer, Call};
use crate::panics;
use bytes::Bytes;
use http::StatusCode;
use http::header::HeaderValue;
use schemars::JsonSchema;
use serde::Serialize;
use souk_actors::{clock, gateway};
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// `GET /healthz`: the process answers.
#[derive(JsonSchema, Serialize)]
pub(super) struct AliveBody {
    status: &'static str,
}

pub(super) async fn alive(_: Arc<App>, _: Call) -> Answer {
    Answer::ok(&AliveBody { status: "ok" })
}

/// Metrics in the Prometheus text exposition format 0.0.4. The numbers are read from where they are
/// kept; nothing is counted twice.
pub(super) async fn metrics(app: Arc<App>, _: Call) -> Answer {
    let stats = app.shop.store.stats();
    let report = match app.adapters.report() {
        Ok(report) => report,
        Err(error) => return failure_answer(&error.into()),
    };
    let mut text = String::new();
    let mut metric = |name: &str, kind: &str, help: &str, value: u64| {
        let written = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
        debug_assert!(written.is_ok(), "writing to a string cannot fail");
    };
    metric("souk_store_commits_total", "counter", "Epochs made durable.", stats.commits);
    metric(
        "souk_store_aborts_total",
        "counter",
        "Turns that had written something and were rolled back.",
        stats.rollbacks,
    );
    metric(
        "souk_store_overtaken_total",
        "counter",
        "Epochs that ran again because another process changed what they had read.",
        stats.overtaken,
    );
    metric("souk_store_turns_total", "counter", "Requests in durable epochs.", stats.turns);
    let waiting = u64::try_from(stats.waiting).unwrap_or(u64::MAX);
    metric("souk_store_waiting", "gauge", "Requests that wait for a turn.", waiting);
    metric("souk_outbox_pending", "gauge", "Rows not carried out yet.", report.pending_rows);
    let age = report.oldest_pending.map_or(0, |oldest| clock::now().seconds() - oldest.seconds());
    let age = u64::try_from(age).unwrap_or(0);
    metric("souk_outbox_oldest_seconds", "gauge", "Age of the oldest of them.", age);
    let is_behind = u64::from(report.is_outbox_behind);
    metric("souk_outbox_behind", "gauge", "1 if somebody should look why.", is_behind);
    metric("souk_published_total", "counter", "Messages the broker took.", report.published);
    metric("souk_published_again_total", "counter", "Of those, known to it.", report.duplicates);
    metric("souk_rewinds_total", "counter", "Losses of the broker made good.", report.rewinds);
    metric("souk_mails_sent_total", "counter", "Mails handed over.", report.mails_sent);
    metric("souk_mails_put_off_total", "counter", "Mails to try again.", report.mails_put_off);
    metric("souk_mails_dead_total", "counter", "Mails given up.", report.mails_dead);
    let misfits = gateway::misfits();
    let help = "What the payment gateway said that does not fit the books.";
    metric("souk_gateway_misfits_total", "counter", help, misfits);
    let hashes = app.shop.hasher.computed();
    metric("souk_password_hashes_total", "counter", "Password hashes computed.", hashes);
    metric("souk_panics_total", "counter", "Panics anywhere in the process.", panics::count());
    let logs = app.adapters.logs();
    let count = |of: &AtomicU64| of.load(Ordering::Relaxed);
    metric("souk_logs_kept_total", "counter", "Lines kept by the log service.", count(&logs.kept));
    metric("souk_logs_refused_total", "counter", "Published, but no lines.", count(&logs.refused));
    text.push_str("# HELP souk_logs_dropped_total Lines that were not kept.\n");
    text.push_str("# TYPE souk_logs_dropped_total counter\n");
    let dropped =
        [("overflow", &logs.overflowed), ("sampled", &logs.sampled), ("failed", &logs.failed)];
    for (reason, number) in dropped {
        let number = count(number);
        text.push_str(&format!("souk_logs_dropped_total{{reason=\"{reason}\"}} {number}\n"));
    }
    if let Err(error) = app.write_kept(&mut text) {
        return failure_answer(&error.into());
    }
    app.router.write_tallies(&mut text);
    let content_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    Answer::bytes(StatusCode::OK, content_type, Bytes::from(text))
}
