//! Lists, searches and product detail in a small and in a large shop, next to warp answering the same
//! octets; and pages of a customer with many orders.

use super::{Plan, median, product};
use crate::http::{BlockingConnection, request};
use crate::process::{Program, Server};
use crate::report::Row;
use crate::world::{self, World};
use crate::{Measure, Outcome, complaint};
use serde_json::Value;
use std::time::Instant;

const CONNECTIONS: u64 = 64;
const SMALL: u64 = 1_000;
/// Requests of one kind that are sent one after the other.
const IN_TURN: u64 = 100;
const EMAIL: &str = "lists@bench.test";

/// A shop with its server and a customer's token.
struct Filled {
    products: u64,
    program: Program,
    server: Server,
    token: String,
}

impl Filled {
    fn make(asked: &Measure, products: u64) -> Outcome<Self> {
        let directory = asked.scratch.join(format!("lists-{products}"));
        world::copy_data(&world::catalogue(&asked.cache, products)?, &directory.join("data"))?;
        let program = Program::souk(&asked.souk, &directory);
        let server = program.start()?;
        let mut connection = BlockingConnection::open(server.address)?;
        let said: Value =
            serde_json::from_slice(connection.fetch(&world::registration(EMAIL))?.body())?;
        let token = said["data"]["access_token"].as_str();
        let token = token.ok_or_else(|| complaint(format!("no token: {said}")))?.to_owned();
        world::wait_until_drained(&server)?;
        Ok(Self { products, program, server, token })
    }

    fn get(&self, path: &str) -> Vec<u8> {
        request("GET", path, Some(&self.token), None)
    }

    /// The kinds of requests, each with one request per connection.
    fn kinds(&self) -> Vec<(&'static str, Vec<Vec<u8>>)> {
        let same = |path: &str| vec![self.get(path); CONNECTIONS as usize];
        let spread = (0..CONNECTIONS).map(|connection| {
            // Three digits in the small shop and up to six in the large one: not the same octets.
            let id = 1 + connection * (self.products - 1) / CONNECTIONS;
            self.get(&format!("/api/v1/products/{id}/"))
        });
        let middle = self.products / 40;
        vec![
            ("list of 20 products", same("/api/v1/products/")),
            ("a page in the middle", same(&format!("/api/v1/products/?page={middle}"))),
            ("20 products of a category", same("/api/v1/products/?category=3")),
            ("20 products by price", same("/api/v1/product/?price_min=10&page_size=20")),
            ("a search with one result", same("/api/v1/products/?search=000777")),
            ("a search with all products", same("/api/v1/products/?search=wool")),
            ("product detail", spread.collect()),
        ]
    }

    /// The median of the milliseconds that requests take one after the other.
    fn in_turn(&self, path: impl Fn(u64) -> String) -> Outcome<f64> {
        let mut connection = BlockingConnection::open(self.server.address)?;
        let mut milliseconds = Vec::new();
        for number in 0..IN_TURN {
            let ask = self.get(&path(number));
            let begun = Instant::now();
            let answer = connection.fetch(&ask)?;
            milliseconds.push(begun.elapsed().as_secs_f64() * 1e3);
            if answer.head.status != 200 {
                return Err(complaint(String::from_utf8_lossy(answer.body())));
            }
        }
        Ok(median(milliseconds))
    }
}

pub(super) fn measure(plan: &Plan, asked: &Measure, world: &World) -> Outcome<Vec<Row>> {
    let mut rows = Vec::new();
    for products in [SMALL, plan.products] {
        let mut shop = Filled::make(asked, products)?;
        for (what, requests) in shop.kinds() {
            rows.push(measure_kind(plan, world, &shop, what, requests)?);
        }
        let search = |number| format!("/api/v1/products/?search=0{:05}", number * 7 + 11);
        let row = |what: &str, milliseconds: f64| {
            Row::new(format!("{what}, {products} products"), format!("{milliseconds:.2} ms"))
        };
        rows.push(row("a search for the first time, one after the other", shop.in_turn(search)?));
        if products > SMALL {
            shop = with_orders(shop, plan.orders)?;
            let last = plan.orders / 20;
            for page in [1, last / 2, last] {
                let path = |_| format!("/api/v1/orders/?page={page}&page_size=20");
                let what = format!("page {page} of 20 of {} own orders", plan.orders);
                rows.push(row(&what, shop.in_turn(path)?));
            }
        }
        let memory = shop.server.memory_mebibytes("VmRSS")?;
        let what = format!("memory after these lists, {products} products");
        rows.push(Row::new(what, format!("{memory:.0} MiB")));
    }
    Ok(rows)
}

fn measure_kind(
    plan: &Plan,
    world: &World,
    shop: &Filled,
    what: &str,
    requests: Vec<Vec<u8>>,
) -> Outcome<Row> {
    let floor = product::start_floor(world, &shop.server, &requests[0])?;
    let pace = |server, length| product::pace(server, requests.clone(), 200, length);
    pace(&shop.server, product::WARM_UP)?;
    pace(&floor, product::WARM_UP)?;
    let mut paces = Vec::new();
    for _ in 0..plan.rounds {
        paces.push((pace(&shop.server, plan.load)?, pace(&floor, plan.load)?));
    }
    let of = |value: fn(&(product::Pace, product::Pace)) -> f64| median(paces.iter().map(value));
    let cpu = of(|(souk, _)| souk.cpu_microseconds);
    let per_second = of(|(souk, _)| souk.per_second);
    Ok(Row::new(
        format!("{what}, {} products", shop.products),
        format!("{per_second:.0}/s, {cpu:.0} µs of processor time"),
    )
    .beside(format!("bare warp, same octets: {:.0}/s", of(|(_, floor)| floor.per_second)))
    .ratio(of(|(souk, floor)| souk.per_second / floor.per_second)))
}

/// The same shop after its customer has placed this many orders.
fn with_orders(shop: Filled, orders: u64) -> Outcome<Filled> {
    let Filled { products, program, server, token } = shop;
    server.end()?;
    world::place_orders(&program.directory().join("data"), EMAIL, orders)?;
    let server = program.start()?;
    Ok(Filled { products, program, server, token })
}
