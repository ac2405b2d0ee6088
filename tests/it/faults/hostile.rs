//! Clients that abuse connections do not harm others: odd request targets, held connections, slow bodies, idle
//! streams. Everything is sent as raw octets, each client from its own address.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::support::{Shop, eventually};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// Longer than any answer takes, also on a machine that does much else.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// Connections that one address may have open (docs/throttling.md).
const CONNECTIONS_EACH_MAX: usize = 3_072;
/// The longest body.
const BODY_BYTES_MAX: usize = 1 << 20;
/// Limits on the arrived octets of unanswered long bodies, for all clients and for one.
const BODIES_MAX: usize = 64;
const BODIES_EACH_MAX: usize = 48;
/// Limits on streams of events, for all clients and for one.
const STREAMS_MAX: usize = 64;
const STREAMS_EACH_MAX: usize = 48;

/// A unique loopback address: 127.0.1.0 to 127.0.255.255.
fn address(number: usize) -> Ipv4Addr {
    let [high, low] = u16::try_from(number + 256).expect("few addresses").to_be_bytes();
    Ipv4Addr::new(127, 0, high, low)
}

async fn connect(shop: &Shop, from: Ipv4Addr) -> TcpStream {
    let to: SocketAddr = shop.base()["http://".len()..].parse().expect("an address");
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind((from, 0).into()).expect("every address 127.… is this machine's");
    socket.connect(to).await.expect("the shop listens")
}

/// Everything received until the connection is closed; empty if it is closed at once.
async fn rest_of(mut stream: TcpStream) -> String {
    let mut octets = Vec::new();
    // Closing with unread data resets the connection; what arrived before the reset counts.
    let read = tokio::time::timeout(ANSWER_WITHIN, stream.read_to_end(&mut octets)).await;
    let _ = read.expect("closed in time");
    String::from_utf8(octets).expect("text")
}

/// Sends octets on a new connection and reads until the shop closes it.
async fn say(shop: &Shop, from: Ipv4Addr, octets: &[u8]) -> String {
    let mut stream = connect(shop, from).await;
    // The shop may have closed it already.
    let _ = stream.write_all(octets).await;
    rest_of(stream).await
}

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

async fn is_served(shop: &Shop, from: Ipv4Addr) -> bool {
    say(shop, from, HEALTH.as_bytes()).await.starts_with("HTTP/1.1 200 ")
}

/// Raises the limit on open files for this process and the shop that it starts.
fn raise_open_files() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).expect("below the maximum");
}

/// A `POST` to an unknown path with a body of this length: 404 shows that the body was read, 503 that there was no room.
async fn post(shop: &Shop, from: Ipv4Addr, headers: &str, length: usize) -> String {
    let head = format!(
        "POST /nowhere HTTP/1.1\r\nHost: h\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    say(shop, from, &[head.into_bytes(), vec![b'x'; length]].concat()).await
}

fn is_read(answer: &str) -> bool {
    answer.starts_with("HTTP/1.1 404 ")
}

/// Expects a 503 with `Retry-After`, and no other refusal.
fn is_put_off(answer: &str) -> bool {
    let is_unavailable = answer.starts_with("HTTP/1.1 503 ");
    assert_eq!(is_unavailable, answer.contains("\r\nretry-after: 1\r\n"), "{answer}");
    is_unavailable
}

#[tokio::test]
async fn a_target_without_a_path_is_refused_and_the_shop_goes_on() {
    let shop = Shop::open().await;
    // RFC 9112 section 3.2: the form of CONNECT, the form of `OPTIONS *`, and malformed ones.
    for line in [
        "CONNECT a:1",
        "CONNECT a.example:443",
        "CONNECT [::1]:443",
        "GET a:1",
        "GET a.example",
        "POST a.example",
        "GET *",
        "POST *",
        "CONNECT *",
    ] {
        let octets = format!("{line} HTTP/1.1\r\nHost: h\r\n\r\n{HEALTH}");
        let answers = say(&shop, address(1), octets.as_bytes()).await;
        assert!(answers.starts_with("HTTP/1.1 400 "), "{line}: {answers}");
        assert!(answers.contains("The request target must be a path."), "{line}: {answers}");
        assert!(answers.contains("HTTP/1.1 200 OK"), "{line}: the connection goes on: {answers}");
    }
    // Without a target the start of the next request is unknown, so the shop closes the connection.
    for line in ["GET ?a=1", "GET #a", "GET ", "GET", "GET http://", "GET http:///a", "OPTIONS ?"] {
        let octets = format!("{line} HTTP/1.1\r\nHost: h\r\n\r\n{HEALTH}");
        let answers = say(&shop, address(1), octets.as_bytes()).await;
        assert!(answers.starts_with("HTTP/1.1 400 "), "{line}: {answers}");
        assert_eq!(answers.matches("HTTP/1.1 ").count(), 1, "{line}: {answers}");
        assert!(is_served(&shop, address(1)).await, "{line}");
    }
    let metrics = shop.nobody().get("/metrics").await.text;
    assert!(metrics.contains("\nsouk_panics_total 0\n"), "{metrics}");
}

#[tokio::test]
async fn a_target_that_names_a_host_or_the_whole_server_is_answered() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    for name in ["Lamp", "Desk"] {
        boss.add_product(name, "10.00", 1).await;
    }
    for (line, expected) in [
        ("OPTIONS *", "\r\nallow: GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS\r\n"),
        ("GET http://x", "\"name\":\"Souk\""),
        ("GET http://x?a=1", "\"name\":\"Souk\""),
        ("GET https://ann:secret@x/healthz", "{\"status\":\"ok\"}"),
        ("OPTIONS http://x", "\r\nallow: GET, HEAD, OPTIONS\r\n"),
        // The host in the target overrides the header (RFC 9112 section 3.2.2).
        ("GET http://x.example/api/v1/products/?page_size=1", "\"next\":\"http://x.example/api/"),
        ("GET /api/v1/products/?page_size=1", "\"next\":\"http://h.example/api/"),
    ] {
        let (close, token) = ("Connection: close", &boss.access);
        let octets = format!(
            "{line} HTTP/1.1\r\nHost: h.example\r\n{close}\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        let answer = say(&shop, address(1), octets.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{line}: {answer}");
        assert!(answer.contains(expected), "{line}: {answer}");
    }
}

#[tokio::test]
async fn an_address_that_opens_all_its_connections_leaves_others_answered() {
    raise_open_files();
    let shop = Shop::open().await;
    let half_header: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: h\r\nX-Half: ";
    let half_body: &[u8] = b"POST /nowhere HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n{";
    for (number, begin) in [&b""[..], half_header, half_body].into_iter().enumerate() {
        let greedy = address(number);
        let begun = String::from_utf8_lossy(begin);
        let mut held = Vec::with_capacity(CONNECTIONS_EACH_MAX);
        // On a slow machine the first connections time out before the last are open.
        while held.len() < CONNECTIONS_EACH_MAX || is_served(&shop, greedy).await {
            let mut stream = connect(&shop, greedy).await;
            // If the address has used up its share, the connection is already closed.
            let _ = stream.write_all(begin).await;
            held.push(stream);
            assert!(held.len() < 3 * CONNECTIONS_EACH_MAX, "there is always room: {begun:?}");
        }
        for other in [Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::new(127, 0, 0, 3)] {
            assert!(is_served(&shop, other).await, "{other} beside {begun:?}");
        }
        drop(held);
        let again = async || is_served(&shop, greedy).await.then_some(());
        eventually("its connections to be given back", again).await;
    }
}

#[tokio::test]
async fn a_body_that_is_only_announced_takes_no_room() {
    let shop = Shop::open().await;
    let long = BODY_BYTES_MAX;
    for (number, arrived) in [0, 1, 16 * 1024].into_iter().enumerate() {
        let greedy = address(number);
        let head = format!("POST /nowhere HTTP/1.1\r\nHost: h\r\nContent-Length: {long}\r\n\r\n");
        let begin = [head.into_bytes(), vec![b'x'; arrived]].concat();
        let mut held = Vec::new();
        while held.len() < 2 * BODIES_MAX {
            let mut stream = connect(&shop, greedy).await;
            stream.write_all(&begin).await.expect("sent");
            held.push(stream);
        }
        for from in [greedy, Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::new(127, 0, 0, 3)] {
            let answer = post(&shop, from, "", long).await;
            assert!(is_read(&answer), "{from}, beside {arrived} octets each: {answer}");
        }
    }
}

/// Incomplete bodies of one client.
struct SlowBodies<'a> {
    shop: &'a Shop,
    from: Ipv4Addr,
    /// Header that names the client, if the address does not.
    headers: String,
    is_chunked: bool,
    held: Vec<TcpStream>,
}

impl<'a> SlowBodies<'a> {
    fn of(shop: &'a Shop, from: Ipv4Addr) -> Self {
        Self { shop, from, headers: String::new(), is_chunked: false, held: Vec::new() }
    }

    /// Sends one body up to its last octet.
    async fn add(&mut self) {
        let (length, headers) = (BODY_BYTES_MAX, &self.headers);
        let framing = match self.is_chunked {
            true => format!("Transfer-Encoding: chunked\r\n\r\n{length:x}\r\n"),
            false => format!("Content-Length: {length}\r\n\r\n"),
        };
        let head = format!("POST /nowhere HTTP/1.1\r\nHost: h\r\n{headers}{framing}");
        let mut stream = connect(self.shop, self.from).await;
        let begin = [head.into_bytes(), vec![b'x'; length - 1]].concat();
        // The shop may refuse the body before its end.
        let _ = stream.write_all(&begin).await;
        self.held.push(stream);
    }

    /// Sends slow bodies until a complete one from this address is refused for lack of room.
    async fn until_there_is_no_room_for(&mut self, address: Ipv4Addr, least: usize) {
        while self.held.len() < least {
            self.add().await;
        }
        let headers = if address == self.from { self.headers.clone() } else { String::new() };
        while !is_put_off(&post(self.shop, address, &headers, BODY_BYTES_MAX).await) {
            assert!(self.held.len() < 2 * BODIES_MAX, "there is always room");
            self.add().await;
        }
    }
}

#[tokio::test]
async fn slow_bodies_of_one_client_leave_room_for_others() {
    let shop = Shop::open().await;
    let plain = SlowBodies::of(&shop, address(0));
    let chunked = SlowBodies { is_chunked: true, ..SlowBodies::of(&shop, address(1)) };
    let headers = "X-Forwarded-For: 192.0.2.1\r\n".to_owned();
    let proxied = SlowBodies { headers, ..SlowBodies::of(&shop, address(2)) };
    for mut greedy in [plain, chunked, proxied] {
        greedy.until_there_is_no_room_for(greedy.from, BODIES_EACH_MAX).await;
        let (from, headers) = (greedy.from, greedy.headers.clone());
        for other in [Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::new(127, 0, 0, 3)] {
            let answer = post(&shop, other, "", BODY_BYTES_MAX).await;
            assert!(is_read(&answer), "{other} beside {from}: {answer}");
        }
        // Short bodies need no room, from any client.
        assert!(is_read(&post(&shop, from, &headers, 16 * 1024).await), "{from}");

        // There is also a limit for all clients together.
        let mut second = SlowBodies::of(&shop, address(9));
        let others = Ipv4Addr::new(127, 0, 0, 2);
        second.until_there_is_no_room_for(others, BODIES_MAX - BODIES_EACH_MAX).await;

        drop((greedy, second));
        for from in [from, address(9)] {
            let again =
                async || is_read(&post(&shop, from, &headers, BODY_BYTES_MAX).await).then_some(());
            eventually("the room to be given back", again).await;
        }
    }
}

/// A client that opens streams of events; `n` is the number of the stream.
type StreamAsker = fn(n: usize) -> (Ipv4Addr, String);

/// The start of a stream's answer, and its connection.
async fn follow(
    shop: &Shop,
    token: &str,
    (from, headers): (Ipv4Addr, String),
) -> (TcpStream, String) {
    let mut stream = connect(shop, from).await;
    let asked = format!(
        "GET /api/v1/events?types=order.paid HTTP/1.1\r\nHost: h\r\n{headers}Authorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(asked.as_bytes()).await.expect("sent");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let octet = tokio::time::timeout(ANSWER_WITHIN, stream.read_u8()).await;
        head.push(octet.expect("in time").expect("an answer"));
    }
    (stream, String::from_utf8(head).expect("text"))
}

#[tokio::test]
async fn streams_of_one_client_leave_some_for_others() {
    let shop = Shop::open().await;
    let token = shop.admin().await.access;
    let is_open = |head: &str| head.starts_with("HTTP/1.1 200 ");
    let greedy: [StreamAsker; 3] = [
        |_| (address(0), String::new()),
        // The same client, over other connections of the proxy.
        |n| (address(n), "X-Forwarded-For: 192.0.2.1\r\n".to_owned()),
        // One customer has a whole network of IPv6 addresses.
        |n| (address(0), format!("X-Forwarded-For: 2001:db8::{n:x}\r\n")),
    ];
    let second: StreamAsker = |_| (Ipv4Addr::new(127, 0, 0, 2), String::new());
    let third: StreamAsker = |_| (Ipv4Addr::new(127, 0, 0, 3), String::new());
    for asker in greedy {
        let mut held = Vec::new();
        // Closed connections free their streams once the shop notices.
        while held.len() < STREAMS_EACH_MAX {
            let next = async || {
                let (stream, head) = follow(&shop, &token, asker(held.len())).await;
                is_open(&head).then_some(stream)
            };
            held.push(eventually("a stream", next).await);
        }
        let (_, head) = follow(&shop, &token, asker(held.len())).await;
        assert!(is_put_off(&head), "{head}");

        let mut others = Vec::new();
        while held.len() + others.len() < STREAMS_MAX {
            let (stream, head) = follow(&shop, &token, second(0)).await;
            assert!(is_open(&head), "beside {} of another: {head}", held.len());
            others.push(stream);
        }
        let (_, head) = follow(&shop, &token, third(0)).await;
        assert!(is_put_off(&head), "all are open: {head}");

        drop(held.pop());
        let freed = async || is_open(&follow(&shop, &token, third(0)).await.1).then_some(());
        eventually("a stream that was closed", freed).await;
    }
}
