//! How every contract answers a list: a reading thread finds the ids, and the items are written as
//! the client reads them.

use super::product_bodies::ProductShape;
use super::{App, failure_answer};
use crate::edge::{Answer, Call, Client, Crowd, ItemWriter, PageQuery, Wrapping, limits};
use serde::Serialize;
use souk_actors::Failure;
use souk_actors::catalog::{self, ListFilter};
use souk_actors::fair_queue::{FairQueue, WaitingBounds};
use souk_actors::store::{Snapshot, StoreError};
use std::io;
use std::num::NonZeroUsize;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::sync::oneshot;

/// At least this many threads read lists, so that one long search does not block everybody else.
const THREADS_MIN: usize = 2;
/// The nice level of the reading threads. Lists take longest, so they run at a lower priority:
/// short answers need not wait.
const NICE_LEVEL: i32 = 10;
const WAITING: WaitingBounds = WaitingBounds {
    all_max: limits::READINGS_WAITING_MAX,
    per_requester_max: limits::READINGS_WAITING_MAX,
};

type Job = Box<dyn FnOnce() + Send>;

/// The threads that read lists. A search may look through every product, so only a few searches run
/// at once, and clients take turns. While several clients use the shop, none of them gets more than
/// three quarters of the threads: even at a low priority, reading on every core delays the others.
pub(crate) struct Reading {
    queue: Arc<FairQueue<Client, Job>>,
    threads: usize,
    crowd: Crowd,
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl Reading {
    /// Starts the threads, one for each core.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub(crate) fn start() -> io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let threads = cores.max(THREADS_MIN);
        let queue = Arc::new(FairQueue::<Client, Job>::new(WAITING));
        for number in 0..threads {
            let waiting = Arc::clone(&queue);
            std::thread::Builder::new().name(format!("reading-{number}")).spawn(move || {
                let own = Some(rustix::thread::gettid());
                if let Err(error) = rustix::process::setpriority_process(own, NICE_LEVEL) {
                    tracing::warn!(%error, "lists are read at normal priority");
                }
                waiting.work(|job| {
                    // If a job panics, its sender is dropped, and the waiting client gets an error.
                    let _ = std::panic::catch_unwind(AssertUnwindSafe(job));
                });
            })?;
        }
        Ok(Self { queue, threads, crowd: Crowd::default() })
    }

    /// Notes that a client uses the shop; call it for every request, also for those that read no list.
    pub(crate) fn note(&self, client: Client) {
        self.crowd.note(client);
    }

    /// Runs `read` on a reading thread when it is the client's turn.
    ///
    /// # Errors
    /// [`Failure::Busy`] if too many wait, [`Failure::Unavailable`] if `read` panics.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        client: Client,
        read: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let (answer, outcome) = oneshot::channel();
        let job: Job = Box::new(move || {
            if !answer.is_closed() {
                // The client may have disconnected in the meantime.
                let _ = answer.send(read());
            }
        });
        let each_max = match self.crowd.is_several() {
            true => self.threads * 3 / 4,
            false => self.threads,
        };
        self.queue.limit_running(each_max);
        self.queue.join(client, job).map_err(|_| Failure::Busy)?;
        outcome.await.map_err(|_| Failure::Unavailable)
    }
}

impl App {
    /// Answers a page of a list.
    ///
    /// `find` takes an offset and a limit, and returns the total number of items and the ids of the
    /// page. `body` renders one item, or returns `None` if it was deleted. A short list comes from
    /// one snapshot. A long list reads each item when it is written.
    ///
    /// # Errors
    /// 404 past the last page; 503 if the store fails or too many readers wait.
    pub(crate) async fn list<Id, Body>(
        self: &Arc<Self>,
        call: Call,
        (page_query, wrapping): (PageQuery, Wrapping),
        find: impl Fn(&Snapshot, u64, usize) -> Result<(u64, Vec<Id>), StoreError> + Send + 'static,
        body: impl Fn(&Self, &Snapshot, Id) -> Result<Option<Body>, StoreError> + Send + Sync + 'static,
    ) -> Result<Answer, Answer>
    where
        Id: Send + Sync + 'static,
        Body: Serialize,
    {
        let write = move |app: &Self, snapshot: &Snapshot, id, writer: &mut ItemWriter| match body(
            app, snapshot, id,
        )
        .map_err(|error| failure_answer(&error.into()))?
        {
            Some(body) => writer.write(&body),
            None => Ok(()),
        };
        let app = Arc::clone(self);
        let client = call.request.client;
        let reading = self.reading.run(client, move || {
            let snapshot = app.shop.store.snapshot();
            page(app, snapshot, &call, (page_query, wrapping), find, write)
        });
        reading.await.unwrap_or_else(|failure| Err(failure_answer(&failure)))
    }

    /// Answers a list of Souk's own API: `read` runs on a reading thread when it is the client's turn.
    ///
    /// # Errors
    /// The error of `read`; 503 if too many readers wait.
    pub(crate) async fn read_list(
        self: &Arc<Self>,
        call: Call,
        read: impl FnOnce(&Self, &Snapshot, &Call) -> Result<Answer, Answer> + Send + 'static,
    ) -> Result<Answer, Answer> {
        let app = Arc::clone(self);
        let client = call.request.client;
        let reading = self.reading.run(client, move || {
            let snapshot = app.shop.store.snapshot();
            read(&app, &snapshot, &call)
        });
        reading.await.unwrap_or_else(|failure| Err(failure_answer(&failure)))
    }

    /// Answers a page of products, as the contract of `Shape` writes them. A short page of products
    /// that are known is answered at once; other clients need not wait for it.
    ///
    /// # Errors
    /// As [`Self::list`].
    pub(crate) async fn list_products<Shape: ProductShape>(
        self: &Arc<Self>,
        call: Call,
        (page_query, wrapping): (PageQuery, Wrapping),
        filter: ListFilter,
    ) -> Result<Answer, Answer> {
        let is_for_buyers = filter.admits_only_available();
        let write = move |app: &Self, snapshot: &Snapshot, id, writer: &mut ItemWriter| {
            let product = app.written_product::<Shape>(snapshot, id)?;
            // A product may be hidden after the list was begun.
            if let Some(product) = product.filter(|it| it.is_for_sale || !is_for_buyers) {
                writer.write_json(&product.json);
            }
            Ok(())
        };
        let app = Arc::clone(self);
        let snapshot = self.shop.store.snapshot();
        let is_quick = page_query.is_short() && catalog::is_at_hand(&snapshot, &filter);
        let find = move |snapshot: &Snapshot, offset, limit| {
            catalog::listed_ids(snapshot, &filter, offset, limit)
        };
        if is_quick {
            return page(app, snapshot, &call, (page_query, wrapping), find, write);
        }
        drop(snapshot);
        let reading = self.reading.run(call.request.client, move || {
            let snapshot = app.shop.store.snapshot();
            page(app, snapshot, &call, (page_query, wrapping), find, write)
        });
        reading.await.unwrap_or_else(|failure| Err(failure_answer(&failure)))
    }

    /// Reads the catalog into memory, so that the first list need not wait for it.
    pub(crate) async fn prepare_lists(self: &Arc<Self>) {
        let app = Arc::clone(self);
        let prepared = self
            .reading
            .run(Client::default(), move || catalog::prepare_lists(&app.shop.store.snapshot()));
        if let Ok(Err(error)) = prepared.await {
            tracing::error!(%error, "the catalog could not be read; the first list tries again");
        }
    }
}

/// A page of a list. `write` writes one item, unless it was deleted.
fn page<Id: Send + Sync + 'static>(
    app: Arc<App>,
    snapshot: Arc<Snapshot>,
    call: &Call,
    (page_query, wrapping): (PageQuery, Wrapping),
    find: impl Fn(&Snapshot, u64, usize) -> Result<(u64, Vec<Id>), StoreError>,
    write: impl Fn(&App, &Snapshot, Id, &mut ItemWriter) -> Result<(), Answer> + Send + Sync + 'static,
) -> Result<Answer, Answer> {
    let (page, ids) = page_query.fetch(|offset, limit| {
        find(&snapshot, offset, limit).map_err(|error| failure_answer(&error.into()))
    })?;
    let base_url = call.request.base_url(app.public_url.as_deref());
    let held_bytes = ids.capacity() * size_of::<Id>();
    let mut ids = ids.into_iter();
    // Only the first piece uses the snapshot: a snapshot that stays open keeps old pages in the
    // store.
    let mut found_in = Some(snapshot);
    let more = move |writer: &mut ItemWriter| {
        let snapshot = found_in.take().unwrap_or_else(|| app.shop.store.snapshot());
        while !writer.is_full() {
            let Some(id) = ids.next() else { return Ok(false) };
            write(&app, &snapshot, id, writer)?;
        }
        Ok(ids.len() > 0)
    };
    page.list(wrapping, (&call.request, &base_url), held_bytes, more)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;
    use std::sync::Mutex;
    use std::sync::mpsc;
    use std::time::Duration;

    #[tokio::test]
    async fn clients_take_turns_and_a_panic_stops_nobody_else() {
        let reading = Arc::new(Reading::start().expect("threads"));
        let client = |last: u8| Client::from(IpAddr::from([192, 0, 2, last]));
        let (release, gate) = mpsc::channel::<()>();
        let gate = Arc::new(Mutex::new(gate));
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let done = Arc::new(Mutex::new(Vec::new()));
        let mut jobs = tokio::task::JoinSet::new();
        // Blocks every thread until all jobs are in the queue.
        for _ in 0..cores.max(THREADS_MIN) {
            let (reading, gate) = (Arc::clone(&reading), Arc::clone(&gate));
            jobs.spawn(async move {
                let wait = move || drop(gate.lock().map(|gate| gate.recv()));
                reading.run(client(9), wait).await.expect("held");
            });
        }
        tokio::task::yield_now().await;
        for (who, job) in [(1, "a1"), (1, "a2"), (1, "a3"), (2, "b1")] {
            let (reading, done) = (Arc::clone(&reading), Arc::clone(&done));
            jobs.spawn(async move {
                let work = move || done.lock().expect("no panic").push(job);
                reading.run(client(who), work).await.expect("done");
            });
            tokio::task::yield_now().await;
        }
        let panicking = Arc::clone(&reading);
        jobs.spawn(async move {
            let failed = panicking.run(client(3), || panic!("on purpose")).await;
            assert!(matches!(failed, Err(Failure::Unavailable)));
        });
        tokio::task::yield_now().await;
        drop(release);
        while let Some(joined) = jobs.join_next().await {
            joined.expect("no task panicked");
        }
        let done = done.lock().expect("no panic");
        let position = |job| done.iter().position(|found| *found == job);
        assert_eq!(done.len(), 4);
        assert!(position("b1") < position("a3"), "{done:?}");
    }

    #[tokio::test]
    async fn a_client_beside_others_leaves_a_thread_to_them() {
        let mut reading = Reading::start().expect("threads");
        reading.crowd = Crowd::of_several();
        let reading = Arc::new(reading);
        let client = |last: u8| Client::from(IpAddr::from([192, 0, 2, last]));
        let (release, gate) = mpsc::channel::<()>();
        let gate = Arc::new(Mutex::new(gate));
        let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
        let mut jobs = tokio::task::JoinSet::new();
        for _ in 0..reading.threads {
            let (reading, gate, begun) = (Arc::clone(&reading), Arc::clone(&gate), begun.clone());
            jobs.spawn(async move {
                let wait = move || {
                    begun.send(()).expect("the test still runs");
                    drop(gate.lock().map(|gate| gate.recv()));
                };
                reading.run(client(1), wait).await.expect("held");
            });
        }
        begins.recv().await.expect("one of them began");
        let other = reading.run(client(2), || "answered");
        let other = tokio::time::timeout(Duration::from_secs(20), other).await;
        assert_eq!(other.expect("a thread is free").expect("read"), "answered");
        drop(release);
        while let Some(joined) = jobs.join_next().await {
            joined.expect("no task panicked");
        }
    }
}
