//! Measures what one hostile address does to the shop and to other clients: each flood runs against its own
//! server with throttles on, while a client at another address requests products, orders and logs in.

mod callers;
mod holders;
mod logs;

use crate::http::{BlockingConnection, request};
use crate::latencies::Latencies;
use crate::process::Server;
use crate::report::Row;
use crate::world::{self, World};
use crate::{Measure, Outcome, complaint, priority, probe};
use callers::Calls;
use holders::Held;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::net::{TcpSocket, TcpStream};

/// The address of the floods.
const HOSTILE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
/// Descriptors that the floods themselves need.
const DESCRIPTORS: u64 = 20_000;
const GATHERING: Duration = Duration::from_secs(2);
const SAMPLED_EVERY: Duration = Duration::from_millis(100);
/// Memory must have returned this long after a flood.
const RECOVERY: Duration = Duration::from_secs(10);
const LOG_IN_EVERY: Duration = Duration::from_millis(500);
const RSS_MAX_MEBIBYTES: f64 = 256.0;
const RSS_LEFT_RATIO_MAX: f64 = 1.2;
const P99_RATIO_MAX: f64 = 5.0;

/// One kind of flood.
#[derive(Clone)]
enum Flood {
    /// Connections that are held and send little or nothing.
    Held(Held),
    /// Requests, one after another on each connection.
    Calls(Calls),
    /// Messages to the broker at this address.
    Logs(SocketAddr),
}

/// The 99th percentile of another client's latency, in milliseconds.
#[derive(Clone, Copy)]
struct Waits {
    detail: f64,
    checkout: f64,
}

/// The maxima during a flood.
#[derive(Clone, Copy, Default)]
struct Most {
    rss_mebibytes: f64,
    descriptors: usize,
    threads: f64,
}

/// Runs every selected flood, each for a little longer than `probed_for` twice.
pub(crate) fn measure(probed_for: Duration, world: &World, asked: &Measure) -> Outcome<Vec<Row>> {
    raise_descriptor_limit()?;
    let mut rows = Vec::new();
    let is_asked = |name: &str| asked.flood.as_ref().is_none_or(|part| name.contains(part));
    let held = holders::all(world).into_iter().map(|(name, held)| (name, Flood::Held(held)));
    let calls = callers::all().into_iter().map(|(name, calls)| (name, Flood::Calls(calls)));
    let of_requests = held.chain(calls).filter(|(name, _)| is_asked(name));
    for (number, (name, flood)) in of_requests.enumerate() {
        let program = world.program(&format!("flood-{number}"))?.with("SOUK_RATE_LIMIT", "on");
        rows.push(one(name, flood, probed_for, world, &program.start()?)?);
    }
    if is_asked(logs::NAME) {
        let needed = "the flood of log messages needs --nats-server";
        let nats_server = asked.nats_server.as_ref().ok_or_else(|| complaint(needed))?;
        let broker = logs::Broker::start(nats_server, &world.scratch().join("broker"))?;
        let program = world.program("flood-logs")?.with("SOUK_RATE_LIMIT", "on");
        let server = program.with("SOUK_NATS_URL", &broker.url()).start()?;
        let flood = Flood::Logs(broker.address());
        rows.push(one(logs::NAME, flood, probed_for, world, &server)?);
        eprintln!("souk-bench: {} messages were kept", server.metric("souk_logs_kept_total")?);
    }
    Ok(rows)
}

fn one(
    name: &str,
    flood: Flood,
    probed_for: Duration,
    world: &World,
    server: &Server,
) -> Outcome<Row> {
    eprintln!("souk-bench: {name}");
    // Hashing keeps its memory from the first log-in on, so it must not count as the flood's.
    let body = world::log_in_body(0);
    let log_in = request("POST", "/api/v1/auth/login/", None, Some(&body));
    world::ask_once(server.address, &[log_in], 200)?;
    let quiet = look(server, world, probed_for)?;
    world::wait_until_drained(server)?;
    let before = server.memory_mebibytes("VmRSS")?;
    let stop = Arc::new(AtomicBool::new(false));
    let flooding = begin(flood, server.address, Arc::clone(&stop));
    std::thread::sleep(GATHERING);
    let (during, most, refused) = std::thread::scope(|scope| {
        let sampled = scope.spawn(|| sample(server, &stop));
        let logged_in = scope.spawn(|| log_in_again_and_again(server, &stop));
        let during = look(server, world, probed_for);
        stop.store(true, Ordering::Relaxed);
        let most = sampled.join().map_err(|_| complaint("the sampling panicked"))??;
        let refused = logged_in.join().map_err(|_| complaint("a log-in panicked"))??;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>((during?, most, refused))
    })?;
    flooding.join().map_err(|_| complaint("a flood panicked"))??;
    std::thread::sleep(RECOVERY);
    let after = server.memory_mebibytes("VmRSS")?;
    let ratio = (during.detail / quiet.detail).max(during.checkout / quiet.checkout);
    let is_met = most.rss_mebibytes <= RSS_MAX_MEBIBYTES
        && after <= before * RSS_LEFT_RATIO_MAX
        && ratio <= P99_RATIO_MAX
        && refused == 0;
    let Most { rss_mebibytes, descriptors, threads } = most;
    let Waits { detail, checkout } = during;
    let souk = format!(
        "{before:.0} → {rss_mebibytes:.0} → {after:.0} MiB, {descriptors} descriptors, {threads:.0} \
         threads; p99 {detail:.1} and {checkout:.1} ms, {refused} log-ins refused"
    );
    let floor = format!("quiet: p99 {:.1} and {:.1} ms", quiet.detail, quiet.checkout);
    let aim = "≤ 256 MiB, back within 20 %, p99 ≤ 5 × quiet, no log-in refused";
    Ok(Row::new(name, souk).beside(floor).ratio(ratio).aim(aim, is_met))
}

/// Product details at a fixed rate, then checkouts one after another.
fn look(server: &Server, world: &World, length: Duration) -> Outcome<Waits> {
    let p99 = |latencies: &Latencies| latencies.quantile(0.99).as_secs_f64() * 1e3;
    let details = probe::run(server.address, &world.product_details(), 200, length)?;
    let checkouts = world.checkouts();
    let mut connection = BlockingConnection::open(server.address)?;
    let mut latencies = Latencies::new();
    let begun = Instant::now();
    for ask in checkouts.iter().cycle() {
        if begun.elapsed() > length {
            break;
        }
        let asked = Instant::now();
        let head = connection.ask(ask)?;
        if head.status != 201 {
            return Err(complaint(format!("{} instead of 201 to a checkout", head.status)));
        }
        latencies.record(asked.elapsed());
    }
    Ok(Waits { detail: p99(&details), checkout: p99(&latencies) })
}

fn sample(server: &Server, stop: &AtomicBool) -> Outcome<Most> {
    let mut most = Most::default();
    while !stop.load(Ordering::Relaxed) {
        most.rss_mebibytes = most.rss_mebibytes.max(server.memory_mebibytes("VmRSS")?);
        most.threads = most.threads.max(server.threads()?);
        most.descriptors = most.descriptors.max(server.descriptors()?);
        std::thread::sleep(SAMPLED_EVERY);
    }
    Ok(most)
}

/// How many correct log-ins of an honest client were refused.
fn log_in_again_and_again(server: &Server, stop: &AtomicBool) -> Outcome<usize> {
    let body = world::log_in_body(0);
    let ask = request("POST", "/api/v1/auth/login/", None, Some(&body));
    let mut refused = 0;
    while !stop.load(Ordering::Relaxed) {
        let head = BlockingConnection::open(server.address)?.ask(&ask)?;
        refused += usize::from(head.status != 200);
        std::thread::sleep(LOG_IN_EVERY);
    }
    Ok(refused)
}

/// Floods `address` from a thread that only uses idle processor time.
fn begin(
    flood: Flood,
    address: SocketAddr,
    stop: Arc<AtomicBool>,
) -> std::thread::JoinHandle<Outcome<()>> {
    std::thread::spawn(move || {
        priority::give_way()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            match flood {
                Flood::Held(held) => holders::run(held, address, stop).await,
                Flood::Calls(calls) => callers::run(calls, address, stop).await,
                Flood::Logs(broker) => logs::run(broker, stop).await,
            }
        });
        // Connections that are still open are dropped with their tasks.
        runtime.shutdown_background();
        Ok(())
    })
}

/// A connection from the hostile address.
async fn connect(address: SocketAddr, receive_bytes: Option<u32>) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    if let Some(octets) = receive_bytes {
        socket.set_recv_buffer_size(octets)?;
    }
    socket.bind(SocketAddr::new(HOSTILE, 0))?;
    socket.connect(address).await
}

fn raise_descriptor_limit() -> Outcome<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.map_or(DESCRIPTORS, |maximum| maximum.min(DESCRIPTORS));
    if current.is_some_and(|current| current < wanted) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum })?;
    }
    Ok(())
}
