//! Floods of open connections: each sends only the beginning of something, and reads nothing.

use super::connect;
use crate::http::request;
use crate::world::World;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// Octets of a receive buffer that fills up quickly.
const SMALL_BUFFER_BYTES: u32 = 4096;
const DRIP_EVERY: Duration = Duration::from_secs(1);
const PAUSE_AFTER_CLOSE: Duration = Duration::from_secs(1);

/// What each connection of a flood sends.
#[derive(Clone)]
pub(super) struct Held {
    connections: usize,
    /// Sent at once.
    beginning: Arc<Vec<u8>>,
    /// Sent repeatedly after it.
    drip: &'static [u8],
    reads: Reads,
}

/// What a flood reads of the answers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reads {
    Nothing,
    /// As much as fits into a small receive buffer.
    Slowly,
    /// Everything; it sends the beginning again and again.
    Everything,
}

/// Every flood of this kind, with its name.
pub(super) fn all(world: &World) -> Vec<(&'static str, Held)> {
    let held = |connections, beginning: Vec<u8>, drip| Held {
        connections,
        beginning: Arc::new(beginning),
        drip,
        reads: Reads::Nothing,
    };
    let mut body = b"POST /api/v1/auth/login/ HTTP/1.1\r\nHost: souk.test\r\n\
        Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{\"email\": \""
        .to_vec();
    body.resize(body.len() + 600_000, b'a');
    let pipelined = request("GET", "/api/v1/product/?page_size=20", None, None).repeat(200);
    let slow_reads = Held {
        reads: Reads::Slowly,
        ..held(600, request("GET", "/api/v1/product/", None, None), b"")
    };
    let details = world.product_details()[0].repeat(200);
    let details = Held { reads: Reads::Everything, ..held(200, details, b"") };
    let stream = request("GET", "/api/v1/events", Some(world.administrator()), None);
    vec![
        ("10,000 idle connections", held(10_000, Vec::new(), b"")),
        ("slow headers (5,000)", held(5_000, b"GET / HTTP/1.1\r\nX-Slow: ".to_vec(), b"a")),
        ("slow bodies (400 of 1 MB)", held(400, body, b"a")),
        ("slow reads (600 of a whole list)", slow_reads),
        ("pipelining (200 × 200 requests)", held(200, pipelined, b"")),
        ("pipelining of details (200 × 200, without end)", details),
        ("streams of events (200)", held(200, stream, b"")),
    ]
}

/// Keeps every connection open until `stop`, and reopens it when it is closed.
pub(super) async fn run(held: Held, address: SocketAddr, stop: Arc<AtomicBool>) {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..held.connections {
        let (held, stop) = (held.clone(), Arc::clone(&stop));
        tasks.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                // If the shop closes a connection at once, reopen it a second later: there are thousands.
                let _ = hold(&held, address, &stop).await;
                tokio::time::sleep(PAUSE_AFTER_CLOSE).await;
            }
        });
    }
    while tasks.join_next().await.is_some() {}
}

async fn hold(held: &Held, address: SocketAddr, stop: &AtomicBool) -> std::io::Result<()> {
    let buffer = (held.reads == Reads::Slowly).then_some(SMALL_BUFFER_BYTES);
    let mut stream = connect(address, buffer).await?;
    if held.reads == Reads::Everything {
        return repeat(&held.beginning, stream, stop).await;
    }
    // Data that the shop does not read in time is not sent, but the connection stays open.
    let _ = tokio::time::timeout(DRIP_EVERY, stream.write_all(&held.beginning)).await;
    while !stop.load(Ordering::Relaxed) {
        tokio::time::sleep(DRIP_EVERY).await;
        if !held.drip.is_empty() {
            stream.try_write(held.drip)?;
        }
        let mut peeked = [0; 1];
        let closed = tokio::time::timeout(Duration::ZERO, stream.peek(&mut peeked)).await;
        if matches!(closed, Ok(Ok(0) | Err(_))) {
            return Ok(());
        }
    }
    Ok(())
}

/// Sends the octets again and again until `stop`, and discards the answers.
async fn repeat(octets: &[u8], stream: TcpStream, stop: &AtomicBool) -> std::io::Result<()> {
    let (mut answers, mut requests) = stream.into_split();
    let sending = async {
        loop {
            requests.write_all(octets).await?;
        }
    };
    let mut discarded = tokio::io::sink();
    let discarding = tokio::io::copy(&mut answers, &mut discarded);
    let stopped = async {
        while !stop.load(Ordering::Relaxed) {
            tokio::time::sleep(DRIP_EVERY).await;
        }
    };
    // Closes the connection, with whatever was not answered.
    tokio::select! {
        failed = sending => failed,
        ended = discarding => ended.map(drop),
        () = stopped => Ok(()),
    }
}
