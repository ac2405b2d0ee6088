//! Compares today's binary with an older one, next to the floor, all three in one run. Each binary
//! fills its own shop with calls that both answer, because neither has to read the store of the other.

mod answers;
mod idle;
mod orders;
mod table;
mod turns;

pub(crate) use table::Comparison;

use super::Plan;
use crate::report;
use crate::world::{Filling, World};
use crate::{Measure, Outcome};
use std::path::Path;

/// The shops of the two binaries.
struct Shops {
    now: World,
    then: World,
}

/// Compares today's binary with the one at `older`.
pub(crate) fn all(asked: &Measure, older: &Path) -> Outcome<Comparison> {
    let load_average = report::load_average();
    let plan = Plan::of(asked.quick);
    // The servers run in other directories.
    let binary = older.canonicalize()?;
    let shops = Shops {
        now: World::make(&asked.souk, &asked.scratch.join("now"), Filling::OverHttp)?,
        then: World::make(&binary, &asked.scratch.join("then"), Filling::OverHttp)?,
    };
    let mut rows = Vec::new();
    rows.extend(orders::durable_checkouts(&plan, &shops)?);
    rows.extend(orders::complete_orders(&plan, &shops)?);
    rows.extend(answers::product_details(&plan, &shops)?);
    rows.extend(answers::product_lists(&plan, &shops)?);
    rows.extend(idle::memory(&plan, &shops)?);
    rows.extend(idle::starts(&plan, &shops)?);
    Ok(Comparison {
        rows,
        now: asked.revision.clone(),
        then: older.display().to_string(),
        is_quick: asked.quick,
        load_average,
    })
}
