//! The store against a plain model in memory, from seeds.
//!
//! A seed decides everything: what the turns do, in which order tasks run, when epochs are
//! committed, when the disk fails and when the power does. Time stands still and there is one
//! thread, so a seed that fails fails again:
//!
//! ```text
//! SOUK_SIMULATION_SEEDS=17..18 tests/run -E 'test(differential)'     one seed
//! SOUK_SIMULATION_SEEDS=0.. tests/run -E 'test(differential)'        without end
//! ```
//!
//! What must hold: every read of a turn gives what the model gives; a snapshot shows a state after
//! some turn, never an older one than before; after a power loss, the store is in a state after
//! some turn that is not older than any turn that was answered.

use super::disk::Trouble;
use super::*;
use crate::store::committer::{self, EpochToEnd};
use crate::store::engines::redb::catch_quietly;
use crate::store::engines::{Engine, RedbEngine};
use crate::store::tables::Tables;
use crate::store::{Key, Row, StoreError};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, mpsc};

const TEXTS: Table<(u64, u64), String> = Table::new("texts");
const SEEDS: std::ops::Range<u64> = 0..1_500;
const KINDS: [&str; 2] = ["one", "two"];

/// The rows of the store, or what they should be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Rows {
    numbers: BTreeMap<u64, u64>,
    texts: BTreeMap<(u64, u64), String>,
    counters: BTreeMap<String, u64>,
}

impl Rows {
    fn of(read: &impl Read) -> Self {
        let all = |table| read.range(table, &0, None, Direction::Ascending, usize::MAX).unwrap();
        let texts = read.range(TEXTS, &(0, 0), None, Direction::Ascending, usize::MAX).unwrap();
        Self {
            numbers: all(NUMBERS).into_iter().collect(),
            texts: texts.into_iter().collect(),
            counters: BTreeMap::new(),
        }
    }

    fn of_snapshot(snapshot: &crate::store::Snapshot) -> Self {
        let last = |kind: &str| (kind.to_owned(), snapshot.last_number(kind).unwrap());
        let counters = KINDS.iter().map(|kind| last(kind)).filter(|(_, last)| *last > 0).collect();
        Self { counters, ..Self::of(snapshot) }
    }
}

/// What a turn does, one step after another.
#[derive(Clone, Debug)]
enum Step {
    Put(u64, u64),
    Delete(u64),
    Get(u64),
    PutText((u64, u64), usize),
    DeleteText((u64, u64)),
    Under(u64, bool, usize),
    Range(u64, Option<u64>, bool, usize),
    Count,
    Number(usize),
    Numbers,
    Pause,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Well,
    Refusal,
    Panic,
    OwnerDies,
    Deadline,
}

#[derive(Clone, Debug)]
struct Script {
    steps: Vec<Step>,
    end: End,
}

impl Script {
    fn rolled(dice: &mut Dice) -> Self {
        let count = dice.below(9);
        let end = match dice.below(24) {
            0 | 1 => End::Refusal,
            2 => End::Panic,
            3 => End::OwnerDies,
            4 => End::Deadline,
            _ => End::Well,
        };
        Self { steps: (0..count).map(|_| Step::rolled(dice)).collect(), end }
    }
}

impl Step {
    fn rolled(dice: &mut Dice) -> Self {
        let (key, pair) = (dice.below(12), (dice.below(3), dice.below(4)));
        let size = |dice: &mut Dice| usize::try_from(dice.below(5)).unwrap();
        let is_up = dice.one_in(2);
        match dice.below(16) {
            0..=3 => Self::Put(key, dice.below(1_000)),
            4 | 5 => Self::Delete(key),
            6 => Self::Get(key),
            7 | 8 if dice.one_in(8) => Self::PutText(pair, 40_000),
            7 | 8 => Self::PutText(pair, size(dice)),
            9 => Self::DeleteText(pair),
            10 => Self::Under(pair.0, is_up, size(dice)),
            11 if dice.one_in(2) => Self::Range(key, None, is_up, size(dice)),
            11 => Self::Range(key, Some(dice.below(14)), is_up, size(dice)),
            12 => Self::Count,
            13 => Self::Number(usize::try_from(dice.below(2)).unwrap()),
            14 => Self::Numbers,
            _ => Self::Pause,
        }
    }

    /// Does the step on both. An error of the store is returned; the step then had no effect.
    fn on_both(&self, unit: &Unit, model: &mut Rows) -> Result<(), Fault> {
        match self.clone() {
            Self::Put(key, value) => {
                unit.put(NUMBERS, &key, &value)?;
                model.numbers.insert(key, value);
            }
            Self::Delete(key) => {
                same(self, unit.delete(NUMBERS, &key)?, model.numbers.remove(&key).is_some())?;
            }
            Self::Get(key) => {
                same(self, unit.get(NUMBERS, &key)?, model.numbers.get(&key).copied())?
            }
            Self::PutText(key, size) => {
                let text = "x".repeat(size);
                unit.put(TEXTS, &key, &text)?;
                model.texts.insert(key, text);
            }
            Self::DeleteText(key) => {
                same(self, unit.delete(TEXTS, &key)?, model.texts.remove(&key).is_some())?;
            }
            Self::Under(prefix, is_up, limit) => {
                let found = unit.under(TEXTS, &prefix, direction(is_up), limit)?;
                let expected = walk(model.texts.range((prefix, 0)..(prefix + 1, 0)), is_up, limit);
                let expected = expected.into_iter().map(|((_, key), text)| (key, text)).collect();
                same(self, found, expected)?;
            }
            Self::Range(from, to, is_up, limit) => {
                let found = range(unit, NUMBERS, from, to, is_up, limit)?;
                let end = to.unwrap_or(u64::MAX).max(from);
                same(self, found, walk(model.numbers.range(from..end), is_up, limit))?;
            }
            Self::Count => {
                let found = (unit.count(NUMBERS)?, unit.count(TEXTS)?);
                let expected = (model.numbers.len() as u64, model.texts.len() as u64);
                same(self, found, expected)?;
            }
            Self::Number(kind) => {
                let number = unit.next_number(KINDS[kind])?;
                let last = model.counters.entry(KINDS[kind].to_owned()).or_default();
                *last += 1;
                same(self, number, *last)?;
            }
            Self::Numbers => {
                let mut found = unit.counted()?;
                found.sort();
                same(self, found, model.counters.clone().into_iter().collect::<Vec<_>>())?;
            }
            Self::Pause => {}
        }
        Ok(())
    }
}

fn direction(is_up: bool) -> Direction {
    if is_up { Direction::Ascending } else { Direction::Descending }
}

fn range<K: Key, V: Row>(
    unit: &Unit,
    table: Table<K, V>,
    from: K,
    to: Option<K>,
    is_up: bool,
    limit: usize,
) -> Result<Vec<(K, V)>, StoreError> {
    unit.range(table, &from, to.as_ref(), direction(is_up), limit)
}

fn walk<'a, K: Clone + 'a, V: Clone + 'a>(
    range: impl DoubleEndedIterator<Item = (&'a K, &'a V)>,
    is_up: bool,
    limit: usize,
) -> Vec<(K, V)> {
    let owned = range.map(|(key, value)| (key.clone(), value.clone()));
    if is_up { owned.take(limit).collect() } else { owned.rev().take(limit).collect() }
}

/// Why a step failed.
enum Fault {
    /// The store says so.
    Store(StoreError),
    /// The store gave another answer than the model.
    Differs(String),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

fn same<T: PartialEq + Debug>(step: &Step, found: T, expected: T) -> Result<(), Fault> {
    if found == expected {
        return Ok(());
    }
    Err(Fault::Differs(format!("{step:?} gave {found:?}, not {expected:?}")))
}

/// The states after each turn that kept its writes.
#[derive(Debug)]
struct Model {
    /// States that may still be found, oldest first.
    states: Vec<Rows>,
    /// The index of the newest state that an answered turn has seen or made.
    answered: usize,
    /// The index of the newest state that a snapshot has shown.
    shown: usize,
    differs: Option<String>,
}

impl Model {
    fn starting_with(rows: Rows) -> Self {
        Self { states: vec![rows], answered: 0, shown: 0, differs: None }
    }

    fn differ(&mut self, what: String) {
        self.differs.get_or_insert(what);
    }

    /// The newest state that equals these rows and is not older than `oldest`.
    fn find(&self, rows: &Rows, oldest: usize) -> Option<usize> {
        (oldest..self.states.len()).rev().find(|index| self.states[*index] == *rows)
    }

    fn see(&mut self, snapshot: &crate::store::Snapshot) {
        let rows = Rows::of_snapshot(snapshot);
        match (self.shown..self.states.len()).find(|index| self.states[*index] == rows) {
            Some(index) => self.shown = index,
            None => self.differ(format!("a snapshot shows what never was: {rows:?}")),
        }
        if self.find(&rows, self.answered).is_none() {
            self.differ(format!("a snapshot is older than an answer: {rows:?}"));
        }
    }
}

/// Runs a script in a turn. Returns the index of the state it has seen or made.
async fn turn(unit: Unit, script: Script, model: Arc<Mutex<Model>>) -> Result<usize, Failure> {
    let mut rows = model.lock().unwrap().states.last().cloned().unwrap();
    for step in &script.steps {
        match step.on_both(&unit, &mut rows) {
            Ok(()) => {}
            Err(Fault::Store(error)) => return Err(error.into()),
            Err(Fault::Differs(what)) => {
                model.lock().unwrap().differ(what);
                return Err(Failure::Unavailable);
            }
        }
        if matches!(step, Step::Pause) {
            tokio::task::yield_now().await;
        }
    }
    match script.end {
        End::Well => {
            let mut model = model.lock().unwrap();
            if model.states.last() != Some(&rows) {
                model.states.push(rows);
            }
            Ok(model.states.len() - 1)
        }
        End::Refusal => refusal(),
        End::Panic => die(),
        End::OwnerDies => {
            let owner = tokio::spawn(async move {
                let _held = unit;
                die();
            });
            owner.await.map_err(|_| Failure::OwnerDied { owner: "numbers" })
        }
        End::Deadline => std::future::pending().await,
    }
}

/// A store whose epochs end when the simulation says so.
struct Simulation {
    dice: Dice,
    store: Store,
    epochs: mpsc::Receiver<EpochToEnd>,
    model: Arc<Mutex<Model>>,
    answers: Vec<JoinHandle<()>>,
}

impl Simulation {
    fn on(disk: &Disk, mut dice: Dice) -> Self {
        let schema = Schema::new(StoreKind::Shop, &["numbers", "counters", "texts"]);
        let pipelines = [Pipeline::Never, Pipeline::Always, Pipeline::WhenItPays];
        let limits = StoreLimits {
            turn_deadline: Duration::from_millis(10),
            max_turns_per_epoch: usize::try_from(1 + dice.below(20)).unwrap(),
            max_epoch_bytes: [2_000, 100_000][usize::try_from(dice.below(2)).unwrap()],
            max_turn_bytes: 100_000,
            max_overlay_bytes: [60_000, 300_000][usize::try_from(dice.below(2)).unwrap()],
            pipeline: pipelines[usize::try_from(dice.below(3)).unwrap()],
            ..patient()
        };
        let room = Room::new();
        let disk = RoomyDisk::new(disk.plug_in(), room.clone());
        let database = redb::Builder::new().create_with_backend(disk).unwrap();
        prepare(&database, &schema).unwrap();
        let engine = Engine::Redb(RedbEngine::new(database, Tables::of(&schema.tables)));
        let assembled = Store::without_committer(engine, room, None, &schema, limits);
        let (store, epochs) = assembled.unwrap();
        let rows = Rows::of_snapshot(&store.snapshot());
        let model = Arc::new(Mutex::new(Model::starting_with(rows)));
        Self { dice, store, epochs, model, answers: Vec::new() }
    }

    fn begin_turn(&mut self) {
        let (store, model) = (self.store.clone(), Arc::clone(&self.model));
        let script = Script::rolled(&mut self.dice);
        self.answers.push(tokio::spawn(async move {
            let (end, for_turn) = (script.end, Arc::clone(&model));
            let work = move |unit| turn(unit, script.clone(), Arc::clone(&for_turn));
            let answer = store.transact(work).await;
            let mut model = model.lock().unwrap();
            match answer {
                Ok(_) if end != End::Well => model.differ(format!("{end:?} was a success")),
                Ok(index) => model.answered = model.answered.max(index),
                Err(Failure::Refused(_)) if end != End::Refusal => {
                    model.differ(format!("{end:?} was refused"));
                }
                Err(_) => {}
            }
        }));
    }

    fn end_epoch(&self) -> bool {
        let Ok(epoch) = self.epochs.try_recv() else { return false };
        committer::end_epoch(Arc::clone(&self.store.shared), epoch);
        true
    }

    async fn go_on(&mut self) {
        match self.dice.below(10) {
            0..=3 => self.begin_turn(),
            4 | 5 => drop(self.end_epoch()),
            6 => self.model.lock().unwrap().see(&self.store.snapshot()),
            // Moves the clock, which stands still, past the deadline of the present turn.
            7 if self.dice.one_in(4) => tokio::time::sleep(Duration::from_millis(11)).await,
            8 if self.dice.one_in(4) => {
                let gone = self.dice.below(self.answers.len().max(1) as u64);
                if let Some(answer) = self.answers.get(usize::try_from(gone).unwrap()) {
                    answer.abort();
                }
            }
            _ => tokio::task::yield_now().await,
        }
    }

    /// Every request is answered, whatever happened.
    async fn finish(&mut self) {
        for answer in std::mem::take(&mut self.answers) {
            while !answer.is_finished() {
                if !self.end_epoch() {
                    tokio::time::sleep(Duration::from_millis(11)).await;
                }
            }
        }
        let closing = tokio::spawn({
            let store = self.store.clone();
            async move { store.close().await }
        });
        while !closing.is_finished() {
            self.end_epoch();
            tokio::task::yield_now().await;
        }
        self.model.lock().unwrap().see(&self.store.snapshot());
    }
}

async fn run(seed: u64) {
    let mut dice = Dice(seed);
    let mut disk = Disk::new();
    for _ in 0..3 {
        let mut simulation = Simulation::on(&disk, Dice(dice.roll()));
        let fails = dice.one_in(2);
        let is_cut = dice.one_in(2);
        if fails {
            let troubles =
                [Trouble::SyncFails, Trouble::SyncedButFails, Trouble::Panics, Trouble::ReadFails];
            let trouble = troubles[usize::try_from(dice.below(4)).unwrap()];
            disk.fail_after(usize::try_from(dice.below(12)).unwrap(), trouble);
        }
        for _ in 0..dice.below(150) {
            simulation.go_on().await;
        }
        let mut after = disk.after_power_loss(&mut dice);
        if !is_cut {
            simulation.finish().await;
            after = disk.after_power_loss(&mut dice);
        }
        let model = Arc::clone(&simulation.model);
        disk.heal();
        // After a driver's panic, redb's own locks are poisoned, and closing the file panics too.
        let _ = catch_quietly(|| drop(simulation));
        disk = after;
        let found = Rows::of_snapshot(&with_schema(&disk).snapshot());
        let model = model.lock().unwrap();
        assert_eq!(model.differs, None);
        let state = model.find(&found, model.answered);
        assert!(state.is_some(), "after a power loss: {found:?}, not one of {model:?}");
    }
}

fn with_schema(disk: &Disk) -> Store {
    let simulation = Simulation::on(disk, Dice(0));
    simulation.store
}

fn seeds() -> Box<dyn Iterator<Item = u64>> {
    let Ok(wanted) = std::env::var("SOUK_SIMULATION_SEEDS") else { return Box::new(SEEDS) };
    let (from, to) = wanted.split_once("..").expect("FROM..TO or FROM..");
    let number = |text: &str| text.parse::<u64>().expect("a number");
    match to {
        "" => Box::new(number(from)..),
        to => Box::new(number(from)..number(to)),
    }
}

#[test]
fn the_store_agrees_with_a_model_in_every_seed() {
    for seed in seeds() {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build().unwrap();
        let one = AssertUnwindSafe(|| runtime.block_on(run(seed)));
        if let Err(panic) = catch_unwind(one) {
            eprintln!("replay: SOUK_SIMULATION_SEEDS={seed}..{}", seed + 1);
            std::panic::resume_unwind(panic);
        }
        if seed % 10_000 == 9_999 {
            eprintln!("{} seeds", seed + 1);
        }
    }
}
