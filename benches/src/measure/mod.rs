//! The measurements, in the order of the table.

pub(crate) mod against;
mod checkout;
mod lists;
mod memory;
mod postgres;
mod product;
mod start;
mod tail;

use crate::floods;
use crate::report::{self, Report};
use crate::world::{Filling, World};
use crate::{Measure, Outcome, Part};
use std::time::Duration;

/// Durations and repetitions; alternation and medians reduce noise.
struct Plan {
    rounds: usize,
    /// Of a load and of its floor, in each round.
    load: Duration,
    /// Of the probe in each of its three phases, in each round.
    probe: Duration,
    starts: usize,
    products: u64,
    /// Of one customer.
    orders: u64,
}

impl Plan {
    fn of(is_quick: bool) -> Self {
        match is_quick {
            true => Self {
                rounds: 1,
                load: Duration::from_secs(1),
                probe: Duration::from_secs(1),
                starts: 1,
                products: 5_000,
                orders: 2_000,
            },
            false => Self {
                rounds: 5,
                load: Duration::from_secs(3),
                probe: Duration::from_secs(4),
                starts: 7,
                products: 100_000,
                orders: 120_000,
            },
        }
    }
}

/// Measures everything, or the selected part.
pub(crate) fn all(asked: &Measure) -> Outcome<Report> {
    let load_average = report::load_average();
    let plan = Plan::of(asked.quick);
    let world = World::make(&asked.souk, &asked.scratch, Filling::InProcess)?;
    let wants = |part| asked.only.is_none_or(|only| only == part);
    let mut rows = Vec::new();
    // First, while nothing else is still finishing.
    if wants(Part::Memory) {
        rows.extend(memory::measure(asked, &world)?);
    }
    if wants(Part::Product) {
        rows.extend(product::measure(&plan, &world)?);
    }
    if wants(Part::Checkout) {
        rows.extend(checkout::measure(&plan, &world)?);
    }
    if wants(Part::Tail) {
        rows.extend(tail::measure(&plan, &world)?);
    }
    if wants(Part::Lists) {
        rows.extend(lists::measure(&plan, asked, &world)?);
    }
    if wants(Part::Start) {
        rows.extend(start::measure(&plan, asked, &world)?);
    }
    if asked.only == Some(Part::Floods) {
        rows.extend(floods::measure(plan.probe, &world, asked)?);
    }
    if asked.only == Some(Part::Postgres) {
        rows.extend(postgres::measure(&plan, asked, &world)?);
    }
    let revision = asked.revision.clone();
    Ok(Report { rows, revision, is_quick: asked.quick, load_average })
}

fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
