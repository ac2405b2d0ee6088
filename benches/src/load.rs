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

/// A client with one connection, which repeats one piece of work.
pub(crate) trait Caller: Send + 'static {
    /// Does the work once: sends its requests and reads every answer to the end.
    fn ask(&mut self, connection: &mut Connection) -> impl Future<Output = Outcome<()>> + Send;
}

/// Keeps the connection of every caller busy for this long, all of them on this one thread: it must
/// take as little processor time as possible from the server.
pub(crate) fn run<C: Caller>(
    address: SocketAddr,
    callers: Vec<C>,
    length: Duration,
) -> Outcome<Answers> {
    run_until(&[address], callers, Arc::default(), Some(length))
}

/// The callers are spread over the addresses.
fn run_until<C: Caller>(
    addresses: &[SocketAddr],
    callers: Vec<C>,
    stop: Arc<AtomicBool>,
    length: Option<Duration>,
) -> Outcome<Answers> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut connections = Vec::new();
        for (caller, address) in callers.into_iter().zip(addresses.iter().cycle()) {
            connections.push((caller, Connection::open(*address).await?));
        }
        let start = Instant::now();
        let end = length.map(|length| start + length);
        let mut loops = tokio::task::JoinSet::new();
        for (caller, connection) in connections {
            let stop = Arc::clone(&stop);
            let is_over = move || {
                stop.load(Ordering::Relaxed) || end.is_some_and(|end| Instant::now() >= end)
            };
            loops.spawn(ask_again(caller, connection, is_over));
        }
        let mut answers = 0;
        while let Some(looped) = loops.join_next().await {
            answers += looped??;
        }
        Ok(Answers { answers, seconds: start.elapsed().as_secs_f64() })
    })
}

impl Load {
    /// Keeps every connection busy for this long.
    pub(crate) fn run(&self, length: Duration) -> Outcome<Answers> {
        self.run_across(&[self.address], length)
    }

    /// Keeps every connection busy for this long. The connections are spread over these addresses.
    pub(crate) fn run_across(
        &self,
        addresses: &[SocketAddr],
        length: Duration,
    ) -> Outcome<Answers> {
        run_until(addresses, self.callers(), Arc::default(), Some(length))
    }

    fn callers(&self) -> Vec<Repetition> {
        let numbers = 0..self.requests.len();
        numbers.map(|number| Repetition { load: self.clone(), number }).collect()
    }

    /// Keeps every connection busy from a separate thread until the storm is ended. The thread
    /// uses only idle processor time: a real shop's customers do not run on its
    /// machine, and a storm must slow the probe only through the shop.
    pub(crate) fn storm(self) -> Storm {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            priority::give_way()?;
            run_until(&[self.address], self.callers(), told, None)
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

/// Repeats one request of a load.
struct Repetition {
    load: Load,
    number: usize,
}

impl Caller for Repetition {
    async fn ask(&mut self, connection: &mut Connection) -> Outcome<()> {
        let request = &self.load.requests[self.number];
        let head = connection.ask(request).await?;
        if head.status != self.load.status {
            let asked = String::from_utf8_lossy(request);
            let asked = asked.lines().next().unwrap_or_default();
            let status = self.load.status;
            return Err(complaint(format!("{} instead of {status}: {asked}", head.status)));
        }
        Ok(())
    }
}

/// The number of times a caller did its work until the end.
async fn ask_again(
    mut caller: impl Caller,
    mut connection: Connection,
    is_over: impl Fn() -> bool,
) -> Outcome<u64> {
    let mut answers = 0;
    while !is_over() {
        caller.ask(&mut connection).await?;
        answers += 1;
    }
    Ok(answers)
}
