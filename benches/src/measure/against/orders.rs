//! Durable checkout, next to raw redb committing the same rows; and complete orders with payment.

use super::Shops;
use super::table::Row;
use super::turns::{Suspended, take_turns};
use crate::measure::checkout::{self, NOBODY};
use crate::measure::product::{Pace, WARM_UP};
use crate::measure::{Plan, median};
use crate::process::{self, Server};
use crate::raw_store::RawStore;
use crate::world::{self, CUSTOMERS, LINES_PER_ORDER, World};
use crate::{Outcome, complaint, load};
use std::cell::RefCell;
use std::time::Duration;

/// Checkouts while the broker is away: orders are stored, and no mail is written.
pub(super) fn durable_checkouts(plan: &Plan, shops: &Shops) -> Outcome<[Row; 2]> {
    let rows = checkout::of_orders(&shops.now)?;
    let count: usize = rows.iter().map(|table| table.per_order).sum();
    let mut floor = RawStore::open(&checkout::copy_of_store(&shops.now, "against")?, rows)?;
    let start = |world: &World| {
        Suspended::suspend(world.program("checkout")?.with("SOUK_NATS_URL", NOBODY).start()?)
    };
    let (now, then) = (start(&shops.now)?, start(&shops.then)?);
    for (server, world) in [(&now, &shops.now), (&then, &shops.then)] {
        server.turn(|server| place_orders(server, world, WARM_UP))?;
    }
    // The floor commits batches of the size that today's binary had last.
    let batches = RefCell::new(Vec::new());
    let rounds = take_turns(
        plan.rounds,
        &mut [
            &mut || {
                now.turn(|server| {
                    let commits = server.metric("souk_store_commits_total")?;
                    let (placed, pace) = place_orders(server, &shops.now, plan.load)?;
                    let commits = server.metric("souk_store_commits_total")? - commits;
                    if commits == 0 {
                        return Err(complaint("orders without a commit"));
                    }
                    batches.borrow_mut().push(placed as f64 / commits as f64);
                    Ok(pace)
                })
            },
            &mut || then.turn(|server| Ok(place_orders(server, &shops.then, plan.load)?.1)),
            &mut || {
                let batch = batches.borrow().last().copied();
                write_rows(&mut floor, batch.unwrap_or(1.0), plan.load)
            },
        ],
    )?;
    let what = format!("durable checkout of {LINES_PER_ORDER} lines, {CUSTOMERS} connections");
    let batch = median(batches.into_inner());
    let floor = format!("raw redb, today's {count} rows an order, {batch:.0} orders a commit");
    let [speed, cost] = Row::of_paces(&what, "order", &rounds);
    Ok([speed.beside(floor), cost])
}

/// The number of placed orders, and their pace.
fn place_orders(server: &Server, world: &World, length: Duration) -> Outcome<(u64, Pace)> {
    let before = server.cpu_seconds()?;
    let placed = checkout::storm(server, world).run(length)?;
    Ok((placed.answers, Pace::of(placed, server.cpu_seconds()? - before)))
}

fn write_rows(floor: &mut RawStore, orders_per_commit: f64, length: Duration) -> Outcome<Pace> {
    let before = process::cpu_seconds("self")?;
    let written = floor.run(orders_per_commit, length)?;
    Ok(Pace::of(written, process::cpu_seconds("self")? - before))
}

/// Every customer repeatedly fills the cart, checks out and pays. The processor time includes the
/// mails of these orders.
pub(super) fn complete_orders(plan: &Plan, shops: &Shops) -> Outcome<[Row; 2]> {
    let start = |world: &World| Suspended::suspend(world.program("complete-order")?.start()?);
    let (now, then) = (start(&shops.now)?, start(&shops.then)?);
    let pace = |server: &Suspended, world: &World, length| {
        server.turn(|server| {
            let before = server.cpu_seconds()?;
            let done = load::run(server.address, world.buyers(), length)?;
            world::wait_until_drained(server)?;
            Ok(Pace::of(done, server.cpu_seconds()? - before))
        })
    };
    pace(&now, &shops.now, WARM_UP)?;
    pace(&then, &shops.then, WARM_UP)?;
    let rounds = take_turns(
        plan.rounds,
        &mut [&mut || pace(&now, &shops.now, plan.load), &mut || {
            pace(&then, &shops.then, plan.load)
        }],
    )?;
    let what = format!("complete order in 4 calls, paid in the sandbox, {CUSTOMERS} connections");
    Ok(Row::of_paces(&what, "order", &rounds))
}
