//! The measured shop: a catalogue, customers, and something in every cart.

use crate::http::{BlockingConnection, request};
use crate::process::{Program, Server};
use crate::{Outcome, complaint};
use serde_json::{Value, json};
use souk_actors::catalog::{CategoryDraft, ProductDraft};
use souk_actors::outbox::Reader;
use souk_actors::store::StoreLimits;
use souk_actors::{Shop, ShopSettings, catalog};
use souk_domain::{CategoryId, Currency, Money, Pricing, ProductId};
use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Customers, each with its own connection in the storms.
pub(crate) const CUSTOMERS: usize = 64;
/// Products in every cart.
pub(crate) const LINES_PER_ORDER: usize = 2;
/// Products of the shop in which the benchmark places orders.
const PRODUCTS: u64 = 1_000;
/// The first product that is requested or bought; ids of three digits give answers of equal length.
const FIRST_PRODUCT: usize = 100;
const CATEGORIES: u64 = 10;
const PRODUCTS_PER_TURN: u64 = 1_000;
const STOCK_OF_EACH: u64 = 1_000_000;
const OUTBOX_PATIENCE: Duration = Duration::from_secs(60);

/// An idle shop: its data, and its logged-in users.
pub(crate) struct World {
    souk: PathBuf,
    scratch: PathBuf,
    tokens: Vec<String>,
    administrator: String,
}

impl World {
    /// Fills a shop and registers its customers.
    pub(crate) fn make(souk: &Path, scratch: &Path) -> Outcome<Self> {
        let mut world = Self {
            souk: souk.to_owned(),
            scratch: scratch.to_owned(),
            tokens: Vec::new(),
            administrator: String::new(),
        };
        fill(&world.template(), PRODUCTS)?;
        create_administrator(souk, &world.template())?;
        let server = Program::souk(souk, &scratch.join(TEMPLATE)).start()?;
        let mut connection = BlockingConnection::open(server.address)?;
        let body = json!({"username": ADMINISTRATOR, "password": PASSWORD}).to_string();
        let ask = request("POST", "/api/token/", None, Some(&body));
        let said: Value = serde_json::from_slice(connection.fetch(&ask)?.body())?;
        let token = said["access"].as_str();
        world.administrator = token.ok_or_else(|| complaint(format!("no token: {said}")))?.into();
        for customer in 0..CUSTOMERS {
            let ask = registration(&customer_email(customer));
            let said: Value = serde_json::from_slice(connection.fetch(&ask)?.body())?;
            let token = said["data"]["access_token"].as_str();
            world.tokens.push(token.ok_or_else(|| complaint(format!("no token: {said}")))?.into());
            for line in 0..LINES_PER_ORDER {
                let product = FIRST_PRODUCT + customer * LINES_PER_ORDER + line;
                let body = json!({"product_id": product, "quantity": 1}).to_string();
                let ask = request(
                    "POST",
                    "/api/v1/cart/",
                    world.tokens.last().map(|it| &**it),
                    Some(&body),
                );
                let answer = connection.fetch(&ask)?;
                if answer.head.status != 201 {
                    return Err(complaint(String::from_utf8_lossy(answer.body())));
                }
            }
        }
        // Counters and totals exist only after the first order.
        ask_once(server.address, &world.checkouts(), 201)?;
        wait_until_drained(&server)?;
        server.end()?;
        Ok(world)
    }

    fn template(&self) -> PathBuf {
        self.scratch.join(TEMPLATE).join("data")
    }

    /// The data file of the idle shop.
    pub(crate) fn store_file(&self) -> PathBuf {
        self.template().join(souk_actors::store::Store::FILE_NAME)
    }

    pub(crate) fn scratch(&self) -> &Path {
        &self.scratch
    }

    /// A separate server on a copy of the data, in a directory with this name.
    pub(crate) fn program(&self, name: &str) -> Outcome<Program> {
        let directory = self.scratch.join(name);
        copy_data(&self.template(), &directory.join("data"))?;
        Ok(Program::souk(&self.souk, &directory))
    }

    /// The access token of the administrator.
    pub(crate) fn administrator(&self) -> &str {
        &self.administrator
    }

    /// One request per customer, each for a different product; the answers have the same length.
    pub(crate) fn product_details(&self) -> Vec<Vec<u8>> {
        let ask = |(number, token): (usize, &String)| {
            let path = format!("/api/v1/products/{}/", FIRST_PRODUCT + number);
            request("GET", &path, Some(token), None)
        };
        self.tokens.iter().enumerate().map(ask).collect()
    }

    /// One request per customer that orders the cart's content and keeps the cart.
    pub(crate) fn checkouts(&self) -> Vec<Vec<u8>> {
        let body = json!({"shipping_address": "1 Market Square, 00100 Sukh", "clear_cart": false});
        let body = body.to_string();
        let ask =
            |token: &String| request("POST", "/api/v1/cart/checkout/", Some(token), Some(&body));
        self.tokens.iter().map(ask).collect()
    }
}

const TEMPLATE: &str = "template";

const PASSWORD: &str = "a password of some length";
const ADMINISTRATOR: &str = "boss";

fn customer_email(customer: usize) -> String {
    format!("customer{customer:02}@bench.test")
}

/// A log-in of this customer.
pub(crate) fn log_in_body(customer: usize) -> String {
    json!({"email": customer_email(customer), "password": PASSWORD}).to_string()
}

fn create_administrator(souk: &Path, data: &Path) -> Outcome<()> {
    let mut creating = Command::new(souk)
        .args(["admin", "create", "--username", ADMINISTRATOR, "--email", "boss@bench.test"])
        .arg("--data")
        .arg(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    if let Some(mut input) = creating.stdin.take() {
        writeln!(input, "{PASSWORD}")?;
    }
    match creating.wait()?.success() {
        true => Ok(()),
        false => Err(complaint("the administrator could not be created")),
    }
}

/// A registration.
pub(crate) fn registration(email: &str) -> Vec<u8> {
    let password = PASSWORD;
    let body = json!({
        "email": email, "password": password, "password_confirm": password,
        "first_name": "Carla", "last_name": "Customer",
    });
    request("POST", "/api/v1/auth/register/", None, Some(&body.to_string()))
}

/// Log-ins that fail after the full work: half with an unknown user, half with a wrong password.
pub(crate) fn bad_logins(count: usize) -> Vec<Vec<u8>> {
    let ask = |number: usize| {
        let email = match number % 2 {
            0 => format!("nobody{number:02}@bench.test"),
            _ => format!("customer{number:02}@bench.test"),
        };
        let body = json!({"email": email, "password": "not the password"}).to_string();
        request("POST", "/api/v1/auth/login/", None, Some(&body))
    };
    (0..count).map(ask).collect()
}

/// Sends each request once; all must be answered with `status`.
pub(crate) fn ask_once(address: SocketAddr, requests: &[Vec<u8>], status: u16) -> Outcome<()> {
    let mut connection = BlockingConnection::open(address)?;
    for request in requests {
        let answer = connection.fetch(request)?;
        if answer.head.status != status {
            return Err(complaint(String::from_utf8_lossy(answer.body())));
        }
    }
    Ok(())
}

/// Waits until all pending mails are written.
pub(crate) fn wait_until_drained(server: &Server) -> Outcome<()> {
    let begun = Instant::now();
    while server.metric("souk_outbox_pending")? > 0 {
        if begun.elapsed() > OUTBOX_PATIENCE {
            return Err(complaint("the outbox is not drained"));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Copies a data directory; its subdirectories are not needed.
pub(crate) fn copy_data(from: &Path, to: &Path) -> Outcome<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            let copy = to.join(entry.file_name());
            fs::copy(entry.path(), &copy)?;
            // Otherwise the first commits would pay for writing the copy.
            fs::File::open(&copy)?.sync_all()?;
        }
    }
    Ok(())
}

/// An idle shop with this many products, created once and kept in the cache.
pub(crate) fn catalogue(cache: &Path, products: u64) -> Outcome<PathBuf> {
    let version = souk_actors::store::SCHEMA_VERSION;
    let kept = cache.join(format!("products-{products}-schema-{version}"));
    if is_readable(&kept, products).unwrap_or(false) {
        return Ok(kept);
    }
    eprintln!("souk-bench: filling a shop with {products} products, this once");
    let unfinished = kept.with_extension("unfinished");
    for stale in [&kept, &unfinished] {
        if stale.exists() {
            fs::remove_dir_all(stale)?;
        }
    }
    fill(&unfinished, products)?;
    fs::rename(&unfinished, &kept)?;
    Ok(kept)
}

/// Whether the current code finds the last product; the row format may have changed since.
fn is_readable(directory: &Path, products: u64) -> Outcome<bool> {
    if !directory.exists() {
        return Ok(false);
    }
    in_shop(directory, async |shop| {
        let last = ProductId::new(products).ok_or_else(|| complaint("no products"))?;
        Ok(catalog::product(&*shop.store.snapshot(), last)?.is_some())
    })
}

fn fill(directory: &Path, products: u64) -> Outcome<()> {
    in_shop(directory, async |shop| {
        for first in (1..=products).step_by(PRODUCTS_PER_TURN as usize) {
            shop.turn(move |turn| async move {
                if first == 1 {
                    for number in 1..=CATEGORIES {
                        let draft = category_draft(number);
                        turn.ask(catalog::CreateCategory { draft }).await?;
                    }
                }
                for number in first..(first + PRODUCTS_PER_TURN).min(products + 1) {
                    let draft = product_draft(number);
                    turn.ask(catalog::CreateProduct { draft }).await?;
                }
                Ok(())
            })
            .await?;
        }
        // An idle shop has an empty outbox.
        let (pending, _) = shop.outbox.backlog(Reader::Mail)?;
        let cursor = shop.outbox.cursor(Reader::Mail)?;
        shop.outbox.acknowledge(Reader::Mail, cursor + pending).await?;
        Ok(())
    })
}

fn category_draft(number: u64) -> CategoryDraft {
    let description = format!("All that belongs to category {number}.");
    CategoryDraft { name: format!("Category {number:02}"), description }
}

fn product_draft(number: u64) -> ProductDraft {
    let description = "Made by hand in a small workshop, of wool that was washed, carded and spun \
                       nearby; every piece differs a little from every other.";
    ProductDraft {
        name: format!("Benchmark product {number:06}"),
        description: description.to_owned(),
        category: CategoryId::new(number % CATEGORIES + 1),
        pricing: Pricing::flat(Money::from_minor_units(1_999)),
        image: Some(format!("https://images.bench.test/products/{number:06}.webp")),
        available: true,
        stock: STOCK_OF_EACH,
    }
}

fn in_shop<T>(directory: &Path, work: impl AsyncFnOnce(&Shop) -> Outcome<T>) -> Outcome<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let settings = ShopSettings {
            currency: Currency::USD,
            order_time_to_live: Duration::from_secs(24 * 60 * 60),
            low_stock_threshold: 5,
            order_notices: souk_actors::orders::OrderNotices::Each,
            order_digest_every: Duration::from_secs(3_600),
            guest_unpaid_kept_for: Duration::from_secs(30 * 24 * 60 * 60),
            store: StoreLimits::default(),
        };
        let shop = Shop::open_or_make(directory, settings).await?;
        let result = work(&shop).await;
        shop.close().await;
        result
    })
}
