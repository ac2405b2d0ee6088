//! Parses the address to listen on.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// This machine alone.
const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listen {
    host: Host,
    port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Address(IpAddr),
    Name(String),
}

impl Default for Listen {
    fn default() -> Self {
        Self { host: Host::Address(LOOPBACK), port: 8000 }
    }
}

impl Listen {
    /// Reads `127.0.0.1:8000`, `[::1]:8000`, `localhost:8000`, `shop.example:8000`, and `:8000` or
    /// `8000` for this machine alone.
    ///
    /// # Errors
    /// What would be right.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(Self { host: Host::Address(address.ip()), port: address.port() });
        }
        if text.contains("://") {
            return Err("write HOST:PORT without a scheme, such as 127.0.0.1:8000".to_owned());
        }
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let (host, port) = match text.rsplit_once(':') {
            Some(parts) => parts,
            None if is_number => ("", text),
            None => return Err("it names no port; write HOST:PORT, such as 127.0.0.1:8000".into()),
        };
        let host = host_of(host)?;
        let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.parse().ok().filter(|_| is_number);
        let port =
            port.ok_or("the port must be a number from 0 to 65535, and 0 takes a free one")?;
        Ok(Self { host, port })
    }

    /// Whether only this machine can connect, as far as that is known without a DNS lookup.
    pub(crate) fn is_loopback(&self) -> bool {
        matches!(&self.host, Host::Address(ip) if ip.is_loopback())
    }

    /// The address to bind; a name may need a DNS lookup.
    ///
    /// # Errors
    /// The name cannot be resolved.
    pub(crate) async fn resolve(&self) -> io::Result<SocketAddr> {
        let name = match &self.host {
            Host::Address(ip) => return Ok(SocketAddr::new(*ip, self.port)),
            Host::Name(name) => name,
        };
        let found: Vec<SocketAddr> =
            tokio::net::lookup_host((name.as_str(), self.port)).await?.collect();
        let first = found.iter().find(|address| address.is_ipv4()).or(found.first());
        first.copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

fn host_of(text: &str) -> Result<Host, String> {
    if text.is_empty() || text.eq_ignore_ascii_case("localhost") {
        return Ok(Host::Address(LOOPBACK));
    }
    if text == "*" {
        return Err("write 0.0.0.0:PORT to listen on every address of this machine".to_owned());
    }
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    if let Ok(ip) = bare.unwrap_or(text).parse::<IpAddr>() {
        return match ip {
            IpAddr::V6(_) if bare.is_none() => {
                Err(format!("write an IPv6 address in brackets: [{ip}]:8000"))
            }
            ip => Ok(Host::Address(ip)),
        };
    }
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    let has_letter = text.bytes().any(|byte| byte.is_ascii_alphabetic());
    if !has_letter || !text.bytes().all(is_plain) || text.starts_with(['.', '-']) {
        return Err("the host must be an IP address or a name; write 127.0.0.1:8000".to_owned());
    }
    Ok(Host::Name(text.to_owned()))
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Address(ip) => SocketAddr::new(*ip, self.port).fmt(f),
            Host::Name(name) => write!(f, "{name}:{}", self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_people_write_it() {
        for (text, read) in [
            ("127.0.0.1:8000", "127.0.0.1:8000"),
            ("localhost:8000", "127.0.0.1:8000"),
            ("LocalHost:0", "127.0.0.1:0"),
            (":8000", "127.0.0.1:8000"),
            ("8000", "127.0.0.1:8000"),
            ("0.0.0.0:80", "0.0.0.0:80"),
            ("[::1]:8000", "[::1]:8000"),
            ("shop.example:8000", "shop.example:8000"),
        ] {
            assert_eq!(Listen::parse(text).map(|it| it.to_string()).as_deref(), Ok(read), "{text}");
        }
        for text in [
            "",
            ":",
            "nowhere",
            "127.0.0.1",
            "127.0.0.1:",
            "127.0.0.1:http",
            "127.0.0.1:+80",
            "localhost:65536",
            "70000",
            "-1",
            "256.0.0.1:80",
            "::1:8000",
            "[::g]:8000",
            "*:8000",
            "http://127.0.0.1:8000",
            "a b:8000",
            "-a:8000",
        ] {
            assert!(Listen::parse(text).is_err(), "{text}");
        }
    }
}
