//! Closed loops: each connection sends a request, waits for the answer, and repeats.

use crate::http::Connection;
use crate::{Outcome, complaint, priority};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The address, the requests, and the expected status.
#[derive(Clone)]
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    /// One connection for each, which repeats it.
    pub(crate) requests: Arc<Vec<Vec<u8>>>,
    pub(crate) status: u16,
}

/// The result of a load.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answers {
    pub(crate) answers: u64,
    pub(crate) seconds: f64,
}

impl Answers {
    pub(crate) fn per_second(self) -> f64 {
        self.answers as f64 / self.seconds
    }
}

impl Load {
    /// Keeps every connection busy for this long, all of them on this one thread: it must take as
    /// little processor time as possible from the server.
    pub(crate) fn run(&self, length: Duration) -> Outcome<Answers> {
        self.run_until(Arc::default(), Some(length))
    }

    fn run_until(&self, stop: Arc<AtomicBool>, length: Option<Duration>) -> Outcome<Answers> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut connections = Vec::new();
            for _ in self.requests.iter() {
                connections.push(Connection::open(self.address).await?);
            }
            let start = Instant::now();
            let end = length.map(|length| start + length);
            let mut loops = tokio::task::JoinSet::new();
            for (number, connection) in connections.into_iter().enumerate() {
                let stop = Arc::clone(&stop);
                let is_over = move || {
                    stop.load(Ordering::Relaxed) || end.is_some_and(|end| Instant::now() >= end)
                };
                loops.spawn(ask_again(self.clone(), number, connection, is_over));
            }
            let mut answers = 0;
            while let Some(looped) = loops.join_next().await {
                answers += looped??;
            }
            Ok(Answers { answers, seconds: start.elapsed().as_secs_f64() })
        })
    }

    /// Keeps every connection busy from a separate thread until the storm is ended. The thread
    /// uses only idle processor time: a real shop's customers do not run on its
    /// machine, and a storm must slow the probe only through the shop.
    pub(crate) fn storm(self) -> Storm {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            priority::give_way()?;
            self.run_until(told, None)
        });
        Storm { stop, thread }
    }
}

/// A load that runs in the background.
pub(crate) struct Storm {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<Outcome<Answers>>,
}

impl Storm {
    pub(crate) fn end(self) -> Outcome<Answers> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| complaint("a storm panicked"))?
    }
}

/// The number of answers per connection until the end.
async fn ask_again(
    load: Load,
    number: usize,
    mut connection: Connection,
    is_over: impl Fn() -> bool,
) -> Outcome<u64> {
    let request = &load.requests[number];
    let mut answers = 0;
    while !is_over() {
        let head = connection.ask(request).await?;
        if head.status != load.status {
            let asked = String::from_utf8_lossy(request);
            let asked = asked.lines().next().unwrap_or_default();
            return Err(complaint(format!("{} instead of {}: {asked}", head.status, load.status)));
        }
        answers += 1;
    }
    Ok(answers)
}
