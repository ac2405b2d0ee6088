//! Compares Souk with a real Django REST Framework service: where the documents and their README say nothing, both
//! must answer alike. The service in `tests/it/every_contract/as_drf/service.py` has some operations of each contract.
//! Both get the same random requests; a difference that `tests/it/every_contract/as_drf/accepted.toml` does not list
//! fails the test.
//!
//!   SOUK_AS_DRF_SEED=7 SOUK_AS_DRF_REQUESTS=50000 tests/run --test it every_contract::as_drf

mod compare;
mod drafts;
mod operations;
mod side;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fmt::Write;
use std::str::FromStr;

use compare::{Difference, Known, differences};
use drafts::{Draft, draft};
use fastrand::Rng;
use operations::{ACCOUNTS, CATALOG, ORDERS, Operation, READING};
use serde_json::{Value, json};
use side::{Answer, DrfService, Side};
use values::Values;

const SEED: u64 = 1;
const REQUESTS: usize = 2_000;
/// Further differences are counted and not printed.
const LONGEST_REPORT: usize = 25;

/// A difference that is not accepted, with the first request that showed it.
struct Finding {
    request: String,
    souk: String,
    drf: String,
    times: usize,
}

#[derive(Default)]
struct Findings {
    new: BTreeMap<(String, Difference), Finding>,
    /// The accepted differences that occurred, by their index in the list.
    seen: BTreeSet<usize>,
}

#[tokio::test]
async fn answers_as_a_django_rest_framework_service_would() {
    let (seed, requests) = (setting("SEED", SEED), setting("REQUESTS", REQUESTS));
    let (values, known) = (Values::read(), Known::read());
    let (_service, base) = DrfService::start();
    let ((_shop, mut souk), mut drf) = tokio::join!(side::souk(), Side::of(base));
    let mut rng = Rng::with_seed(seed);
    let mut findings = Findings::default();

    let reading: Vec<&Operation> = READING.iter().collect();
    let writing: Vec<&Operation> = ACCOUNTS.iter().chain(CATALOG).chain(ORDERS).collect();
    for number in 0..requests {
        // A fifth of the requests only read.
        let operations = if number < requests / 5 { &reading } else { &writing };
        let operation = operations[rng.usize(..operations.len())];
        let draft = draft(operation, &values, number, &mut rng);
        let answers = tokio::join!(souk.answer(operation, &draft), drf.answer(operation, &draft));
        let succeeded = [answers.0.status < 300, answers.1.status < 300];
        if succeeded.contains(&true) {
            souk.forget(operation.target);
            drf.forget(operation.target);
        }
        if succeeded[0] != succeeded[1] {
            tokio::join!(souk.sell_something_else(), drf.sell_something_else());
        }
        findings.note(operation, &draft, &answers, &known);
    }
    println!("{requests} requests, seed {seed}");
    for (at, open) in known.open.iter().enumerate() {
        if findings.seen.contains(&(known.accepted.len() + at)) {
            println!("open: {open}");
        }
    }
    assert!(findings.new.is_empty(), "{}", findings.report(seed));
}

impl Findings {
    fn note(
        &mut self,
        operation: &Operation,
        draft: &Draft,
        (souk, drf): &(Answer, Answer),
        known: &Known,
    ) {
        let request = format!("{} {draft}", operation.method);
        for difference in differences(souk, drf) {
            let rule =
                known.all().position(|rule| rule.covers(operation.name, &request, &difference));
            if let Some(rule) = rule {
                self.seen.insert(rule);
                continue;
            }
            let finding =
                self.new.entry((operation.name.to_owned(), difference)).or_insert_with(|| {
                    Finding {
                        request: request.clone(),
                        souk: souk.to_string(),
                        drf: drf.to_string(),
                        times: 0,
                    }
                });
            finding.times += 1;
        }
    }

    fn report(&self, seed: u64) -> String {
        let mut text =
            format!("{} differences that nothing explains, seed {seed}:\n", self.new.len());
        let longest = setting("REPORT", LONGEST_REPORT);
        for ((operation, difference), finding) in self.new.iter().take(longest) {
            let Finding { request, souk, drf, times } = finding;
            let at = &difference.at;
            writeln!(
                text,
                "\n{operation}, at {at}, {times} times\n  {request}\n  Souk {souk}\n  DRF  {drf}"
            )
            .expect("a string takes text");
        }
        text
    }
}

/// The value of an environment variable, or this default.
fn setting<T: FromStr>(name: &str, default: T) -> T {
    let name = format!("SOUK_AS_DRF_{name}");
    let Ok(text) = env::var(&name) else { return default };
    text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}"))
}

#[test]
fn every_change_of_an_answer_is_a_difference() {
    let answer = |status, body: Value| Answer { status, body };
    let whole = json!({"id": 1, "name": "Lamp", "price": "5.00", "items": [{"quantity": 1}]});
    let same = differences(&answer(200, whole.clone()), &answer(200, whole.clone()));
    assert!(same.is_empty(), "{same:?}");
    for (at, changed) in [
        ("id", json!({"id": "1", "name": "Lamp", "price": "5.00", "items": [{"quantity": 1}]})),
        ("name", json!({"id": 1, "name": "lamp", "price": "5.00", "items": [{"quantity": 1}]})),
        ("name", json!({"id": 1, "price": "5.00", "items": [{"quantity": 1}]})),
        ("price", json!({"id": 1, "name": "Lamp", "price": 5.0, "items": [{"quantity": 1}]})),
        (
            "items.0.quantity",
            json!({"id": 1, "name": "Lamp", "price": "5.00", "items": [{"quantity": 2}]}),
        ),
        (
            "items.1",
            json!({"id": 1, "name": "Lamp", "price": "5.00", "items": [{"quantity": 1}, {}]}),
        ),
        ("body", json!([whole])),
    ] {
        let found = differences(&answer(200, whole.clone()), &answer(200, changed));
        let places: Vec<&str> = found.iter().map(|difference| difference.at.as_str()).collect();
        assert_eq!(places, [at]);
    }
    let found = differences(&answer(200, whole.clone()), &answer(201, whole));
    assert_eq!(found.first().map(|difference| difference.at.as_str()), Some("status"));
}
