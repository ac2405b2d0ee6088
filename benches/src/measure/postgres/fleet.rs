//! Several processes of one shop, with a database of their own.

use super::super::checkout::NOBODY;
use crate::http::BlockingConnection;
use crate::load::Load;
use crate::postgres::{Client, Cluster};
use crate::process::Server;
use crate::world::World;
use crate::{Outcome, complaint};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a process that was suspended may take to follow its database again.
const AWAKE_WITHIN: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Running processes.
pub(super) struct Fleet<'a> {
    cluster: &'a Cluster,
    servers: Vec<Server>,
    /// To the same database.
    client: Client,
    /// The requests that are sent to find out whether a process answers.
    checkouts: Vec<Vec<u8>>,
}

/// What a load did, with all costs per order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Orders {
    pub(super) per_second: f64,
    pub(super) database_microseconds: f64,
    pub(super) souk_microseconds: f64,
    pub(super) epochs_per_second: f64,
    pub(super) turns_per_epoch: f64,
    /// The share of the epochs that had to run again.
    pub(super) overtaken: f64,
}

impl Orders {
    /// The share of its time that the database's core was busy.
    pub(super) fn database_busy(self) -> f64 {
        self.per_second * self.database_microseconds / 1e6
    }
}

/// Counters before or after a load.
struct Counts {
    database_seconds: f64,
    souk_seconds: f64,
    epochs: f64,
    turns: f64,
    overtaken: f64,
}

impl<'a> Fleet<'a> {
    /// Starts this many processes on a copy of the database `shop`.
    pub(super) fn start(
        cluster: &'a Cluster,
        world: &World,
        shop: &str,
        processes: usize,
    ) -> Outcome<Self> {
        let database = format!("shop-of-{processes}");
        let client = cluster.create(&database, Some(shop))?;
        let mut servers = Vec::new();
        for process in 0..processes {
            let program = world.program(&format!("{database}-{process}"))?;
            let program = program.with("SOUK_STORE", &cluster.url(&database));
            // Nothing is delivered: it would happen in one of the processes only.
            servers.push(program.with("SOUK_NATS_URL", NOBODY).start()?);
        }
        Ok(Self { cluster, servers, client, checkouts: world.checkouts() })
    }

    /// Keeps the connections of these checkouts busy, spread over the processes.
    pub(super) fn run(&self, checkouts: Vec<Vec<u8>>, length: Duration) -> Outcome<Orders> {
        let addresses: Vec<SocketAddr> = self.servers.iter().map(|server| server.address).collect();
        let requests = Arc::new(checkouts);
        let before = self.counts()?;
        let load = Load { address: addresses[0], requests, status: 201 };
        let placed = load.run_across(&addresses, length)?;
        let after = self.counts()?;
        let orders = placed.answers as f64;
        let (epochs, overtaken) =
            (after.epochs - before.epochs, after.overtaken - before.overtaken);
        Ok(Orders {
            per_second: placed.per_second(),
            database_microseconds: (after.database_seconds - before.database_seconds) * 1e6
                / orders,
            souk_microseconds: (after.souk_seconds - before.souk_seconds) * 1e6 / orders,
            epochs_per_second: epochs / placed.seconds,
            turns_per_epoch: (after.turns - before.turns) / epochs,
            overtaken: overtaken / (epochs + overtaken),
        })
    }

    fn counts(&self) -> Outcome<Counts> {
        let sum = |of: &dyn Fn(&Server) -> Outcome<f64>| {
            self.servers.iter().map(of).sum::<Outcome<f64>>()
        };
        let metric = |name: &'static str| sum(&|server| Ok(server.metric(name)? as f64));
        Ok(Counts {
            turns: metric("souk_store_turns_total")?,
            overtaken: metric("souk_database_epochs_again_total")?,
            epochs: self.client.number("SELECT last FROM souk_epoch")? as f64,
            souk_seconds: sum(&Server::cpu_seconds)?,
            database_seconds: self.cluster.cpu_seconds()?,
        })
    }

    /// Suspends the processes: even an idle one asks its database for news.
    pub(super) fn hold(&self) -> Outcome<()> {
        self.servers.iter().try_for_each(Server::hold)
    }

    /// Resumes the processes, and returns when each takes orders again.
    pub(super) fn go_on(&self) -> Outcome<()> {
        self.servers.iter().try_for_each(Server::go_on)?;
        for server in &self.servers {
            let begun = Instant::now();
            let mut connection = BlockingConnection::open(server.address)?;
            while connection.ask(&self.checkouts[0])?.status != 201 {
                if begun.elapsed() > AWAKE_WITHIN {
                    return Err(complaint("a process takes no orders after it was suspended"));
                }
                std::thread::sleep(LOOK_EVERY);
            }
        }
        Ok(())
    }

    pub(super) fn end(self) -> Outcome<()> {
        self.servers.into_iter().try_for_each(Server::end)
    }
}
