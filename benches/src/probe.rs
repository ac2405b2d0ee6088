//! An open loop at a fixed moderate rate: it measures clients that do not slow down when the shop
//! is slow.

use crate::http::BlockingConnection;
use crate::latencies::Latencies;
use crate::{Outcome, complaint, priority};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Requests per second, over all connections together.
pub(crate) const REQUESTS_PER_SECOND: u32 = 500;
/// Connections, each with a thread.
const CONNECTIONS: u32 = 8;
/// Time limit for all threads to connect.
const GETTING_READY: Duration = Duration::from_millis(200);

/// Sends requests to `address` for this long; each connection repeats its own request. Returns the
/// latencies from when each request was due, so that a server that stalls is also charged for the
/// requests of that time. A late wake-up does not count if only the machine was late.
pub(crate) fn run(
    address: SocketAddr,
    requests: &[Vec<u8>],
    status: u16,
    length: Duration,
) -> Outcome<Latencies> {
    let period = Duration::from_secs(1) / REQUESTS_PER_SECOND * CONNECTIONS;
    let begin = Instant::now() + GETTING_READY;
    let mut latencies = Latencies::new();
    std::thread::scope(|scope| {
        let one = |(number, request): (u32, &'_ Vec<u8>)| {
            let first = begin + period / CONNECTIONS * number;
            let request = request.clone();
            scope.spawn(move || keep_asking(address, &request, status, first, period, length))
        };
        let threads: Vec<_> = (0..CONNECTIONS).zip(requests.iter().cycle()).map(one).collect();
        for thread in threads {
            let asked = thread.join().map_err(|_| complaint("a probe panicked"))??;
            latencies.add(&asked);
        }
        Ok(latencies)
    })
}

fn keep_asking(
    address: SocketAddr,
    request: &[u8],
    status: u16,
    first: Instant,
    period: Duration,
    length: Duration,
) -> Outcome<Latencies> {
    let mut connection = BlockingConnection::open(address)?;
    // Without permission, the waits of all three phases are longer by the same amount.
    let _ = priority::go_first();
    let mut latencies = Latencies::new();
    let end = first + length;
    let mut due = first;
    while due < end {
        let now = Instant::now();
        let asked = if now < due {
            std::thread::sleep(due - now);
            Instant::now()
        } else {
            due
        };
        let head = connection.ask(request)?;
        if head.status != status {
            return Err(complaint(format!("{} instead of {status} to a probe", head.status)));
        }
        latencies.record(asked.elapsed());
        due += period;
    }
    Ok(latencies)
}
