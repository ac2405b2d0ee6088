//! Accepts connections within limits, enforces timeouts, and lets requests finish at shutdown.
//!
//! warp parses each request. The loop around it is ours, because warp's own has no limit on
//! connections, no header timeout and no deadline for its shutdown.

use crate::edge::body::{self, Body};
use crate::edge::client::Client;
use crate::edge::gate::{Gate, Writing};
use crate::edge::shares::{Pool, Share};
use crate::edge::stall::StallGuard;
use crate::edge::{AccessLog, Answer, Cors, Request, TrustedProxies, limits, standard, target};
use futures_util::FutureExt;
use futures_util::future::{Either, ready};
use http::header::ORIGIN;
use http::{HeaderMap, Method};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use warp::Filter;
use warp::path::FullPath;

/// The limits of one server.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    connections: usize,
    header_read: Duration,
    body_read: Duration,
    write_stall: Duration,
    shutdown: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: limits::CONNECTIONS_MAX,
            header_read: Duration::from_secs(limits::HEADER_READ_SECONDS),
            body_read: Duration::from_secs(limits::BODY_READ_SECONDS),
            write_stall: Duration::from_secs(limits::WRITE_STALL_SECONDS),
            shutdown: Duration::from_secs(limits::SHUTDOWN_SECONDS),
        }
    }
}

/// State that all connections share.
struct ServerState<App> {
    app: App,
    cors: Cors,
    access: AccessLog,
    proxies: TrustedProxies,
    bounds: Bounds,
    /// One permit per running request that may change something; shutdown waits for all of them.
    changes: Arc<Semaphore>,
    /// Room for long request bodies, taken as they arrive.
    bodies: Arc<Pool>,
    /// Room for long answers, held until clients have taken them.
    answers: Arc<Pool>,
    gate: Arc<Gate>,
}

/// Answers every request on `listener` with `app`. `cors` lists the origins whose pages may read the
/// answers, `access` logs each request, and `proxies` are trusted to name clients. After `shutdown` it
/// accepts nothing more, lets running requests finish for at most [`limits::SHUTDOWN_SECONDS`], and
/// returns.
///
/// A request that may change something runs to its end even if its client disconnects, so that nobody
/// can interrupt a change. A panic in `app` becomes a 500.
pub(crate) async fn serve<App, Answering>(
    listener: TcpListener,
    (cors, access, proxies): (Cors, AccessLog, TrustedProxies),
    app: App,
    shutdown: impl Future<Output = ()>,
) where
    App: Fn(Request) -> Answering + Clone + Send + Sync + 'static,
    Answering: Future<Output = Answer> + Send + 'static,
{
    serve_within(Bounds::default(), listener, (cors, access, proxies), app, shutdown).await;
}

async fn serve_within<App, Answering>(
    bounds: Bounds,
    listener: TcpListener,
    (cors, access, proxies): (Cors, AccessLog, TrustedProxies),
    app: App,
    shutdown: impl Future<Output = ()>,
) where
    App: Fn(Request) -> Answering + Clone + Send + Sync + 'static,
    Answering: Future<Output = Answer> + Send + 'static,
{
    let state = ServerState::new(bounds, (cors, access, proxies), app);
    let connections = Arc::new(Semaphore::new(bounds.connections));
    let addresses = Pool::new(bounds.connections);
    let graceful = GracefulShutdown::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let (stream, remote, permit) = tokio::select! {
            biased;
            () = &mut shutdown => break,
            accepted = accept(&listener, &connections) => accepted,
        };
        // A connection beyond its address's share is closed, so that it does not delay others.
        let Some(share) = addresses.take(remote.ip().into(), 1) else {
            tracing::debug!(%remote, "an address has too many connections");
            continue;
        };
        // Without TCP_NODELAY small answers wait for the acknowledgement of the packet before.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection went away before it was used");
            continue;
        }
        let io = StallGuard::new(TokioIo::new(stream), bounds.write_stall);
        let writing = Writing::default();
        let filter = filter(Arc::clone(&state), remote, writing.clone());
        let answering = TowerToHyperService::new(warp::service(filter));
        let service = service_fn(move |mut request: http::Request<Incoming>| {
            // warp panics on a request without a path.
            if let Err(refusal) = target::settle(&mut request) {
                return Either::Left(ready(Ok(refusal.into_response(None))));
            }
            let answered = AssertUnwindSafe(answering.call(request)).catch_unwind();
            Either::Right(async {
                answered
                    .await
                    .unwrap_or_else(|_| Ok(standard::internal_error().into_response(None)))
            })
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(bounds.header_read)
            .max_buf_size(limits::HEADER_BYTES_MAX)
            .serve_connection(io, service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = writing.during(connection).await {
                tracing::debug!(%error, %remote, "a connection broke off");
            }
            drop((permit, share));
        });
    }
    drop(listener);
    let finishing = async {
        graceful.shutdown().await;
        // Changes whose clients disconnected belong to no connection, so they are awaited separately.
        drop(state.changes.acquire_many(limits::CHANGES_IN_FLIGHT_MAX).await);
    };
    if tokio::time::timeout(bounds.shutdown, finishing).await.is_err() {
        tracing::warn!(seconds = bounds.shutdown.as_secs(), "requests still ran at shutdown");
    }
}

/// The next connection, once the limit allows one.
async fn accept(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    loop {
        let permit = Arc::clone(connections).acquire_owned().await;
        let permit = permit.expect("the semaphore of connections is never closed");
        match listener.accept().await {
            Ok((stream, remote)) => return (stream, remote, permit),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                drop(permit);
                tokio::time::sleep(Duration::from_millis(limits::ACCEPT_PAUSE_MILLIS)).await;
            }
        }
    }
}

/// The only warp filter: it accepts any request. Made per connection, so that it knows `remote`.
fn filter<App, Answering>(
    state: Arc<ServerState<App>>,
    remote: SocketAddr,
    writing: Writing,
) -> impl Filter<Extract = (warp::reply::Response,), Error = warp::Rejection>
+ Clone
+ Send
+ Sync
+ 'static
where
    App: Fn(Request) -> Answering + Clone + Send + Sync + 'static,
    Answering: Future<Output = Answer> + Send + 'static,
{
    let raw_query = warp::query::raw().or(warp::any().map(String::new)).unify();
    warp::method()
        .and(warp::path::full())
        .and(raw_query)
        .and(warp::header::headers_cloned())
        .and(warp::body::stream())
        .then(move |method: Method, path: FullPath, raw_query, headers: HeaderMap, stream| {
            let (state, writing) = (Arc::clone(&state), writing.clone());
            // Boxed, because warp and hyper move it several times.
            Box::pin(async move {
                let entry = state.access.begin(&method, path.as_str(), &headers);
                if let Some(answer) = state.cors.preflight(&method, &headers) {
                    entry.into_iter().for_each(|entry| entry.end(&answer));
                    return answer.into_response(None);
                }
                let client = state.proxies.client(remote.ip(), &headers);
                let origin = headers.get(ORIGIN).cloned();
                let answering = async {
                    let body = if body::has_body(&method, &headers) {
                        let room = (&state.bodies, client);
                        body::read(&headers, stream, state.bounds.body_read, room).await
                    } else {
                        Ok(Body::default())
                    };
                    let body = match body {
                        Ok(body) => body,
                        Err(answer) => return answer,
                    };
                    let path = path.as_str().to_owned();
                    let mut request = Request::new(method, path, raw_query, headers);
                    request.client = client;
                    request.set_body(body);
                    state.answer(request).await
                };
                let answer = state.gate.run(client, &writing, answering).await;
                let answer = state.cors.with_cors_headers(origin.as_ref(), answer);
                let (answer, room) = state.hold(client, answer);
                entry.into_iter().for_each(|entry| entry.end(&answer));
                answer.into_response(room)
            })
        })
}

impl<App, Answering> ServerState<App>
where
    App: Fn(Request) -> Answering + Clone + Send + Sync + 'static,
    Answering: Future<Output = Answer> + Send + 'static,
{
    fn new(
        bounds: Bounds,
        (cors, access, proxies): (Cors, AccessLog, TrustedProxies),
        app: App,
    ) -> Arc<Self> {
        Arc::new(Self {
            app,
            cors,
            access,
            proxies,
            bounds,
            changes: Arc::new(Semaphore::new(limits::CHANGES_IN_FLIGHT_MAX as usize)),
            bodies: Pool::new(limits::BODIES_UNITS_MAX),
            answers: Pool::new(limits::ANSWERS_UNITS_MAX),
            gate: Gate::for_cores(),
        })
    }

    /// Reserves memory for a long answer. If the client has used up its share, the answer becomes a 503.
    fn hold(&self, client: Client, answer: Answer) -> (Answer, Option<Share>) {
        let units = answer.held_bytes().div_ceil(limits::ROOM_UNIT_BYTES);
        if units == 0 {
            return (answer, None);
        }
        match self.answers.take(client, units) {
            None => (standard::unavailable(limits::RETRY_AFTER_SECONDS), None),
            room => (answer, room),
        }
    }

    async fn answer(&self, request: Request) -> Answer {
        if matches!(request.method, Method::GET | Method::HEAD | Method::OPTIONS) {
            return answer_or_500(self.app.clone(), request).await;
        }
        let Ok(permit) = Arc::clone(&self.changes).try_acquire_owned() else {
            return standard::unavailable(limits::RETRY_AFTER_SECONDS);
        };
        // In its own task: hyper drops a request's future when its client disconnects.
        let (app, gate, client) = (self.app.clone(), Arc::clone(&self.gate), request.client);
        let change = tokio::spawn(async move {
            let answering = answer_or_500(app, request);
            let answer = gate.run(client, &Writing::default(), answering).await;
            drop(permit);
            answer
        });
        change.await.unwrap_or_else(|_| standard::unavailable(limits::RETRY_AFTER_SECONDS))
    }
}

/// The answer of `app`, or 500 if it panics, which `crate::panics` counts and logs.
async fn answer_or_500<App, Answering>(app: App, request: Request) -> Answer
where
    App: Fn(Request) -> Answering,
    Answering: Future<Output = Answer>,
{
    // Boxed, because it is large and is moved by each future around it.
    let answering = Box::pin(async move { app(request).await });
    AssertUnwindSafe(answering).catch_unwind().await.unwrap_or_else(|_| standard::internal_error())
}

#[cfg(test)]
mod tests;
