//! Product detail with a token, next to warp answering the same octets.

use super::{Plan, median};
use crate::http::BlockingConnection;
use crate::load::{Answers, Load};
use crate::process::{Program, Server};
use crate::report::Row;
use crate::world::World;
use crate::{Outcome, warp_floor};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub(super) const WARM_UP: Duration = Duration::from_millis(500);

/// The result of one round for one server.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    pub(super) per_second: f64,
    /// Per answer.
    pub(super) cpu_microseconds: f64,
}

impl Pace {
    /// The pace of this load, for which the server used so much processor time.
    pub(super) fn of(done: Answers, cpu_seconds: f64) -> Self {
        let cpu_microseconds = cpu_seconds * 1e6 / done.answers as f64;
        Self { per_second: done.per_second(), cpu_microseconds }
    }
}

pub(super) fn measure(plan: &Plan, world: &World) -> Outcome<Vec<Row>> {
    let souk = world.program("product")?.start()?;
    let floor = start_floor(world, &souk, &world.product_details()[0])?;
    let mut rounds = Vec::new();
    let pace = |server, length| pace(server, world.product_details(), 200, length);
    for server in [&souk, &floor] {
        pace(server, WARM_UP)?;
    }
    for round in 0..plan.rounds {
        // The server that is first in one round is last in the next.
        let paces = if round % 2 == 0 {
            let first = pace(&souk, plan.load)?;
            (first, pace(&floor, plan.load)?)
        } else {
            let first = pace(&floor, plan.load)?;
            (pace(&souk, plan.load)?, first)
        };
        rounds.push(paces);
    }
    let of = |value: fn(&(Pace, Pace)) -> f64| median(rounds.iter().map(value));
    let throughput = of(|(souk, floor)| souk.per_second / floor.per_second);
    let cpu = of(|(souk, floor)| floor.cpu_microseconds / souk.cpu_microseconds);
    Ok(vec![
        Row::new(
            "product detail with a token, 64 connections",
            format!("{:.0}/s", of(|(souk, _)| souk.per_second)),
        )
        .beside(format!("bare warp, same octets: {:.0}/s", of(|(_, floor)| floor.per_second)))
        .ratio(throughput)
        .aim("≥ 0.75", throughput >= 0.75),
        Row::new(
            "its processor time per request",
            format!("{:.1} µs", of(|(souk, _)| souk.cpu_microseconds)),
        )
        .beside(format!("{:.1} µs", of(|(_, floor)| floor.cpu_microseconds)))
        .ratio(cpu),
    ])
}

/// Bare warp with the answer of Souk to this request.
pub(super) fn start_floor(world: &World, souk: &Server, request: &[u8]) -> Outcome<Server> {
    let answer = BlockingConnection::open(souk.address)?.fetch(request)?;
    let file: PathBuf = world.scratch().join("answer");
    std::fs::write(&file, &answer.octets)?;
    let floor = Program::bare_warp(&world.scratch().join("floor"), &file)?.start()?;
    warp_floor::require_same_answer(souk.address, floor.address, request)?;
    Ok(floor)
}

/// How fast a server answers these requests, each on its own connection.
pub(super) fn pace(
    server: &Server,
    requests: Vec<Vec<u8>>,
    status: u16,
    length: Duration,
) -> Outcome<Pace> {
    let load = Load { address: server.address, requests: Arc::new(requests), status };
    let before = server.cpu_seconds()?;
    let done = load.run(length)?;
    Ok(Pace::of(done, server.cpu_seconds()? - before))
}
