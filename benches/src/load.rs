//! Closed loops: each connection asks, waits for the answer, and asks again.

use crate::http::Connection;
use crate::{Outcome, complaint};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Where, what, and what must come back.
#[derive(Clone)]
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    /// One connection for each, which asks it again and again.
    pub(crate) requests: Arc<Vec<Vec<u8>>>,
    pub(crate) status: u16,
}

/// What came of a load.
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
    /// Keeps every connection busy for so long, all of them on this one thread: it must not take
    /// more of the machine from the server than it has to.
    pub(crate) fn run(&self, length: Duration) -> Outcome<Answers> {
        let stop = AtomicBool::new(false);
        self.run_until(&stop, Some(length))
    }

    fn run_until(&self, stop: &AtomicBool, length: Option<Duration>) -> Outcome<Answers> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let local = tokio::task::LocalSet::new();
        local.block_on(&runtime, async {
            let mut connections = Vec::new();
            for _ in self.requests.iter() {
                connections.push(Connection::open(self.address).await?);
            }
            let start = Instant::now();
            let is_over = || match length {
                Some(length) => start.elapsed() >= length,
                None => stop.load(Ordering::Relaxed),
            };
            let looping = connections
                .into_iter()
                .zip(self.requests.iter())
                .map(|(connection, request)| ask_again(connection, request, self.status, &is_over));
            let mut answers = 0;
            for looped in join_all(looping).await {
                answers += looped?;
            }
            Ok(Answers { answers, seconds: start.elapsed().as_secs_f64() })
        })
    }

    /// Keeps every connection busy from a thread of its own until the storm is ended.
    pub(crate) fn storm(self) -> Storm {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            self.run_until(&told, None).map_err(|error| error.to_string())
        });
        Storm { stop, thread }
    }
}

/// A load that runs beside something else.
pub(crate) struct Storm {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<Result<Answers, String>>,
}

impl Storm {
    pub(crate) fn end(self) -> Outcome<Answers> {
        self.stop.store(true, Ordering::Relaxed);
        let ended = self.thread.join().map_err(|_| complaint("a storm panicked"))?;
        Ok(ended.map_err(complaint)?)
    }
}

async fn ask_again(
    mut connection: Connection,
    request: &[u8],
    status: u16,
    is_over: &impl Fn() -> bool,
) -> Outcome<u64> {
    let mut answers = 0;
    while !is_over() {
        let head = connection.ask(request).await?;
        if head.status != status {
            let asked = String::from_utf8_lossy(request);
            let asked = asked.lines().next().unwrap_or_default();
            return Err(complaint(format!("{} instead of {status} to {asked}", head.status)));
        }
        answers += 1;
    }
    Ok(answers)
}

/// Runs futures side by side on this task's thread and collects what they return.
async fn join_all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.map(|it| (Box::pin(it), None)).collect();
    std::future::poll_fn(move |context| {
        let mut all_done = true;
        for (future, output) in &mut running {
            if output.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(value) => *output = Some(value),
                    std::task::Poll::Pending => all_done = false,
                }
            }
        }
        if !all_done {
            return std::task::Poll::Pending;
        }
        std::task::Poll::Ready(running.iter_mut().filter_map(|(_, output)| output.take()).collect())
    })
    .await
}
