//! A gate before the handlers. Every connection is a task, and the runtime runs tasks in the order in
//! which they became ready. So a client with hundreds of connections would run hundreds of times
//! where another runs once. While several clients use the shop, each therefore has a few passes, and
//! only its requests with a pass are in the runtime's queues. Its other requests wait here, in order.
//!
//! A request gives its pass back when its handler waits for something, or when the answer is written
//! as far as its client takes it. So a handler that waits for the store, a slow body or a stream
//! holds none.

use crate::edge::{Client, Crowd};
use std::collections::HashMap;
use std::future::poll_fn;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The passes of all clients.
pub(super) struct Gate {
    each_max: usize,
    crowd: Crowd,
    lines: Mutex<HashMap<Client, Line>>,
}

/// The passes of one client.
struct Line {
    free: Arc<Semaphore>,
    /// How many of its requests have a pass or wait for one.
    requests: usize,
}

/// A request in its client's line; dropping it leaves the line.
struct InLine {
    gate: Arc<Gate>,
    client: Client,
}

/// The right to run; dropping it gives it back. It counts nowhere while only one client uses the
/// shop.
struct Pass {
    _counted: Option<(OwnedSemaphorePermit, InLine)>,
}

/// The pass with which a connection writes its answer.
#[derive(Clone, Default)]
pub(super) struct Writing(Arc<Mutex<Option<Pass>>>);

impl Writing {
    /// Runs a connection. Whenever it waits, it has written what it could, and the pass is given back.
    pub(super) async fn during<Connection: Future>(
        &self,
        connection: Connection,
    ) -> Connection::Output {
        let mut connection = pin!(connection);
        poll_fn(|context| {
            let polled = connection.as_mut().poll(context);
            self.end();
            polled
        })
        .await
    }

    /// Gives the pass back, if there is one.
    fn end(&self) {
        drop(self.replace(None));
    }

    fn replace(&self, pass: Option<Pass>) -> Option<Pass> {
        std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), pass)
    }
}

impl Drop for InLine {
    fn drop(&mut self) {
        let mut lines = self.gate.lines();
        if let Some(line) = lines.get_mut(&self.client) {
            line.requests -= 1;
            if line.requests == 0 {
                lines.remove(&self.client);
            }
        }
    }
}

impl Gate {
    /// As many passes for each client as there are cores.
    pub(super) fn for_cores() -> Arc<Self> {
        let each_max = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Arc::new(Self { each_max, crowd: Crowd::default(), lines: Mutex::default() })
    }

    /// Runs `answering` with passes of its client, a new one after each wait. `writing` keeps the last
    /// pass until the connection has written what it could.
    pub(super) async fn run<Answering: Future>(
        self: &Arc<Self>,
        client: Client,
        writing: &Writing,
        answering: Answering,
    ) -> Answering::Output {
        self.crowd.note(client);
        // The request before it on the same connection may still have its pass.
        writing.end();
        let mut answering = pin!(answering);
        loop {
            let pass = self.enter(client).await;
            let polled = poll_fn(|context| Poll::Ready(answering.as_mut().poll(context))).await;
            if let Poll::Ready(answer) = polled {
                writing.replace(Some(pass));
                return answer;
            }
            drop(pass);
            until_woken().await;
        }
    }

    async fn enter(self: &Arc<Self>, client: Client) -> Pass {
        if !self.crowd.is_several() {
            return Pass { _counted: None };
        }
        let (free, in_line) = self.join(client);
        let permit = free.acquire_owned().await;
        let permit = permit.expect("the semaphore of a line is never closed");
        Pass { _counted: Some((permit, in_line)) }
    }

    fn join(self: &Arc<Self>, client: Client) -> (Arc<Semaphore>, InLine) {
        let mut lines = self.lines();
        let line = lines
            .entry(client)
            .or_insert_with(|| Line { free: Arc::new(Semaphore::new(self.each_max)), requests: 0 });
        line.requests += 1;
        (Arc::clone(&line.free), InLine { gate: Arc::clone(self), client })
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<Client, Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until the task is woken: whatever the future polled before this one waits for has happened.
async fn until_woken() {
    let mut has_waited = false;
    poll_fn(|_| match std::mem::replace(&mut has_waited, true) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use std::future::ready;
    use std::net::IpAddr;
    use tokio::sync::oneshot;

    fn client(last: u8) -> Client {
        IpAddr::from([192, 0, 2, last]).into()
    }

    /// One pass for each client, while several use the shop.
    fn crowded() -> Arc<Gate> {
        let crowd = Crowd::of_several();
        Arc::new(Gate { each_max: 1, crowd, lines: Mutex::default() })
    }

    #[tokio::test]
    async fn a_client_waits_for_its_own_requests_and_not_for_those_of_others() {
        let gate = crowded();
        let written: Vec<Writing> = (0..3).map(|_| Writing::default()).collect();
        assert_eq!(gate.run(client(1), &written[0], ready("a1")).await, "a1");
        let mut second = pin!(gate.run(client(1), &written[1], ready("a2")));
        let mut third = pin!(gate.run(client(1), &written[2], ready("a3")));
        assert!(second.as_mut().now_or_never().is_none(), "a1 is not written yet");
        assert!(third.as_mut().now_or_never().is_none());
        let other = gate.run(client(2), &Writing::default(), ready("b1")).now_or_never();
        assert_eq!(other, Some("b1"));
        written[0].end();
        assert!(third.as_mut().now_or_never().is_none(), "a2 came before it");
        assert_eq!(second.await, "a2");
        written[1].end();
        assert_eq!(third.await, "a3");
        written[2].end();
        assert!(gate.lines().is_empty(), "who waits for nothing is forgotten");
    }

    #[tokio::test]
    async fn a_handler_that_waits_holds_no_pass() {
        let gate = crowded();
        let (go_on, waiting) = oneshot::channel();
        let writing = Writing::default();
        let mut first = pin!(gate.run(client(1), &writing, waiting));
        assert!(first.as_mut().now_or_never().is_none());
        let second = gate.run(client(1), &Writing::default(), ready("a2")).now_or_never();
        assert_eq!(second, Some("a2"));
        go_on.send("a1").expect("it waits");
        assert_eq!(first.await, Ok("a1"));
    }

    #[tokio::test]
    async fn a_request_that_is_given_up_leaves_the_line() {
        let gate = crowded();
        let writing = Writing::default();
        gate.run(client(1), &writing, ready(())).await;
        {
            let other = Writing::default();
            let mut second = pin!(gate.run(client(1), &other, ready(())));
            assert!(second.as_mut().now_or_never().is_none());
        }
        // The next request on the first connection gives back the pass of the one before it.
        assert!(gate.run(client(1), &writing, ready(())).now_or_never().is_some());
        drop(writing);
        assert!(gate.lines().is_empty());
    }

    #[tokio::test]
    async fn a_client_alone_waits_for_nothing() {
        let gate = Gate::for_cores();
        let written: Vec<Writing> = (0..=gate.each_max).map(|_| Writing::default()).collect();
        for writing in &written {
            assert!(gate.run(client(1), writing, ready(())).now_or_never().is_some());
        }
        assert!(gate.lines().is_empty());
    }
}
