//! Durable checkout, next to redb alone committing the same rows in the same batches.

use super::{Plan, median};
use crate::load::{Answers, Load};
use crate::process::{self, Program, Server};
use crate::raw_store::RawStore;
use crate::report::Row;
use crate::store_rows::{self, TableRows};
use crate::world::{self, CUSTOMERS, LINES_PER_ORDER, World};
use crate::{Outcome, complaint};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// An unreachable broker: orders are stored, and their outbox rows stay.
pub(super) const NOBODY: &str = "nats://127.0.0.1:9";

/// The result of one round.
struct Round {
    souk_per_second: f64,
    souk_cpu_microseconds: f64,
    orders_per_commit: f64,
    floor_per_second: f64,
    floor_cpu_microseconds: f64,
}

pub(super) fn measure(plan: &Plan, world: &World) -> Outcome<Vec<Row>> {
    let as_shipped = world.program("checkout")?;
    let undrained = world.program("checkout-undrained")?.with("SOUK_NATS_URL", NOBODY);
    let alone = rounds(plan, world, &undrained, "undrained")?;
    let with_mails = rounds(plan, world, &as_shipped, "shipped")?;
    let rows = of_orders(world)?;
    let count: usize = rows.iter().map(|table| table.per_order).sum();
    let floor = format!("raw redb, the same {count} rows an order");
    let what = format!("durable checkout of {LINES_PER_ORDER} lines, {CUSTOMERS} connections");
    let mut report = pair(&what, &floor, &alone);
    let what = "the same while every order's mail is written to a file";
    report.extend(pair(what, &floor, &with_mails).into_iter().take(1).map(|row| Row {
        aim: String::new(),
        is_met: None,
        ..row
    }));
    Ok(report)
}

fn pair(what: &str, floor: &str, rounds: &[Round]) -> Vec<Row> {
    let of = |value: fn(&Round) -> f64| median(rounds.iter().map(value));
    let throughput = of(|round| round.souk_per_second / round.floor_per_second);
    let cpu = of(|round| round.floor_cpu_microseconds / round.souk_cpu_microseconds);
    vec![
        Row::new(what, format!("{:.0}/s", of(|round| round.souk_per_second)))
            .beside(format!(
                "{floor}, {:.0} orders a commit: {:.0}/s",
                of(|round| round.orders_per_commit),
                of(|round| round.floor_per_second)
            ))
            .ratio(throughput)
            .aim("≥ 0.6", throughput >= 0.6),
        Row::new(
            "its processor time per order",
            format!("{:.0} µs", of(|round| round.souk_cpu_microseconds)),
        )
        .beside(format!("{:.0} µs", of(|round| round.floor_cpu_microseconds)))
        .ratio(cpu),
    ]
}

fn rounds(plan: &Plan, world: &World, program: &Program, name: &str) -> Outcome<Vec<Round>> {
    let souk = program.start()?;
    let mut floor = RawStore::open(&copy_of_store(world, name)?, of_orders(world)?)?;
    let mut rounds = Vec::new();
    for _ in 0..plan.rounds {
        rounds.push(round(plan.load, world, &souk, &mut floor)?);
    }
    Ok(rounds)
}

fn round(length: Duration, world: &World, souk: &Server, floor: &mut RawStore) -> Outcome<Round> {
    let commits = souk.metric("souk_store_commits_total")?;
    let cpu = souk.cpu_seconds()?;
    let placed = storm(souk, world).run(length)?;
    let souk_cpu = souk.cpu_seconds()? - cpu;
    let commits = souk.metric("souk_store_commits_total")? - commits;
    if commits == 0 {
        return Err(complaint("orders without a commit"));
    }
    let orders_per_commit = placed.answers as f64 / commits as f64;
    // The mails of these orders are still being written.
    souk.hold()?;
    let cpu = process::cpu_seconds("self")?;
    let written = floor.run(orders_per_commit, length)?;
    let floor_cpu = process::cpu_seconds("self")? - cpu;
    souk.go_on()?;
    let microseconds = |seconds: f64, done: Answers| seconds * 1e6 / done.answers as f64;
    Ok(Round {
        souk_per_second: placed.per_second(),
        souk_cpu_microseconds: microseconds(souk_cpu, placed),
        orders_per_commit,
        floor_per_second: written.per_second(),
        floor_cpu_microseconds: microseconds(floor_cpu, written),
    })
}

/// Every customer orders the content of their cart, repeatedly.
pub(super) fn storm(souk: &Server, world: &World) -> Load {
    Load { address: souk.address, requests: Arc::new(world.checkouts()), status: 201 }
}

/// The rows an order writes, found in a store in which every customer placed one. The order of
/// customers is reversed, so that their numbers do not look like a time.
pub(super) fn of_orders(world: &World) -> Outcome<Vec<TableRows>> {
    let name = "one-order-each";
    let directory = world.scratch().join(name);
    if !directory.exists() {
        let souk = world.program(name)?.start()?;
        let mut requests = world.checkouts();
        requests.reverse();
        world::ask_once(souk.address, &requests, 201)?;
        souk.end()?;
    }
    let after = directory.join("data").join(souk_actors::store::Store::FILE_NAME);
    let before = store_rows::read(&world.store_file())?;
    store_rows::of_orders(&before, store_rows::read(&after)?, CUSTOMERS)
}

pub(super) fn copy_of_store(world: &World, name: &str) -> Outcome<PathBuf> {
    let copy = world.scratch().join(format!("raw-{name}.redb"));
    std::fs::copy(world.store_file(), &copy)?;
    std::fs::File::open(&copy)?.sync_all()?;
    Ok(copy)
}
