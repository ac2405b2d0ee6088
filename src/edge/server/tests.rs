//! Tests over real sockets, with a client that writes raw octets.

use super::*;
use bytes::Bytes;
use http::StatusCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

/// Longest wait of a test.
const HANG: Duration = Duration::from_secs(20);

/// A running server.
struct Served {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    done: JoinHandle<()>,
    /// The test notifies the waiting handler of `/slow` to go on.
    go_on: Arc<Notify>,
    /// The handler of `/slow` notifies the test that it began.
    began: Arc<Notify>,
    /// How many slow handlers have ended.
    ended: Arc<AtomicUsize>,
}

impl Served {
    async fn start(bounds: Bounds) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel();
        let go_on = Arc::new(Notify::new());
        let (began, ended) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
        let handles = (Arc::clone(&go_on), Arc::clone(&began), Arc::clone(&ended));
        let app = move |request: Request| {
            let (go_on, began, ended) = handles.clone();
            async move {
                match request.path.as_str() {
                    "/panic" => panic!("a handler that panics on purpose"),
                    "/slow" => {
                        began.notify_one();
                        go_on.notified().await;
                        ended.fetch_add(1, Ordering::SeqCst);
                    }
                    "/large" => {
                        let body = Bytes::from(vec![b'x'; 64 * 1024 * 1024]);
                        let plain = http::HeaderValue::from_static("text/plain");
                        return Answer::bytes(StatusCode::OK, plain, body);
                    }
                    _ => {}
                }
                Answer::ok(&format!(
                    "{} {}?{} {} {}",
                    request.method,
                    request.path,
                    request.raw_query,
                    request.body.len(),
                    request.client.address().is_loopback(),
                ))
            }
        };
        let access = AccessLog::new(true, |path, _| {
            assert_ne!(path, "/panic-around", "what is around a handler panics on purpose");
            (path.to_owned(), "nobody")
        });
        let around = (Cors::Everybody, access, TrustedProxies::default());
        let done = tokio::spawn(serve_within(bounds, listener, around, app, async {
            stopped.await.ok();
        }));
        Self { address, stop: Some(stop), done, go_on, began, ended }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("a connection")
    }

    /// Sends octets on a connection of their own and reads until the server closes it.
    async fn send(&self, octets: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(octets.as_bytes()).await.expect("sent");
        read_to_end(&mut stream).await
    }

    fn stop(&mut self) {
        self.stop.take().map(|stop| stop.send(()));
    }

    async fn until_stopped(self) {
        tokio::time::timeout(HANG, self.done).await.expect("stopped in time").expect("no panic");
    }
}

async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut octets = Vec::new();
    let read = tokio::time::timeout(HANG, stream.read_to_end(&mut octets)).await;
    read.expect("closed in time").ok();
    String::from_utf8(octets).expect("text")
}

/// The head and the body of one answer.
fn parts(answer: &str) -> (&str, &str) {
    answer.split_once("\r\n\r\n").expect("a head and a body")
}

#[tokio::test]
async fn a_request_reaches_the_application_whole() {
    let served = Served::start(Bounds::default()).await;
    let answer = served
        .send("GET /a/b%20c?x=1&y=%20 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        .await;
    let (head, body) = parts(&answer);
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains("content-type: application/json\r\n"), "{head}");
    assert!(head.contains("x-content-type-options: nosniff\r\n"), "{head}");
    assert_eq!(body, "\"GET /a/b%20c?x=1&y=%20 0 true\"");
    let answer = served
        .send("POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello")
        .await;
    assert_eq!(parts(&answer).1, "\"POST /? 5 true\"");
}

#[tokio::test]
async fn a_connection_is_kept_for_the_next_request() {
    let served = Served::start(Bounds::default()).await;
    let one = "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n";
    let last = "GET /2 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    let answers = served.send(&format!("{one}{last}")).await;
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 2, "{answers}");
}

#[tokio::test]
async fn head_is_answered_like_get_without_the_body() {
    let served = Served::start(Bounds::default()).await;
    let answer = served.send("HEAD /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").await;
    let (head, body) = parts(&answer);
    assert!(head.contains(&format!("content-length: {}", "\"HEAD /a? 0 true\"".len())), "{head}");
    assert_eq!(body, "");
}

#[tokio::test]
async fn a_too_long_body_is_413_with_and_without_its_length() {
    let served = Served::start(Bounds::default()).await;
    let body = "x".repeat(3 * limits::BODY_BYTES_MAX);
    let head = "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n";
    for request in [
        format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()),
        format!("{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len()),
        format!("{head}Content-Length: 1000000000000\r\n\r\n"),
    ] {
        let answer = served.send(&request).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        assert!(answer.contains("{\"detail\":\"Request body exceeds 1048576 bytes.\"}"));
    }
}

#[tokio::test]
async fn a_body_or_headers_that_do_not_come_end_the_connection() {
    let brief = Duration::from_millis(100);
    let bounds = Bounds { header_read: brief, body_read: brief, ..Bounds::default() };
    let served = Served::start(bounds).await;
    assert_eq!(served.send("GET / HTTP/1.1\r\nHos").await, "");
    assert_eq!(served.send("").await, "", "also where nothing was sent at all");
    let answer = served.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhel").await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_cut_off() {
    let stall = Duration::from_millis(100);
    let bounds = Bounds { write_stall: stall, shutdown: 2 * HANG, ..Bounds::default() };
    let mut served = Served::start(bounds).await;
    let mut stream = served.connect().await;
    stream.write_all(b"GET /large HTTP/1.1\r\nHost: h\r\n\r\n").await.expect("sent");
    stream.readable().await.expect("the answer begins");
    served.stop();
    served.until_stopped().await;
}

#[tokio::test]
async fn headers_without_end_are_431() {
    let served = Served::start(Bounds::default()).await;
    let header = format!("X: {}\r\n", "x".repeat(2 * limits::HEADER_BYTES_MAX));
    let answer = served.send(&format!("GET / HTTP/1.1\r\n{header}\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 431 ") || answer.is_empty(), "{answer}");
}

#[tokio::test]
async fn a_panic_is_a_500_and_the_connection_lives_on() {
    let served = Served::start(Bounds::default()).await;
    for asked in ["GET /panic", "POST /panic", "GET /panic-around"] {
        let panics = format!("{asked} HTTP/1.1\r\nHost: h\r\nOrigin: http://page\r\n\r\n");
        let last = "GET /2 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
        let answers = served.send(&format!("{panics}{last}")).await;
        assert!(answers.starts_with("HTTP/1.1 500 "), "{answers}");
        assert!(answers.contains("{\"error\":\"Internal server error\"}"), "{answers}");
        let is_told = answers.contains("access-control-allow-origin: *\r\n");
        assert_eq!(is_told, asked.ends_with("/panic"), "{answers}");
        assert!(answers.contains("HTTP/1.1 200 "), "{answers}");
    }
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_one_to_close() {
    let served = Served::start(Bounds { connections: 1, ..Bounds::default() }).await;
    let mut first = served.connect().await;
    first.write_all(b"GET /slow HTTP/1.1\r\nHost: h\r\n\r\n").await.expect("sent");
    served.began.notified().await;
    let mut second = served.connect().await;
    let close = b"GET /2 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    second.write_all(close).await.expect("sent");
    let waited = tokio::time::timeout(Duration::from_millis(50), second.readable()).await;
    assert!(waited.is_err(), "the second connection must not be served yet");
    drop(first);
    assert!(read_to_end(&mut second).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn shutdown_lets_requests_finish_and_accepts_nothing_more() {
    let mut served = Served::start(Bounds { shutdown: 2 * HANG, ..Bounds::default() }).await;
    let mut idle = served.connect().await;
    idle.write_all(b"GET /1 HTTP/1.1\r\nHost: h\r\n\r\n").await.expect("sent");
    let untouched = served.connect().await;
    let mut slow = served.connect().await;
    slow.write_all(b"GET /slow HTTP/1.1\r\nHost: h\r\n\r\n").await.expect("sent");
    served.began.notified().await;
    served.stop();
    assert!(read_to_end(&mut idle).await.starts_with("HTTP/1.1 200 "), "idle ones are closed");
    while TcpStream::connect(served.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!served.done.is_finished());
    served.go_on.notify_one();
    assert!(read_to_end(&mut slow).await.starts_with("HTTP/1.1 200 "));
    served.until_stopped().await;
    drop(untouched);
}

#[tokio::test]
async fn shutdown_has_a_deadline() {
    let bounds = Bounds { shutdown: Duration::from_millis(100), ..Bounds::default() };
    let mut served = Served::start(bounds).await;
    let mut slow = served.connect().await;
    slow.write_all(b"GET /slow HTTP/1.1\r\nHost: h\r\n\r\n").await.expect("sent");
    served.began.notified().await;
    served.stop();
    served.until_stopped().await;
}

#[tokio::test]
async fn a_change_runs_to_its_end_without_its_client() {
    let mut served = Served::start(Bounds::default()).await;
    let mut leaving = served.connect().await;
    leaving.write_all(b"POST /slow HTTP/1.1\r\nHost: h\r\n\r\n").await.expect("sent");
    served.began.notified().await;
    drop(leaving);
    served.stop();
    let (go_on, ended) = (Arc::clone(&served.go_on), Arc::clone(&served.ended));
    // Nothing shows that the server noticed; a wait that is too short makes the test weaker, not wrong.
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(ended.load(Ordering::SeqCst), 0);
    go_on.notify_one();
    served.until_stopped().await;
    assert_eq!(ended.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_client_whose_requests_all_wait_delays_nobody() {
    const WAITING: usize = 64;
    let mut served = Served::start(Bounds { shutdown: 2 * HANG, ..Bounds::default() }).await;
    let asked = |client: u8, path: &str| {
        format!(
            "GET {path} HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 192.0.2.{client}\r\n\
             Connection: close\r\n\r\n"
        )
    };
    // Two clients use the shop, so each of them has its share only.
    for client in [1, 2] {
        served.send(&asked(client, "/1")).await;
    }
    let mut waiting = Vec::new();
    for _ in 0..WAITING {
        let mut stream = served.connect().await;
        stream.write_all(asked(1, "/slow").as_bytes()).await.expect("sent");
        served.began.notified().await;
        waiting.push(stream);
    }
    for client in [2, 1] {
        let answer = served.send(&asked(client, "/2")).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
    assert_eq!(served.ended.load(Ordering::SeqCst), 0, "the first client's requests still wait");
    for mut stream in waiting {
        served.go_on.notify_one();
        assert!(read_to_end(&mut stream).await.starts_with("HTTP/1.1 200 "));
    }
    served.stop();
    served.until_stopped().await;
}
