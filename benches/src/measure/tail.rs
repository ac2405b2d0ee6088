//! The latency of a product detail during a storm, next to warp on the same machine at the same
//! time: the part that the floor also shows is caused by the processor.

use super::{Plan, checkout, median, product};
use crate::load::Load;
use crate::process::Server;
use crate::report::Row;
use crate::world::{World, bad_logins};
use crate::{Outcome, complaint, probe};
use std::sync::Arc;
use std::time::Duration;

const LOGIN_CONNECTIONS: usize = 32;
/// How long a storm runs before the probe starts.
const GATHERING: Duration = Duration::from_millis(300);
const PERCENTILE: f64 = 0.99;

/// The 99th percentile in one phase of one round, in milliseconds.
#[derive(Clone, Copy)]
struct Wait {
    souk: f64,
    floor: f64,
}

#[derive(Clone, Copy)]
struct Round {
    quiet: Wait,
    logins: Wait,
    checkouts: Wait,
}

pub(super) fn measure(plan: &Plan, world: &World) -> Outcome<Vec<Row>> {
    let souk = world.program("tail")?.start()?;
    let floor = product::start_floor(world, &souk, &world.product_details()[0])?;
    // Checkouts leave mails that are written later; they must not slow the quiet phase.
    let storming = world.program("tail-checkout")?.start()?;
    storming.hold()?;
    let probed = Probed { plan, world, floor: &floor };
    let mut rounds = Vec::new();
    for _ in 0..plan.rounds {
        let quiet = probed.look_at(&souk)?;
        let requests = Arc::new(bad_logins(LOGIN_CONNECTIONS));
        let logins = Load { address: souk.address, requests, status: 400 };
        let logins = probed.look_during(&souk, logins)?;
        storming.go_on()?;
        let checkouts = probed.look_during(&storming, checkout::storm(&storming, world))?;
        storming.hold()?;
        rounds.push(Round { quiet, logins, checkouts });
    }
    let of = |value: fn(&Round) -> f64| median(rounds.iter().map(value));
    let shown = |souk: f64| format!("{souk:.2} ms");
    let beside = |floor: f64| format!("bare warp at the same time: {floor:.2} ms");
    let during = |what: &str, wait: fn(&Round) -> Wait| {
        let souk = median(rounds.iter().map(|round| wait(round).souk));
        let floor = median(rounds.iter().map(|round| wait(round).floor));
        let ratio = median(rounds.iter().map(|round| wait(round).souk / round.quiet.souk));
        Row::new(what, shown(souk))
            .beside(beside(floor))
            .ratio(ratio)
            .aim("≤ 2 × quiet", ratio <= 2.0)
    };
    let rate = probe::REQUESTS_PER_SECOND;
    Ok(vec![
        Row::new(
            format!("p99 of product detail, {rate} a second, quiet"),
            shown(of(|round| round.quiet.souk)),
        )
        .beside(beside(of(|round| round.quiet.floor))),
        during("the same during a storm of log-ins (32 connections)", |round| round.logins),
        during("the same during a storm of checkouts (64 connections)", |round| round.checkouts),
    ])
}

struct Probed<'a> {
    plan: &'a Plan,
    world: &'a World,
    floor: &'a Server,
}

impl Probed<'_> {
    fn look_during(&self, souk: &Server, storm: Load) -> Outcome<Wait> {
        let storm = storm.storm();
        std::thread::sleep(GATHERING);
        let wait = self.look_at(souk);
        storm.end()?;
        wait
    }

    /// Probes both servers at the same time.
    fn look_at(&self, souk: &Server) -> Outcome<Wait> {
        let requests = self.world.product_details();
        let look = |address| -> Outcome<f64> {
            let latencies = probe::run(address, &requests, 200, self.plan.probe)?;
            Ok(latencies.quantile(PERCENTILE).as_secs_f64() * 1e3)
        };
        std::thread::scope(|scope| {
            let floor = scope.spawn(|| look(self.floor.address));
            let souk = look(souk.address)?;
            let floor = floor.join().map_err(|_| complaint("a probe panicked"))??;
            Ok(Wait { souk, floor })
        })
    }
}
