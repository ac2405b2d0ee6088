//! The measured shop: a catalogue, customers, and something in every cart.

mod buyer;
mod fill;

pub(crate) use buyer::Buyer;
pub(crate) use fill::{catalogue, place_orders};

use crate::http::{BlockingConnection, request};
use crate::process::{Program, Server};
use crate::{Outcome, complaint};
use serde_json::{Value, json};
use souk_actors::store::{Database, StorePlace};
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
pub(crate) const PRODUCTS: u64 = 1_000;
/// The first product that is requested or bought; ids of three digits give answers of equal length.
const FIRST_PRODUCT: usize = 100;
const OUTBOX_PATIENCE: Duration = Duration::from_secs(60);

/// An idle shop: its data, and its logged-in users.
pub(crate) struct World {
    souk: PathBuf,
    scratch: PathBuf,
    tokens: Vec<String>,
    /// Customers who all want the same product.
    rivals: Vec<String>,
    administrator: String,
    /// Settings of every program.
    environment: Vec<(String, String)>,
}

/// How the products get into a shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Filling {
    /// Written by the current code, which must be the code of the binary.
    InProcess,
    /// Created with calls that an older binary answers too.
    OverHttp,
    /// Written into this PostgreSQL database by the current code.
    InDatabase(String),
}

impl World {
    /// Fills a shop in `scratch` and registers its customers.
    pub(crate) fn make(souk: &Path, scratch: &Path, filling: Filling) -> Outcome<Self> {
        let mut world = Self {
            souk: souk.to_owned(),
            scratch: scratch.to_owned(),
            tokens: Vec::new(),
            rivals: Vec::new(),
            administrator: String::new(),
            environment: Vec::new(),
        };
        let directory = scratch.join(TEMPLATE);
        fs::create_dir_all(&directory)?;
        match &filling {
            Filling::InProcess => fill::in_process(&world.template(), PRODUCTS)?,
            Filling::OverHttp => {}
            Filling::InDatabase(url) => {
                let (database, copy) = (Database::from_url(url)?, directory.join("filling"));
                fill::in_process(
                    StorePlace::Database { database, copy, makes_tables: true },
                    PRODUCTS,
                )?;
                world.environment = vec![
                    ("SOUK_STORE".to_owned(), url.clone()),
                    ("SOUK_JWT_SECRET".to_owned(), JWT_SECRET.to_owned()),
                ];
            }
        }
        world.create_administrator(&directory)?;
        let server = world.program_in(&directory).start()?;
        let mut connection = BlockingConnection::open(server.address)?;
        let body = json!({"username": ADMINISTRATOR, "password": PASSWORD}).to_string();
        let ask = request("POST", "/api/token/", None, Some(&body));
        let said: Value = serde_json::from_slice(connection.fetch(&ask)?.body())?;
        let token = said["access"].as_str();
        world.administrator = token.ok_or_else(|| complaint(format!("no token: {said}")))?.into();
        if filling == Filling::OverHttp {
            fill::over_http(&mut connection, &world.administrator, PRODUCTS)?;
        }
        world.tokens = register(&mut connection, customer_email, product_of)?;
        if matches!(filling, Filling::InDatabase(_)) {
            world.rivals = register(&mut connection, rival_email, |rival, line| match line {
                0 => HOT_PRODUCT,
                _ => product_of(rival, line),
            })?;
        }
        // Counters and totals exist only after the first order.
        ask_once(server.address, &world.checkouts(), 201)?;
        wait_until_drained(&server)?;
        server.end()?;
        Ok(world)
    }

    /// Creates the administrator of the shop in `directory`/data.
    fn create_administrator(&self, directory: &Path) -> Outcome<()> {
        let mut creating = Command::new(&self.souk)
            .args(["--data", "data", "admin", "create"])
            .args(["--username", ADMINISTRATOR, "--email", "boss@bench.test"])
            // No settings of the caller or of this repository: an older version refuses unknown ones.
            .current_dir(directory)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
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

    /// The binary that filled this shop.
    pub(crate) fn souk(&self) -> &Path {
        &self.souk
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
        Ok(self.program_in(&directory))
    }

    fn program_in(&self, directory: &Path) -> Program {
        let program = Program::souk(&self.souk, directory);
        self.environment.iter().fold(program, |program, (name, value)| program.with(name, value))
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

    /// One request per customer for the first page of the products, 20 of them.
    pub(crate) fn product_lists(&self) -> Vec<Vec<u8>> {
        let ask = |token: &String| request("GET", "/api/v1/products/", Some(token), None);
        self.tokens.iter().map(ask).collect()
    }

    /// One request per customer that orders the cart's content and keeps the cart.
    pub(crate) fn checkouts(&self) -> Vec<Vec<u8>> {
        self.tokens.iter().map(|token| checkout(token, false)).collect()
    }

    /// The same by as many other customers, in each of whose carts one product is the same.
    pub(crate) fn rival_checkouts(&self) -> Vec<Vec<u8>> {
        self.rivals.iter().map(|token| checkout(token, false)).collect()
    }

    /// The customers; each orders a different product and pays for it.
    pub(crate) fn buyers(&self) -> Vec<Buyer> {
        let buyer = |(customer, token): (usize, &String)| {
            Buyer::new(
                addition(product_of(customer, 0), token),
                checkout(token, true),
                token.clone(),
            )
        };
        self.tokens.iter().enumerate().map(buyer).collect()
    }
}

const TEMPLATE: &str = "template";

const PASSWORD: &str = "a password of some length";
const ADMINISTRATOR: &str = "boss";

/// Signs the tokens of a shop in a database; it need not be secret.
const JWT_SECRET: &str = "every process signs with this same key";
/// What all rivals want.
const HOT_PRODUCT: usize = FIRST_PRODUCT - 1;

fn customer_email(customer: usize) -> String {
    format!("customer{customer:02}@bench.test")
}

fn rival_email(rival: usize) -> String {
    format!("rival{rival:02}@bench.test")
}

/// Registers customers and fills their carts. Returns their tokens.
fn register(
    connection: &mut BlockingConnection,
    email: fn(usize) -> String,
    product: impl Fn(usize, usize) -> usize,
) -> Outcome<Vec<String>> {
    let mut tokens = Vec::new();
    for customer in 0..CUSTOMERS {
        let ask = registration(&email(customer));
        let said: Value = serde_json::from_slice(connection.fetch(&ask)?.body())?;
        let token = said["data"]["access_token"].as_str();
        let token = token.ok_or_else(|| complaint(format!("no token: {said}")))?;
        for line in 0..LINES_PER_ORDER {
            let answer = connection.fetch(&addition(product(customer, line), token))?;
            if answer.head.status != 201 {
                return Err(complaint(String::from_utf8_lossy(answer.body())));
            }
        }
        tokens.push(token.to_owned());
    }
    Ok(tokens)
}

/// A log-in of this customer.
pub(crate) fn log_in_body(customer: usize) -> String {
    json!({"email": customer_email(customer), "password": PASSWORD}).to_string()
}

fn checkout(token: &str, clear_cart: bool) -> Vec<u8> {
    let address = "1 Market Square, 00100 Sukh";
    let body = json!({"shipping_address": address, "clear_cart": clear_cart}).to_string();
    request("POST", "/api/v1/cart/checkout/", Some(token), Some(&body))
}

/// A different product for every customer and line.
fn product_of(customer: usize, line: usize) -> usize {
    FIRST_PRODUCT + customer * LINES_PER_ORDER + line
}

/// Adds a product to the cart.
fn addition(product: usize, token: &str) -> Vec<u8> {
    let body = json!({"product_id": product, "quantity": 1}).to_string();
    request("POST", "/api/v1/cart/", Some(token), Some(&body))
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
