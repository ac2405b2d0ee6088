//! Finds the client of a request: the connected peer, unless that is a trusted proxy. A proxy appends
//! its client's address to `X-Forwarded-For` (or RFC 7239's `Forwarded`), so these lists are read from
//! the end, only as far as trusted proxies wrote them. Earlier entries may be forged by the client.

use http::HeaderMap;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// Stands for an empty list: an empty setting counts as not set.
const NOBODY: &str = "none";
/// The IPv6 prefix that a provider assigns to one customer, in bits; the customer chooses the rest.
const IPV6_PREFIX_BITS: u32 = 64;

/// A client, as throttles tell clients apart: an IPv4 address, or the /64 of an IPv6 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Client(IpAddr);

impl Client {
    /// The address; of an IPv6 client, the first address of its /64.
    pub(crate) fn address(self) -> IpAddr {
        self.0
    }
}

impl Default for Client {
    /// This machine.
    fn default() -> Self {
        IpAddr::V4(Ipv4Addr::LOCALHOST).into()
    }
}

impl From<IpAddr> for Client {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) => {
                let network = u128::MAX << (u128::BITS - IPV6_PREFIX_BITS);
                Self(IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & network)))
            }
            address @ IpAddr::V4(_) => Self(address),
        }
    }
}

impl fmt::Display for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => write!(formatter, "{address}"),
            IpAddr::V6(address) => write!(formatter, "{address}/{IPV6_PREFIX_BITS}"),
        }
    }
}

/// The proxies that are trusted to name their clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TrustedProxies(Vec<IpNet>);

/// A list of proxies is malformed.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` is neither an address nor a block; write a list such as `127.0.0.1, 10.0.0.0/8, ::1`, \
     or `none`"
)]
pub(crate) struct TrustedProxiesError(String);

impl Default for TrustedProxies {
    /// Trusts proxies on this machine.
    fn default() -> Self {
        let ipv4 = Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8);
        let ipv6 = Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128);
        Self(vec![ipv4.into(), ipv6.into()])
    }
}

impl FromStr for TrustedProxies {
    type Err = TrustedProxiesError;

    /// Parses addresses and CIDR blocks separated by commas, or `none`.
    fn from_str(text: &str) -> Result<Self, TrustedProxiesError> {
        if text.trim() == NOBODY {
            return Ok(Self(Vec::new()));
        }
        let block = |item: &str| {
            let address = item.parse().map(|address: IpAddr| address.to_canonical().into());
            let block = address.or_else(|_| item.parse::<IpNet>());
            block.map_err(|_| TrustedProxiesError(item.to_owned()))
        };
        text.split(',').map(str::trim).map(block).collect::<Result<_, _>>().map(Self)
    }
}

impl TrustedProxies {
    /// The client of a request from `peer`.
    ///
    /// If both headers are present they must agree, else the peer counts as the client: a proxy that
    /// writes only one of them passes the other on as its client sent it.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Client {
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            return peer.into();
        }
        let named = ["x-forwarded-for", "forwarded"].map(|name| headers.contains_key(name));
        let listed = || self.walk(peer, &x_forwarded_for(headers));
        let standard = || self.walk(peer, &forwarded(headers));
        match named {
            [false, false] => peer.into(),
            [true, false] => listed(),
            [false, true] => standard(),
            [true, true] => {
                let (listed, standard) = (listed(), standard());
                if listed == standard { listed } else { peer.into() }
            }
        }
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|block| block.contains(&address))
    }

    /// The last address of the list that is not a trusted proxy's. A malformed entry ends the walk: the
    /// entries before it cannot be trusted, so the proxy after it counts as the client.
    fn walk(&self, peer: IpAddr, list: &[Option<IpAddr>]) -> Client {
        let mut nearest = peer;
        for address in list.iter().rev() {
            let Some(address) = address else { break };
            nearest = *address;
            if !self.trusts(nearest) {
                break;
            }
        }
        nearest.into()
    }
}

/// All lines of `X-Forwarded-For` as one list; `None` for a malformed address.
fn x_forwarded_for(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let lines = headers.get_all("x-forwarded-for").iter();
    let texts = lines.map(|line| line.to_str().unwrap_or_default());
    texts.flat_map(|text| text.split(',')).map(|item| node(item.trim())).collect()
}

/// The `for` of all elements of all lines of `Forwarded` (RFC 7239 section 4).
fn forwarded(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let lines = headers.get_all("forwarded").iter();
    let mut list = Vec::new();
    for line in lines {
        let text = line.to_str().unwrap_or_default();
        match split_outside_quotes(text, ',') {
            Some(elements) => list.extend(elements.into_iter().map(forwarded_for)),
            None => list.push(None),
        }
    }
    list
}

/// `for` of one element such as `for="[2001:db8::1]:4711";proto=https`.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut found = None;
    for pair in split_outside_quotes(element, ';')? {
        let Some((name, value)) = pair.split_once('=') else { continue };
        if !name.trim().eq_ignore_ascii_case("for") {
            continue;
        }
        // An element with two `for` is ambiguous.
        if found.is_some() {
            return None;
        }
        let value = value.trim();
        let unquoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        found = Some(node(unquoted.unwrap_or(value))?);
    }
    found
}

/// Splits a text at separators outside quotes; `None` if a quote is still open at the end.
fn split_outside_quotes(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, character) in text.char_indices() {
        if is_escaped {
            is_escaped = false;
        } else if is_quoted && character == '\\' {
            is_escaped = true;
        } else if character == '"' {
            is_quoted = !is_quoted;
        } else if character == separator && !is_quoted {
            parts.push(&text[start..at]);
            start = at + separator.len_utf8();
        }
    }
    parts.push(&text[start..]);
    (!is_quoted).then_some(parts)
}

/// An address with or without brackets and port.
fn node(text: &str) -> Option<IpAddr> {
    let plain = text.parse::<IpAddr>().or_else(|_| text.parse::<SocketAddr>().map(|it| it.ip()));
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok();
    let address = plain.ok().or_else(|| bracketed().map(IpAddr::V6));
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: &str = "127.0.0.1";

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().expect("a header value"));
        }
        headers
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[track_caller]
    fn check(trusted: &str, peer: &str, lines: &[(&'static str, &str)], client: &str) {
        let proxies: TrustedProxies = trusted.parse().expect("proxies");
        let found = proxies.client(address(peer), &headers(lines));
        assert_eq!(found, address(client).into(), "{peer} {lines:?}");
    }

    #[test]
    fn only_a_trusted_proxy_speaks_for_others() {
        let lines = [("x-forwarded-for", "192.0.2.1, 192.0.2.2")];
        check("127.0.0.1, ::1", PROXY, &lines, "192.0.2.2");
        check("127.0.0.1, ::1", "::1", &lines, "192.0.2.2");
        check("127.0.0.0/8", "::ffff:127.0.0.1", &lines, "192.0.2.2");
        check("127.0.0.1", "203.0.113.7", &lines, "203.0.113.7");
        check("none", PROXY, &lines, PROXY);
        check("10.0.0.0/8", "10.1.2.3", &lines, "192.0.2.2");
        check("10.0.0.0/8", "11.1.2.3", &lines, "11.1.2.3");
        assert_eq!(
            TrustedProxies::default().client(address("::1"), &headers(&lines)),
            address("192.0.2.2").into()
        );
    }

    #[test]
    fn the_client_is_the_last_address_that_no_trusted_proxy_has() {
        let trusted = "127.0.0.1, 10.0.0.0/8, 2001:db8:5::/48";
        let rows: [(&[&str], &str); 11] = [
            (&["203.0.113.9"], "203.0.113.9"),
            (&["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
            (&["198.51.100.1", "203.0.113.9"], "203.0.113.9"),
            (&["198.51.100.1", "203.0.113.9, 10.0.0.7"], "203.0.113.9"),
            (&["198.51.100.1, 203.0.113.9", "10.0.0.7", "10.0.0.8"], "203.0.113.9"),
            (&["203.0.113.9:50123"], "203.0.113.9"),
            (&["[2001:db8:1::9]:50123, 2001:db8:5:1::2"], "2001:db8:1::"),
            (&["::ffff:203.0.113.9"], "203.0.113.9"),
            // All of them are trusted proxies, so the first one is the client.
            (&["10.0.0.9, 10.0.0.7"], "10.0.0.9"),
            (&["198.51.100.1, garbage, 10.0.0.7"], "10.0.0.7"),
            (&["203.0.113.9,"], PROXY),
        ];
        for (lines, client) in rows {
            let lines: Vec<_> = lines.iter().map(|line| ("x-forwarded-for", *line)).collect();
            check(trusted, PROXY, &lines, client);
        }
    }

    #[test]
    fn what_is_malformed_ends_the_walk() {
        for line in ["", "unknown", "203.0.113.9 198.51.100.1", "fe80::1%eth0", "1.2.3", "a\u{e9}"]
        {
            check(PROXY, PROXY, &[("x-forwarded-for", line)], PROXY);
            let lines = [("x-forwarded-for", "198.51.100.1"), ("x-forwarded-for", line)];
            check(PROXY, PROXY, &lines, PROXY);
        }
        for line in [
            "for=unknown",
            "for=_hidden",
            "by=203.0.113.9",
            "for=203.0.113.9;for=198.51.100.1",
            "for=\"203.0.113.9",
            "for=198.51.100.1, for=\"",
            // The client's open quote would swallow what the proxy added.
            "for=198.51.100.1;x=\", for=203.0.113.9",
        ] {
            check(PROXY, PROXY, &[("forwarded", line)], PROXY);
        }
    }

    #[test]
    fn the_standard_header_is_read_as_well() {
        for (line, client) in [
            ("for=203.0.113.9", "203.0.113.9"),
            ("For=\"203.0.113.9:4711\";proto=https;by=10.0.0.1", "203.0.113.9"),
            ("for=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::"),
            ("for=198.51.100.1, proto=https;for=203.0.113.9", "203.0.113.9"),
            ("for=\"198.51.100.1, for=1.1.1.1\", for=203.0.113.9", "203.0.113.9"),
            ("for=203.0.113.9, for=10.0.0.7", "203.0.113.9"),
        ] {
            check("127.0.0.1, 10.0.0.0/8", PROXY, &[("forwarded", line)], client);
        }
        let two = [("forwarded", "for=198.51.100.1"), ("forwarded", "for=203.0.113.9")];
        check(PROXY, PROXY, &two, "203.0.113.9");
    }

    #[test]
    fn two_headers_that_disagree_name_nobody() {
        let both = |listed, standard| [("x-forwarded-for", listed), ("forwarded", standard)];
        check(PROXY, PROXY, &both("203.0.113.9", "for=203.0.113.9"), "203.0.113.9");
        check(PROXY, PROXY, &both("203.0.113.9", "for=198.51.100.1"), PROXY);
        check(PROXY, PROXY, &both("198.51.100.1", "for=203.0.113.9"), PROXY);
    }

    #[test]
    fn an_ipv6_client_is_its_network() {
        let client = |text: &str| Client::from(address(text));
        assert_eq!(client("2001:db8:1:2:3:4:5:6"), client("2001:db8:1:2::1"));
        assert_ne!(client("2001:db8:1:2::1"), client("2001:db8:1:3::1"));
        assert_eq!(client("::ffff:192.0.2.1"), client("192.0.2.1"));
        assert_ne!(client("192.0.2.1"), client("192.0.2.2"));
        assert_eq!(client("2001:db8:1:2::1").to_string(), "2001:db8:1:2::/64");
    }

    #[test]
    fn proxies_are_addresses_and_blocks() {
        for text in ["none", "127.0.0.1", "10.0.0.0/8,::1 , 2001:db8::/32"] {
            assert!(text.parse::<TrustedProxies>().is_ok(), "{text}");
        }
        for text in ["", "10.0.0.0/33", "proxy.example", "127.0.0.1;::1", "127.0.0.1,", "10.0.0/8"]
        {
            assert!(text.parse::<TrustedProxies>().is_err(), "{text}");
        }
    }

    /// Nothing that a client writes before a trusted proxy's entry changes which client it is.
    #[test]
    fn no_prefix_chooses_another_client() {
        let parts = ["1.2.3.4", "for=", "\"", ",", ";", "\\", "127.0.0.1", " ", "x", "[::1]"];
        let added = [
            ("x-forwarded-for", "203.0.113.9", "203.0.113.9"),
            ("forwarded", "for=203.0.113.9", "203.0.113.9"),
            ("forwarded", "for=\"[2001:db8:9::1]\"", "2001:db8:9::"),
        ];
        let mut state = 7_u32;
        let mut next = |bound: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) as usize % bound
        };
        for _ in 0..20_000 {
            let prefix: String = (0..next(9)).map(|_| parts[next(parts.len())]).collect();
            for (name, addition, client) in added {
                let known = [address(client).into(), Client::from(address(PROXY))];
                let appended = format!("{prefix}, {addition}");
                let one = [(name, appended.as_str())];
                let two = [(name, prefix.as_str()), (name, addition)];
                for lines in [headers(&one), headers(&two)] {
                    let found = TrustedProxies::default().client(address(PROXY), &lines);
                    assert!(known.contains(&found), "{lines:?} names {found}");
                }
            }
        }
    }
}
