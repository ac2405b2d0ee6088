//! From exec to the first answer.

use super::{Plan, median, product};
use crate::process::Program;
use crate::report::Row;
use crate::world::{self, World};
use crate::{Measure, Outcome};
use std::path::Path;

const AIM_MILLISECONDS: f64 = 100.0;

pub(super) fn measure(plan: &Plan, asked: &Measure, world: &World) -> Outcome<Vec<Row>> {
    let souk = world.program("start-answer")?.start()?;
    let floor = median(
        (0..plan.starts)
            .map(|_| {
                Ok(product::start_floor(world, &souk, &world.product_details()[0])?
                    .started_in
                    .as_secs_f64()
                    * 1e3)
            })
            .collect::<Outcome<Vec<_>>>()?,
    );
    drop(souk);
    let many = asked.scratch.join("start-many");
    world::copy_data(&world::catalogue(&asked.cache, plan.products)?, &many.join("data"))?;
    let none = asked.scratch.join("start-none");
    let row = |what: String, milliseconds: f64| {
        Row::new(what, format!("{milliseconds:.0} ms"))
            .beside(format!("bare warp: {floor:.0} ms"))
            .aim("≤ 100 ms", milliseconds <= AIM_MILLISECONDS)
    };
    let mut rows = Vec::new();
    let first = median(
        (0..plan.starts)
            .map(|number| {
                let fresh = asked.scratch.join(format!("start-first-{number}"));
                started_in(&asked.souk, &fresh, false)
            })
            .collect::<Outcome<Vec<_>>>()?,
    );
    rows.push(row("from exec to the first answer, making a new store".to_owned(), first));
    for (products, directory) in [(0, &none), (plan.products, &many)] {
        for is_killed in [false, true] {
            // The way it ends decides what the next start finds.
            started_in(&asked.souk, directory, is_killed)?;
            let starts = (0..plan.starts).map(|_| started_in(&asked.souk, directory, is_killed));
            let milliseconds = median(starts.collect::<Outcome<Vec<_>>>()?);
            let after = if is_killed { "kill -9" } else { "a clean end" };
            rows.push(row(
                format!("the same with {products} products, after {after}"),
                milliseconds,
            ));
        }
    }
    Ok(rows)
}

/// Starts the server, sends a request, changes something, and stops it; milliseconds to the first answer.
pub(super) fn started_in(souk: &Path, directory: &Path, is_killed: bool) -> Outcome<f64> {
    let server = Program::souk(souk, directory).start()?;
    let milliseconds = server.started_in.as_secs_f64() * 1e3;
    // A store without writes needs no repair, however it ends.
    let somebody = souk_actors::clock::now().get();
    let change = world::registration(&format!("customer{somebody}@bench.test"));
    world::ask_once(server.address, &[change], 201)?;
    if is_killed {
        drop(server);
    } else {
        server.end()?;
    }
    Ok(milliseconds)
}
