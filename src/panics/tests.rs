//! A child process panics in every kind of place, and its output is checked.

use super::*;
use crate::edge::{self, AccessLog, Answer, Cors, Request, TrustedProxies};
use crate::settings::{LogFormat, Settings};
use crate::telemetry;
use serde_json::Value;
use souk_actors::{Failure, Shop};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use tokio::net::TcpListener;

/// Marks the child process that panics.
const IS_CHILD: &str = "SOUK_TEST_PANICS_HERE";
/// The message of each panic, in order.
const WORDS: [&str; 8] = [
    "a thread",
    "a value that is no text",
    "a task",
    "a task that somebody waits for",
    "a task that is started again",
    "a turn",
    "a handler of GET",
    "a handler of POST",
];

#[test]
fn a_panic_anywhere_is_counted_and_is_one_line_of_the_log() {
    if std::env::var_os(IS_CHILD).is_some() {
        panic_everywhere();
        return;
    }
    let name = "panics::tests::a_panic_anywhere_is_counted_and_is_one_line_of_the_log";
    let child = Command::new(std::env::current_exe().expect("this test"))
        .args([name, "--exact", "--nocapture"])
        .env(IS_CHILD, "yes")
        .env_remove("RUST_BACKTRACE")
        .output()
        .expect("this test can be run");
    let written = String::from_utf8(child.stderr).expect("text");
    assert!(child.status.success(), "{written}");
    // std's hook would write raw lines that are not JSON.
    let lines: Vec<Value> = written
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("a raw line: {line}")))
        .collect();
    let errors: Vec<&Value> = lines.iter().filter(|line| line["level"] == "ERROR").collect();
    let words: Vec<&str> =
        errors.iter().filter_map(|line| line["fields"]["panic"].as_str()).collect();
    assert_eq!(words, WORDS, "{written}");
    for line in errors {
        let message = line["fields"]["message"].as_str().expect("a message");
        assert!(message.starts_with("panicked at src/panics/tests.rs:"), "{line}");
        assert!(line["fields"]["thread"].is_string(), "{line}");
    }
}

fn panic_everywhere() {
    let mut settings = Settings::default();
    settings.log_format = LogFormat::Json;
    let _own_log = telemetry::start(&settings);
    let thread = std::thread::spawn(|| panic!("a thread"));
    assert!(thread.join().is_err());
    assert!(panic::catch_unwind(|| panic::panic_any(7)).is_err());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        panic_in_tasks().await;
        panic_in_a_turn().await;
        panic_in_handlers().await;
    });
    assert_eq!(count(), u64::try_from(WORDS.len()).expect("a few"));
}

async fn panic_in_tasks() {
    let task: JoinHandle<()> = tokio::spawn(async { panic!("a task") });
    assert!(task.await.is_err_and(|error| error.is_panic()));
    let waiting = tokio::spawn(async {
        let waited_for: JoinHandle<()> =
            tokio::task::spawn_blocking(|| panic!("a task that somebody waits for"));
        outcome(waited_for.await)
    });
    assert!(waiting.await.is_err_and(|error| error.is_panic()), "the panic goes on");
    let called_off = tokio::spawn(std::future::pending::<()>());
    called_off.abort();
    assert_eq!(outcome(called_off.await), None);

    let runs = Arc::new(AtomicUsize::new(0));
    restart_on_panic(|| {
        let runs = Arc::clone(&runs);
        async move {
            assert!(runs.fetch_add(1, Ordering::SeqCst) > 0, "a task that is started again");
        }
    })
    .await;
    assert_eq!(runs.load(Ordering::SeqCst), 2);
}

async fn panic_in_a_turn() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let shop = Shop::open_or_make(directory.path(), Settings::default().shop()).await;
    let store = shop.expect("a shop").store;
    let turn: Result<(), Failure> = store.transact(|_| async { panic!("a turn") }).await;
    assert!(matches!(turn, Err(Failure::Unavailable)));
}

async fn handler(request: Request) -> Answer {
    panic!("a handler of {}", request.method)
}

async fn panic_in_handlers() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let access = AccessLog::new(false, |path, _| (path.to_owned(), "nobody"));
    let around = (Cors::default(), access, TrustedProxies::default());
    tokio::spawn(edge::serve(listener, around, handler, std::future::pending()));
    let client = reqwest::Client::new();
    for asking in [client.get(&url), client.post(&url)] {
        let answer = asking.send().await.expect("an answer");
        assert_eq!(answer.status(), 500);
    }
}
