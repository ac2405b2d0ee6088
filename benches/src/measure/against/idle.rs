//! Servers without load: their memory, and the time until the first answer.

use super::Shops;
use super::table::{Row, Unit};
use super::turns::{Round, take_turns};
use crate::Outcome;
use crate::measure::memory::SETTLING;
use crate::measure::{Plan, product, start};
use crate::process::{Program, Server};
use crate::world::{PRODUCTS, World};
use std::cell::Cell;

const FLOOR: &str = "bare warp";

/// The memory of three servers that are idle at the same time.
pub(super) fn memory(plan: &Plan, shops: &Shops) -> Outcome<[Row; 1]> {
    let answering = shops.now.program("memory-answer")?.start()?;
    let mut rounds = Vec::new();
    for round in 0..plan.rounds {
        let fresh = |world: &World| {
            let directory = world.scratch().join(format!("fresh-{round}"));
            Program::souk(world.souk(), &directory).start()
        };
        let (now, then) = (fresh(&shops.now)?, fresh(&shops.then)?);
        let floor = start_floor(shops, &answering)?;
        std::thread::sleep(SETTLING);
        let resident = |server: &Server| server.memory_mebibytes("VmRSS");
        let floor = Some(resident(&floor)?);
        rounds.push(Round { now: resident(&now)?, then: resident(&then)?, floor });
    }
    let what = "memory of a fresh idle server (RSS)";
    Ok([Row::new(what, Unit::Mebibytes, rounds).beside(FLOOR)])
}

/// From exec to the first answer.
pub(super) fn starts(plan: &Plan, shops: &Shops) -> Outcome<[Row; 2]> {
    let answering = shops.now.program("start-answer")?.start()?;
    let milliseconds = || Ok(start_floor(shops, &answering)?.started_in.as_secs_f64() * 1e3);
    let stores = Cell::new(0);
    let first = |world: &World| {
        stores.set(stores.get() + 1);
        let directory = world.scratch().join(format!("start-first-{}", stores.get()));
        start::started_in(world.souk(), &directory, false)
    };
    let first = take_turns(
        plan.starts,
        &mut [&mut || first(&shops.now), &mut || first(&shops.then), &mut || milliseconds()],
    )?;
    let again = |world: &World| {
        start::started_in(world.souk(), &world.scratch().join("start-again"), false)
    };
    for world in [&shops.now, &shops.then] {
        world.program("start-again")?;
        again(world)?;
    }
    let again = take_turns(
        plan.starts,
        &mut [&mut || again(&shops.now), &mut || again(&shops.then), &mut || milliseconds()],
    )?;
    let row = |what: &str, rounds| Row::new(what, Unit::Milliseconds, rounds).beside(FLOOR);
    Ok([
        row("from exec to the first answer, making a new store", first),
        row(&format!("the same with {PRODUCTS} products, after a clean end"), again),
    ])
}

fn start_floor(shops: &Shops, answering: &Server) -> Outcome<Server> {
    product::start_floor(&shops.now, answering, &shops.now.product_details()[0])
}
