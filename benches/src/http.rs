//! The part of HTTP/1.1 that a load generator needs: requests are built beforehand, answers are
//! separated by their `Content-Length`.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The longest answer that is expected.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// An answer that takes longer fails the benchmark.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// The first line and the headers of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) head_bytes: usize,
    /// Head and body together.
    pub(crate) total_bytes: usize,
}

/// A whole answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) head: Head,
    pub(crate) octets: Vec<u8>,
}

impl Answer {
    /// An answer as received.
    pub(crate) fn parse(octets: Vec<u8>) -> io::Result<Self> {
        let head = read_head(&octets)?.filter(|head| head.total_bytes == octets.len());
        Ok(Self { head: head.ok_or(io::ErrorKind::UnexpectedEof)?, octets })
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.octets[self.head.head_bytes..]
    }

    /// The header lines, without the first line.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (String, String)> {
        let head = String::from_utf8_lossy(&self.octets[..self.head.head_bytes]).into_owned();
        let lines: Vec<String> = head.lines().skip(1).map(str::to_owned).collect();
        lines.into_iter().filter_map(|line| {
            let (name, value) = line.split_once(": ")?;
            Some((name.to_ascii_lowercase(), value.to_owned()))
        })
    }
}

/// The octets of a request.
pub(crate) fn request(
    method: &str,
    path: &str,
    token: Option<&str>,
    json: Option<&str>,
) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: souk.test\r\n");
    if let Some(token) = token {
        text.push_str(&format!("Authorization: Bearer {token}\r\n"));
    }
    if let Some(json) = json {
        let length = json.len();
        text.push_str(&format!(
            "Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{json}"
        ));
    } else {
        text.push_str("\r\n");
    }
    text.into_bytes()
}

/// The head of an answer, once it is complete.
fn read_head(octets: &[u8]) -> io::Result<Option<Head>> {
    let Some(end) = octets.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let broken = || io::Error::new(io::ErrorKind::InvalidData, "not an HTTP/1.1 answer");
    let digits = octets.strip_prefix(b"HTTP/1.1 ").and_then(|rest| rest.get(..3));
    let status = digits.and_then(number).ok_or_else(broken)?;
    let mut body_bytes = 0;
    for line in octets[..end].split(|octet| *octet == b'\n') {
        const NAME: &[u8] = b"content-length: ";
        if line.len() > NAME.len() && line[..NAME.len()].eq_ignore_ascii_case(NAME) {
            body_bytes = number(line[NAME.len()..].trim_ascii()).ok_or_else(broken)?;
        }
    }
    let head_bytes = end + 4;
    let status = u16::try_from(status).map_err(|_| broken())?;
    Ok(Some(Head { status, head_bytes, total_bytes: head_bytes + body_bytes }))
}

fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The part of an answer that was read so far. One answer at a time: nothing is pipelined.
struct Inbox {
    octets: Vec<u8>,
    read: usize,
}

impl Inbox {
    fn new() -> Self {
        Self { octets: vec![0; ANSWER_BYTES_MAX], read: 0 }
    }

    /// Adds `more` octets; returns the head if the answer is complete now.
    fn took(&mut self, more: usize) -> io::Result<Option<Head>> {
        if more == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.read += more;
        let whole = read_head(&self.octets[..self.read])?.filter(|it| it.total_bytes <= self.read);
        if whole.is_none() && self.read == self.octets.len() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "an answer is too long"));
        }
        Ok(whole)
    }
}

/// A kept-alive connection of a load generator.
pub(crate) struct Connection {
    stream: tokio::net::TcpStream,
    inbox: Inbox,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        Self::over(tokio::net::TcpStream::connect(address).await?)
    }

    pub(crate) fn over(stream: tokio::net::TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream, inbox: Inbox::new() })
    }

    /// Sends a request and reads its answer to the end.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> io::Result<Head> {
        self.stream.write_all(request).await?;
        self.inbox.read = 0;
        loop {
            let read = self.inbox.read;
            let more = self.stream.read(&mut self.inbox.octets[read..]).await?;
            if let Some(head) = self.inbox.took(more)? {
                return Ok(head);
            }
        }
    }
}

impl Connection {
    /// The same, and returns the content of the answer.
    pub(crate) async fn fetch(&mut self, request: &[u8]) -> io::Result<Answer> {
        let head = self.ask(request).await?;
        Ok(Answer { head, octets: self.inbox.octets[..head.total_bytes].to_vec() })
    }
}

/// A kept-alive connection for a blocking thread.
pub(crate) struct BlockingConnection {
    stream: std::net::TcpStream,
    inbox: Inbox,
}

impl BlockingConnection {
    pub(crate) fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = std::net::TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        Ok(Self { stream, inbox: Inbox::new() })
    }

    /// Sends a request and reads its answer to the end.
    pub(crate) fn ask(&mut self, request: &[u8]) -> io::Result<Head> {
        self.stream.write_all(request)?;
        self.inbox.read = 0;
        loop {
            let read = self.inbox.read;
            let more = self.stream.read(&mut self.inbox.octets[read..])?;
            if let Some(head) = self.inbox.took(more)? {
                return Ok(head);
            }
        }
    }

    /// The same, and returns the content of the answer.
    pub(crate) fn fetch(&mut self, request: &[u8]) -> io::Result<Answer> {
        let head = self.ask(request)?;
        Ok(Answer { head, octets: self.inbox.octets[..head.total_bytes].to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_once_its_body_is_there() {
        let answer = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nx: y\r\n\r\n{}";
        let head = Head { status: 201, head_bytes: answer.len() - 2, total_bytes: answer.len() };
        assert_eq!(read_head(answer).expect("an answer"), Some(head));
        assert_eq!(read_head(&answer[..30]).expect("a beginning"), None);
        assert!(read_head(b"SSH-2.0-x\r\n\r\n").is_err());
    }
}
