//! Tests of the store's edge cases, as scripts. `disk` is a disk that fails and crashes on demand.
#![allow(clippy::unwrap_used)]

mod closing;
mod copies;
mod counting;
mod differential;
mod disk;
mod durability;
mod epochs;
mod kept;
mod opening;
mod pipeline;
mod queries;
mod shared;
mod shared_faults;
mod simulation;
mod tables;
mod turns;

use super::engines::redb::{Room, RoomyDisk, prepare};
use super::{
    Direction, NoChanges, OpenError, Opening, Pipeline, Read, Schema, Store, StoreKind,
    StoreLimits, Table, Unit,
};
use crate::Failure;
use disk::Disk;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

const NUMBERS: Table<u64, u64> = Table::new("numbers");
const COUNTERS: Table<u64, u64> = Table::new("counters");
const TABLES: &[&str] = &["numbers", "counters"];
const ONLY: u64 = 0;

/// Deadlines long enough for a slow machine.
fn patient() -> StoreLimits {
    StoreLimits {
        turn_deadline: Duration::from_secs(60),
        max_epoch_age: Duration::from_secs(60),
        ..StoreLimits::default()
    }
}

fn in_memory(limits: StoreLimits) -> Store {
    on(&Disk::new(), limits)
}

fn on(disk: &Disk, limits: StoreLimits) -> Store {
    with_builder(&redb::Builder::new(), disk, limits)
}

fn with_builder(builder: &redb::Builder, disk: &Disk, limits: StoreLimits) -> Store {
    let room = Room::new();
    let disk = RoomyDisk::new(disk.plug_in(), room.clone());
    let database = builder.create_with_backend(disk).unwrap();
    prepare(&database, &numbered()).unwrap();
    Store::with_database(database, room, None, &numbered(), limits).unwrap()
}

fn numbered() -> Schema {
    Schema::new(StoreKind::Shop, TABLES)
}

fn open_or_make(directory: &Path, limits: StoreLimits) -> Result<Store, OpenError> {
    Store::open(directory, &numbered(), Opening::OrMake, limits)
}

fn refusal<T>() -> Result<T, Failure> {
    Err(Failure::Refused(souk_domain::Refusal::InvalidCredentials))
}

/// A panic that prints nothing to standard error.
fn die() -> ! {
    std::panic::resume_unwind(Box::new("intended"))
}

/// The work of every test of grouping: adds one counted row, so that the counter equals the number
/// of rows.
fn count_one(unit: &Unit, number: u64) -> Result<(), Failure> {
    let counted = unit.get(COUNTERS, &ONLY)?.unwrap_or(0);
    unit.put(NUMBERS, &number, &counted)?;
    unit.put(COUNTERS, &ONLY, &(counted + 1))?;
    Ok(())
}

async fn add(store: &Store, number: u64) -> Result<(), Failure> {
    store.transact(move |unit| async move { count_one(&unit, number) }).await
}

fn spawn_add(store: &Store, number: u64) -> JoinHandle<Result<(), Failure>> {
    let store = store.clone();
    tokio::spawn(async move { add(&store, number).await })
}

/// The committed numbers. Fails the test if the counter disagrees.
fn numbers(store: &Store) -> Vec<u64> {
    let snapshot = store.snapshot();
    let rows = snapshot.range(NUMBERS, &0, None, Direction::Ascending, usize::MAX).unwrap();
    let counted = snapshot.get(COUNTERS, &ONLY).unwrap().unwrap_or(0);
    assert_eq!(counted, rows.len() as u64, "every counted row is there and no other");
    rows.into_iter().map(|(number, _)| number).collect()
}

async fn until(mut is_so: impl FnMut() -> bool) {
    let wait = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait).await.expect("it never came to be so");
}

/// Fails after a timeout instead of hanging.
async fn soon<T>(it: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), it).await.expect("it never ended")
}

/// A turn that blocks the others until it is released.
struct Holder {
    gate: Arc<Gate>,
    answer: JoinHandle<Result<(), Failure>>,
}

struct Gate {
    begun: Semaphore,
    go_on: Semaphore,
    runs: AtomicUsize,
}

impl Gate {
    fn new() -> Arc<Self> {
        let (begun, go_on) = (Semaphore::new(0), Semaphore::new(0));
        Arc::new(Self { begun, go_on, runs: AtomicUsize::new(0) })
    }

    /// Called inside a turn. Once open, it stays open.
    async fn pass(&self) {
        self.runs.fetch_add(1, Ordering::SeqCst);
        self.begun.add_permits(1);
        drop(self.go_on.acquire().await.unwrap());
    }

    async fn begun(&self) {
        soon(self.begun.acquire()).await.unwrap().forget();
    }

    fn open(&self) {
        self.go_on.add_permits(1);
    }

    fn runs(&self) -> usize {
        self.runs.load(Ordering::SeqCst)
    }
}

impl Holder {
    /// Begins a turn that adds `number` and then waits.
    async fn begin(store: &Store, number: u64) -> Self {
        let gate = Gate::new();
        let (store, inside) = (store.clone(), Arc::clone(&gate));
        let answer = tokio::spawn(async move {
            store
                .transact(move |unit| {
                    let gate = Arc::clone(&inside);
                    async move {
                        count_one(&unit, number)?;
                        gate.pass().await;
                        Ok(())
                    }
                })
                .await
        });
        gate.begun().await;
        Self { gate, answer }
    }

    async fn end(self) -> Result<(), Failure> {
        self.gate.open();
        soon(self.answer).await.unwrap()
    }
}

/// Pseudo-random numbers, the same for the same seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }
}
