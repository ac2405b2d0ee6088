//! How often one customer's checkout goes to the database and back while nobody else is in the shop.

use super::super::{checkout::NOBODY, median};
use super::SHOP;
use crate::Outcome;
use crate::http::BlockingConnection;
use crate::postgres::{self, Cluster, CountingProxy};
use crate::report::Row;
use crate::world::{World, ask_once};
use std::time::Instant;

const CHECKOUTS: usize = 200;
const AIM_ROUND_TRIPS: f64 = 4.0;

pub(super) fn measure(cluster: &Cluster, world: &World) -> Outcome<Row> {
    let database = "lone";
    drop(cluster.create(database, Some(SHOP))?);
    let proxy = CountingProxy::start(cluster.address)?;
    let program = world.program(database)?.with("SOUK_NATS_URL", NOBODY);
    let souk = program.with("SOUK_STORE", &postgres::url(proxy.address, database)).start()?;
    let checkouts = world.checkouts();
    ask_once(souk.address, &checkouts, 201)?;
    let mut connection = BlockingConnection::open(souk.address)?;
    let (mut round_trips, mut milliseconds) = (Vec::new(), Vec::new());
    for checkout in checkouts.iter().cycle().take(CHECKOUTS) {
        let (before, began) = (proxy.round_trips(), Instant::now());
        connection.ask(checkout)?;
        milliseconds.push(began.elapsed().as_secs_f64() * 1e3);
        round_trips.push((proxy.round_trips() - before) as f64);
    }
    souk.end()?;
    let mean = round_trips.iter().sum::<f64>() / CHECKOUTS as f64;
    // The process also asks for news every now and then, whatever its customers do.
    let usual = median(round_trips);
    let took = median(milliseconds);
    Ok(Row::new(
        "round trips to the database of a lone checkout",
        format!("{usual:.0} (mean {mean:.1}) in {took:.1} ms"),
    )
    .aim("≤ 4", usual <= AIM_ROUND_TRIPS))
}
