//! The shop on PostgreSQL, in one process and in three, next to plain statements that write the same
//! rows. The database has a core of its own, and everything else shares the others.

mod fleet;
mod lone;
mod table;

use super::checkout::NOBODY;
use super::product::{Pace, WARM_UP, pace};
use super::{Plan, median};
use crate::cores::DividedCores;
use crate::load::Answers;
use crate::postgres::{Cluster, RawPostgres, content};
use crate::process::Server;
use crate::report::Row;
use crate::store_rows::{self, TableRows};
use crate::world::{self, CUSTOMERS, Filling, World};
use crate::{Measure, Outcome, complaint};
use fleet::{Fleet, Orders};

/// The database that the others are copies of.
const SHOP: &str = "shop";
const PROCESSES: usize = 3;
/// Orders a statement of the floor that the aims are about.
const ORDERS_AT_ONCE: f64 = 64.0;

/// What the plain statements did.
#[derive(Clone, Copy)]
struct Raw {
    per_second: f64,
    /// Of PostgreSQL, per order.
    microseconds: f64,
    /// The share of its time that the database's core was busy.
    busy: f64,
}

/// One round with this many processes, and as many connections of the floor.
struct Round {
    souk: Orders,
    /// All customers want the same product.
    hot: Option<Orders>,
    raw: Raw,
    /// With as many orders a statement as the shop had in an epoch.
    raw_alike: Raw,
}

/// `of_redb` is the same shop in a file.
pub(super) fn measure(plan: &Plan, asked: &Measure, of_redb: &World) -> Outcome<Vec<Row>> {
    let programs = asked.postgres.as_deref();
    let programs = programs.ok_or_else(|| complaint("--postgres names PostgreSQL's programs"))?;
    let cores = DividedCores::divide()?;
    let cluster = Cluster::start(programs, &asked.scratch.join("cluster"), cores.first)?;
    drop(cluster.create(SHOP, None)?);
    let filling = Filling::InDatabase(cluster.url(SHOP));
    let world = World::make(&asked.souk, &asked.scratch.join("on-postgres"), filling)?;
    let rows = rows_of_orders(&cluster, &world)?;
    let count: usize = rows.iter().map(|table| table.per_order).sum();
    let mut raw = RawPostgres::make(&cluster, SHOP, rows, PROCESSES)?;

    let database = format!("PostgreSQL {}, fsync on, on core {}", cluster.version()?, cores.first);
    let others = format!("Souk, the floors and the load on {} other core(s)", cores.others);
    let mut report = vec![Row::new(format!("{database}; {others}"), "")];
    let one = rounds(plan, &cluster, &world, &mut raw, 1)?;
    report.extend(table::checkouts(&one, 1, 0.7, count));
    let three = rounds(plan, &cluster, &world, &mut raw, PROCESSES)?;
    report.extend(table::checkouts(&three, PROCESSES, 0.8, count));
    report.extend(table::hot(&three));
    report.push(lone::measure(&cluster, &world)?);
    report.extend(product_detail(plan, &cluster, &world, of_redb)?);
    Ok(report)
}

/// The rows an order writes, found as they are in a file: every customer places one.
fn rows_of_orders(cluster: &Cluster, world: &World) -> Outcome<Vec<TableRows>> {
    let database = "one-order-each";
    let client = cluster.create(database, Some(SHOP))?;
    let before = content(&client)?;
    let program = world.program(database)?.with("SOUK_NATS_URL", NOBODY);
    let souk = program.with("SOUK_STORE", &cluster.url(database)).start()?;
    let mut requests = world.checkouts();
    requests.reverse();
    world::ask_once(souk.address, &requests, 201)?;
    souk.end()?;
    store_rows::of_orders(&before, content(&client)?, CUSTOMERS)
}

fn rounds(
    plan: &Plan,
    cluster: &Cluster,
    world: &World,
    raw: &mut RawPostgres,
    processes: usize,
) -> Outcome<Vec<Round>> {
    let fleet = Fleet::start(cluster, world, SHOP, processes)?;
    fleet.run(world.checkouts(), WARM_UP)?;
    let mut rounds = Vec::new();
    let all_differ = || fleet.run(world.checkouts(), plan.load);
    let all_want_one = || match processes {
        1 => Ok(None),
        _ => fleet.run(world.rival_checkouts(), plan.load).map(Some),
    };
    for round in 0..plan.rounds {
        fleet.go_on()?;
        // The first in one round is the last in the next.
        let (souk, hot) = if round % 2 == 0 {
            let souk = all_differ()?;
            (souk, all_want_one()?)
        } else {
            let hot = all_want_one()?;
            (all_differ()?, hot)
        };
        fleet.hold()?;
        let mut write = |orders_at_once: f64| -> Outcome<Raw> {
            let before = cluster.cpu_seconds()?;
            let done: Answers = raw.run(processes, orders_at_once, plan.load)?;
            let seconds = cluster.cpu_seconds()? - before;
            let microseconds = seconds * 1e6 / done.answers as f64;
            let busy = seconds / done.seconds;
            Ok(Raw { per_second: done.per_second(), microseconds, busy })
        };
        let (raw, raw_alike) = (write(ORDERS_AT_ONCE)?, write(souk.turns_per_epoch)?);
        rounds.push(Round { souk, hot, raw, raw_alike });
    }
    fleet.go_on()?;
    fleet.end()?;
    Ok(rounds)
}

/// Product detail in one process on PostgreSQL, next to the same on a file.
fn product_detail(
    plan: &Plan,
    cluster: &Cluster,
    world: &World,
    of_redb: &World,
) -> Outcome<Vec<Row>> {
    let database = "product";
    drop(cluster.create(database, Some(SHOP))?);
    let program = world.program(database)?.with("SOUK_STORE", &cluster.url(database));
    let on_postgres = (program.start()?, world.product_details());
    let on_redb = (of_redb.program("product-redb")?.start()?, of_redb.product_details());
    let answer = |(server, requests): &(Server, Vec<Vec<u8>>), length| {
        pace(server, requests.clone(), 200, length)
    };
    let mut rounds = Vec::new();
    for shop in [&on_postgres, &on_redb] {
        answer(shop, WARM_UP)?;
    }
    for _ in 0..plan.rounds {
        rounds.push((answer(&on_postgres, plan.load)?, answer(&on_redb, plan.load)?));
    }
    let of = |value: fn(&(Pace, Pace)) -> f64| median(rounds.iter().map(value));
    let ratio = of(|(postgres, redb)| postgres.per_second / redb.per_second);
    let costs = of(|(postgres, redb)| postgres.cpu_microseconds / redb.cpu_microseconds);
    let what = format!("product detail with a token, 1 process, {CUSTOMERS} connections");
    Ok(vec![
        Row::new(what, format!("{:.0}/s", of(|(postgres, _)| postgres.per_second)))
            .beside(format!("on redb: {:.0}/s", of(|(_, redb)| redb.per_second)))
            .ratio(ratio)
            .aim("≥ 0.8", ratio >= 0.8),
        Row::new(
            "Souk's processor time per request",
            format!("{:.1} µs", of(|(postgres, _)| postgres.cpu_microseconds)),
        )
        .beside(format!("{:.1} µs", of(|(_, redb)| redb.cpu_microseconds)))
        .ratio(costs),
    ])
}
