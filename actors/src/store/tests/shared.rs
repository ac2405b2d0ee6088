//! Several stores on one PostgreSQL database, each as a process would have it: random turns on few
//! rows, while connections are cut. Every turn appends to a history what it read and wrote. The
//! numbers of the history are in the order of the commits, so replaying it against a plain map tells
//! whether each turn saw exactly the state before it.

use super::{patient, refusal};
use crate::Failure;
use crate::store::{Database, Direction, Opening, Read, Schema, Store, StoreKind, Table, Unit};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinSet;

const ROWS: Table<u64, u64> = Table::new("rows");
const TOTALS: Table<u64, u64> = Table::new("totals");
/// What each turn did, in JSON ([`Done`]).
const HISTORY: Table<u64, String> = Table::new("history");
const TABLES: &[&str] = &["rows", "totals", "history"];
/// Rows that the turns read and write: few, so that they often cross.
const KEYS: u64 = 24;
const STORES: usize = 3;
const CLIENTS: u64 = 6;
const TURNS: u64 = 40;

/// What a turn did.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Done {
    /// Unique.
    turn: u64,
    looked_up: Vec<(u64, Option<u64>)>,
    walked: Vec<(u64, u64)>,
    walk: Walk,
    wrote: Vec<(u64, Option<u64>)>,
    number: u64,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Walk {
    from: u64,
    to: u64,
    limit: usize,
    is_descending: bool,
}

/// What a turn will do; the same each time it runs.
#[derive(Clone, Debug)]
struct Script {
    turn: u64,
    looks_up: Vec<u64>,
    walk: Walk,
    writes: Vec<(u64, bool)>,
    is_refused: bool,
}

impl Script {
    fn rolled(dice: &mut fastrand::Rng, turn: u64) -> Self {
        let key = |dice: &mut fastrand::Rng| dice.u64(..KEYS);
        let from = key(dice);
        let walk = Walk {
            from,
            to: from + dice.u64(..6),
            limit: dice.usize(1..4),
            is_descending: dice.bool(),
        };
        Self {
            turn,
            looks_up: (0..dice.usize(..3)).map(|_| key(dice)).collect(),
            walk,
            writes: (0..dice.usize(1..3)).map(|_| (key(dice), dice.u8(..4) == 0)).collect(),
            is_refused: dice.u8(..8) == 0,
        }
    }

    fn run(&self, unit: &Unit) -> Result<(), Failure> {
        let mut looked_up = Vec::new();
        for key in &self.looks_up {
            looked_up.push((*key, unit.get(ROWS, key)?));
        }
        let Walk { from, to, limit, is_descending } = self.walk;
        let direction = if is_descending { Direction::Descending } else { Direction::Ascending };
        let walked = unit.range(ROWS, &from, Some(&to), direction, limit)?;
        let sum = walked.iter().map(|(_, row)| row).chain(looked_up.iter().flat_map(|it| &it.1));
        let sum = sum.fold(self.turn, |sum, row| sum.wrapping_mul(31).wrapping_add(*row));
        let mut wrote = Vec::new();
        for (key, deletes) in &self.writes {
            if *deletes {
                unit.delete(ROWS, key)?;
            } else {
                unit.put(ROWS, key, &sum)?;
            }
            wrote.push((*key, (!deletes).then_some(sum)));
        }
        unit.merge(TOTALS, &0, |total| total.unwrap_or(0) + 1)?;
        let (turn, walk, number) = (self.turn, self.walk, unit.next_number("turn")?);
        let done = Done { turn, looked_up, walked, walk, wrote, number };
        unit.append(HISTORY, "history", &serde_json::to_string(&done).expect("plain data"))?;
        if self.is_refused { refusal() } else { Ok(()) }
    }
}

/// The state that a history leads to. Fails where a turn saw another state than the one before it.
fn replayed(history: &[Done]) -> BTreeMap<u64, u64> {
    let mut rows: BTreeMap<u64, u64> = BTreeMap::new();
    for done in history {
        for (key, row) in &done.looked_up {
            assert_eq!(rows.get(key), row.as_ref(), "row {key}, as {done:?} saw it");
        }
        let Walk { from, to, limit, is_descending } = done.walk;
        let range = rows.range(from..to).map(|(key, row)| (*key, *row));
        let walked: Vec<_> = match is_descending {
            true => range.rev().take(limit).collect(),
            false => range.take(limit).collect(),
        };
        assert_eq!(walked, done.walked, "what {done:?} walked over");
        for (key, row) in &done.wrote {
            match row {
                Some(row) => drop(rows.insert(*key, *row)),
                None => drop(rows.remove(key)),
            }
        }
    }
    rows
}

/// A new database in the cluster of this run.
pub(super) async fn new_database() -> String {
    let cluster = std::env::var("SOUK_TEST_POSTGRES");
    let cluster = cluster.expect("tests/run starts PostgreSQL and sets SOUK_TEST_POSTGRES");
    let name = format!("stores_{}", crate::random_hex(6));
    let client = connect(&cluster).await;
    client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    let (server, _) = cluster.rsplit_once('/').expect("a URL with a database");
    format!("{server}/{name}")
}

pub(super) async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn open(url: &str) -> (TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let store = open_in(directory.path(), url, TABLES);
    (directory, store)
}

/// Opens a store with its copy in this directory.
pub(super) fn open_in(directory: &Path, url: &str, tables: &[&'static str]) -> Store {
    let schema = Schema::new(StoreKind::Shop, tables);
    let database = Database::from_url(url).unwrap();
    Store::open_database(&database, directory, &schema, Opening::OrMake, patient()).unwrap()
}

/// Cuts connections to a database, half of them at a time, until `stop` is set.
async fn cut_connections(url: String, stop: Arc<AtomicBool>) {
    let client = connect(&url).await;
    while !stop.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(70)).await;
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid() AND random() < 0.5";
        client.batch_execute(cut).await.unwrap();
    }
}

/// Runs turns on all stores at once. Returns those that were answered as done, and as refused.
async fn run_turns(stores: &[(TempDir, Store)], seed: u64) -> (BTreeSet<u64>, BTreeSet<u64>) {
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS * STORES as u64 {
        let store = stores[client as usize % STORES].1.clone();
        let mut dice = fastrand::Rng::with_seed(seed * 1_000 + client);
        clients.spawn(async move {
            let (mut done, mut refused) = (Vec::new(), Vec::new());
            for turn in 0..TURNS {
                let script = Script::rolled(&mut dice, client * 10_000 + turn);
                let turn = script.turn;
                let work = move |unit: Unit| {
                    let script = script.clone();
                    async move { script.run(&unit) }
                };
                match store.transact(work).await {
                    Ok(()) => done.push(turn),
                    Err(Failure::Refused(_)) => refused.push(turn),
                    Err(Failure::Unavailable | Failure::Busy) => {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                    Err(other) => panic!("a turn failed: {other}"),
                }
            }
            (done, refused)
        });
    }
    let (mut done, mut refused) = (BTreeSet::new(), BTreeSet::new());
    while let Some(client) = clients.join_next().await {
        let of_client = client.unwrap();
        done.extend(of_client.0);
        refused.extend(of_client.1);
    }
    (done, refused)
}

fn rows_of(store: &Store) -> BTreeMap<u64, u64> {
    let rows = store.snapshot().range(ROWS, &0, None, Direction::Ascending, usize::MAX);
    rows.unwrap().into_iter().collect()
}

/// The history that a store shows, whose numbers have no gap.
fn history_of(store: &Store) -> Vec<Done> {
    let snapshot = store.snapshot();
    let history = snapshot.range(HISTORY, &0, None, Direction::Ascending, usize::MAX).unwrap();
    let numbers: Vec<_> = history.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (1..=history.len() as u64).collect::<Vec<_>>());
    history.iter().map(|(_, done)| serde_json::from_str(done).unwrap()).collect()
}

async fn stores_agree(seed: u64, cuts_connections: bool) {
    let url = new_database().await;
    let stores: Vec<_> = (0..STORES).map(|_| open(&url)).collect();
    let stop = Arc::new(AtomicBool::new(false));
    let cutting =
        cuts_connections.then(|| tokio::spawn(cut_connections(url.clone(), Arc::clone(&stop))));
    let (done, refused) = run_turns(&stores, seed).await;
    stop.store(true, Ordering::SeqCst);
    if let Some(cutting) = cutting {
        cutting.await.unwrap();
    }
    let (_fresh_directory, fresh) = open(&url);
    let history = history_of(&fresh);
    let rows = replayed(&history);
    assert_eq!(rows_of(&fresh), rows, "what the database has");
    for (_, store) in &stores {
        let caught_up = async {
            while store.catch_up().await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        super::soon(caught_up).await;
        assert_eq!(rows_of(store), rows, "what every process has");
        assert_eq!(history_of(store).len(), history.len());
        let total = store.snapshot().get(TOTALS, &0).unwrap();
        assert_eq!(total.unwrap_or(0), history.len() as u64, "no merge was lost");
    }
    let turns: Vec<u64> = history.iter().map(|done| done.turn).collect();
    let unique: BTreeSet<u64> = turns.iter().copied().collect();
    assert_eq!(unique.len(), turns.len(), "no turn happened twice");
    assert!(done.is_subset(&unique), "what was answered as done happened");
    assert!(refused.is_disjoint(&unique), "what was refused did not happen");
    let numbers: BTreeSet<u64> = history.iter().map(|done| done.number).collect();
    assert_eq!(numbers.len(), history.len(), "no number was given twice");
    if !cuts_connections {
        let all = CLIENTS * STORES as u64 * TURNS;
        assert_eq!(done.len() + refused.len(), all as usize, "every turn was answered");
        assert_eq!(done.len(), history.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn turns_of_several_processes_have_one_order() {
    for seed in 0..4 {
        stores_agree(seed, false).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn turns_have_one_order_while_connections_are_cut() {
    for seed in 4..8 {
        stores_agree(seed, true).await;
    }
}
