//! Answers that change nothing, next to warp answering the same octets.

use super::Shops;
use super::table::Row;
use super::turns::{Suspended, take_turns};
use crate::Outcome;
use crate::measure::Plan;
use crate::measure::product::{self, WARM_UP};
use crate::world::World;

const FLOOR: &str = "bare warp, same octets";

pub(super) fn product_details(plan: &Plan, shops: &Shops) -> Outcome<[Row; 2]> {
    let what = "product detail with a token, 64 connections";
    compare(plan, shops, "product-detail", what, World::product_details)
}

pub(super) fn product_lists(plan: &Plan, shops: &Shops) -> Outcome<[Row; 2]> {
    compare(
        plan,
        shops,
        "product-list",
        "list of 20 products, 64 connections",
        World::product_lists,
    )
}

fn compare(
    plan: &Plan,
    shops: &Shops,
    name: &str,
    what: &str,
    requests: fn(&World) -> Vec<Vec<u8>>,
) -> Outcome<[Row; 2]> {
    let Shops { now, then } = shops;
    let server = now.program(name)?.start()?;
    let floor = Suspended::suspend(product::start_floor(now, &server, &requests(now)[0])?)?;
    let (now_server, then_server) =
        (Suspended::suspend(server)?, Suspended::suspend(then.program(name)?.start()?)?);
    let pace = |server: &Suspended, world, length| {
        server.turn(|server| product::pace(server, requests(world), 200, length))
    };
    for (server, world) in [(&now_server, now), (&then_server, then), (&floor, now)] {
        pace(server, world, WARM_UP)?;
    }
    let rounds = take_turns(
        plan.rounds,
        &mut [
            &mut || pace(&now_server, now, plan.load),
            &mut || pace(&then_server, then, plan.load),
            &mut || pace(&floor, now, plan.load),
        ],
    )?;
    let [speed, cost] = Row::of_paces(what, "request", &rounds);
    Ok([speed.beside(FLOOR), cost])
}
