//! Tells public Internet addresses from private and special ones.
//!
//! Every network of IANA's special-purpose registries is refused, reachable ones included (no webhook
//! receiver lives in an anycast service), and so is every address that belongs to no single host:
//! - <https://www.iana.org/assignments/iana-ipv4-special-registry>
//! - <https://www.iana.org/assignments/iana-ipv6-special-registry>
//! - <https://www.iana.org/assignments/multicast-addresses>
//! - <https://www.iana.org/assignments/ipv6-address-space>

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// First address, length of the prefix, and what the network is for, with its source.
type Network<A> = (A, u32, &'static str);

const fn v4(a: u8, b: u8, c: u8, d: u8) -> Ipv4Addr {
    Ipv4Addr::new(a, b, c, d)
}

/// By its first four groups; every network here ends in zeros or is named in full.
const fn v6(a: u16, b: u16, c: u16, d: u16) -> Ipv6Addr {
    Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)
}

/// IANA IPv4 special-purpose registry, and multicast.
const SPECIAL_V4: &[Network<Ipv4Addr>] = &[
    (v4(0, 0, 0, 0), 8, "this network, RFC 791"),
    (v4(10, 0, 0, 0), 8, "private, RFC 1918"),
    (v4(100, 64, 0, 0), 10, "shared by a provider's customers, RFC 6598"),
    (v4(127, 0, 0, 0), 8, "this machine, RFC 1122"),
    (v4(169, 254, 0, 0), 16, "link-local, RFC 3927"),
    (v4(172, 16, 0, 0), 12, "private, RFC 1918"),
    // Contains DS-Lite, PCP and TURN anycast, NAT64 discovery, and the dummy address.
    (v4(192, 0, 0, 0), 24, "protocol assignments, RFC 6890"),
    (v4(192, 0, 2, 0), 24, "documentation, RFC 5737"),
    (v4(192, 31, 196, 0), 24, "AS112, RFC 7535"),
    (v4(192, 52, 193, 0), 24, "automatic multicast tunneling, RFC 7450"),
    (v4(192, 88, 99, 0), 24, "6to4 relays, RFC 7526"),
    (v4(192, 168, 0, 0), 16, "private, RFC 1918"),
    (v4(192, 175, 48, 0), 24, "AS112, RFC 7534"),
    (v4(198, 18, 0, 0), 15, "benchmarks, RFC 2544"),
    (v4(198, 51, 100, 0), 24, "documentation, RFC 5737"),
    (v4(203, 0, 113, 0), 24, "documentation, RFC 5737"),
    (v4(224, 0, 0, 0), 4, "multicast, RFC 5771"),
    (v4(240, 0, 0, 0), 4, "reserved, RFC 1112"),
    (v4(255, 255, 255, 255), 32, "broadcast, RFC 919"),
];

/// IANA IPv6 special-purpose registry, and the parts of the address space that belong to no single
/// host. [`embedded_v4`] handles addresses that carry an IPv4 address.
const SPECIAL_V6: &[Network<Ipv6Addr>] = &[
    (Ipv6Addr::UNSPECIFIED, 128, "no address, RFC 4291"),
    (Ipv6Addr::LOCALHOST, 128, "this machine, RFC 4291"),
    (v6(0, 0, 0, 0), 96, "IPv4-compatible, deprecated by RFC 4291"),
    (v6(0x64, 0xff9b, 1, 0), 48, "translation in a private network, RFC 8215"),
    (v6(0x100, 0, 0, 0), 64, "discarded, RFC 6666"),
    (v6(0x100, 0, 0, 1), 64, "dummy prefix, RFC 9780"),
    // The registry also names parts of it: the first seven below, and three anycast addresses.
    (v6(0x2001, 0, 0, 0), 23, "protocol assignments, RFC 2928"),
    (v6(0x2001, 0, 0, 0), 32, "Teredo, RFC 4380"),
    (v6(0x2001, 2, 0, 0), 48, "benchmarks, RFC 5180"),
    (v6(0x2001, 3, 0, 0), 32, "automatic multicast tunneling, RFC 7450"),
    (v6(0x2001, 4, 0x112, 0), 48, "AS112, RFC 7535"),
    (v6(0x2001, 0x10, 0, 0), 28, "ORCHID, RFC 4843"),
    (v6(0x2001, 0x20, 0, 0), 28, "ORCHIDv2, RFC 7343"),
    (v6(0x2001, 0x30, 0, 0), 28, "drones, RFC 9374"),
    (v6(0x2001, 0xdb8, 0, 0), 32, "documentation, RFC 3849"),
    (v6(0x2002, 0, 0, 0), 16, "6to4, RFC 3056"),
    (v6(0x2620, 0x4f, 0x8000, 0), 48, "AS112, RFC 7534"),
    (v6(0x3ffe, 0, 0, 0), 16, "6bone, given back by RFC 3701"),
    (v6(0x3fff, 0, 0, 0), 20, "documentation, RFC 9637"),
    (v6(0x5f00, 0, 0, 0), 16, "segment routing, RFC 9602"),
    (v6(0xfc00, 0, 0, 0), 7, "unique local, RFC 4193"),
    (v6(0xfe80, 0, 0, 0), 10, "link-local, RFC 4291"),
    (v6(0xfec0, 0, 0, 0), 10, "site-local, deprecated by RFC 3879"),
    (v6(0xff00, 0, 0, 0), 8, "multicast, RFC 4291"),
];

/// The only part of the address space that is assigned to hosts (RFC 4291).
const GLOBAL_UNICAST: Network<Ipv6Addr> = (v6(0x2000, 0, 0, 0), 3, "global unicast");
/// `::ffff:0:0/96` (RFC 4291) and the well-known NAT64 prefix (RFC 6052), through which a machine
/// without IPv4 reaches IPv4. Such an address is judged by the IPv4 address in its last 32 bits.
const CARRIERS_OF_V4: [Network<Ipv6Addr>; 2] = [
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, "IPv4-mapped"),
    (v6(0x64, 0xff9b, 0, 0), 96, "NAT64"),
];

/// Why an address is not public, such as `private, RFC 1918`; `None` for an address on the public
/// Internet.
pub(crate) fn special_use(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => special_use_v4(address),
        IpAddr::V6(address) => match embedded_v4(address) {
            Some(address) => special_use_v4(address),
            None => special_use_v6(address),
        },
    }
}

fn special_use_v4(address: Ipv4Addr) -> Option<&'static str> {
    let holds = |(first, length, _): &&Network<Ipv4Addr>| {
        let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
        (address.to_bits() ^ first.to_bits()) & mask == 0
    };
    SPECIAL_V4.iter().find(holds).map(|(.., what)| *what)
}

fn special_use_v6(address: Ipv6Addr) -> Option<&'static str> {
    let special = SPECIAL_V6.iter().find(|network| is_in(address, network));
    match special {
        Some((.., what)) => Some(what),
        None if is_in(address, &GLOBAL_UNICAST) => None,
        None => Some("reserved, RFC 4291"),
    }
}

fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let carries = CARRIERS_OF_V4.iter().any(|network| is_in(address, network));
    let [.., a, b, c, d] = address.octets();
    carries.then_some(Ipv4Addr::new(a, b, c, d))
}

fn is_in(address: Ipv6Addr, (first, length, _): &Network<Ipv6Addr>) -> bool {
    let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
    (address.to_bits() ^ first.to_bits()) & mask == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_public(text: &str) -> bool {
        special_use(text.parse().expect("an address")).is_none()
    }

    #[test]
    fn only_the_open_internet_is_public() {
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "172.32.0.1",
            "100.128.0.1",
            "192.0.1.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2001:4860:4860::8888",
            "2620:4f:8001::1",
            "2a00:1450::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ] {
            assert!(is_public(text), "{text}");
        }
        for text in [
            "127.0.0.1",
            "127.8.8.8",
            "0.0.0.0",
            "0.1.2.3",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.8",
            "192.0.0.170",
            "192.31.196.1",
            "192.52.193.1",
            "192.88.99.2",
            "192.175.48.1",
            "198.18.0.1",
            "198.19.255.255",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "203.0.113.7",
            "::",
            "::1",
            "::2",
            "100::1",
            "100:0:0:1::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "2001:1::1",
            "2001:1::3",
            "2001:2::1",
            "2001:3::1",
            "2001:4:112::1",
            "2001:10::1",
            "2001:2f::1",
            "2001:30::1",
            "2001:1ff::1",
            "2001:db8::1",
            "2620:4f:8000::1",
            "3ffe::1",
            "3ffe:ffff::1",
            "3fff::1",
            "3fff:fff::1",
            "5f00::1",
            "4000::1",
            "200::1",
        ] {
            assert!(!is_public(text), "{text}");
        }
    }

    #[test]
    fn an_ipv4_address_in_an_ipv6_address_is_no_way_around() {
        for inner in ["127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.0.1", "0.0.0.0"] {
            let [a, b, c, d] = inner.parse::<Ipv4Addr>().expect("an address").octets();
            let high = u16::from_be_bytes([a, b]);
            let low = u16::from_be_bytes([c, d]);
            for carrier in [
                format!("::ffff:{inner}"),
                format!("::{inner}"),
                format!("::ffff:0:{inner}"),
                format!("64:ff9b::{inner}"),
                format!("64:ff9b:1::{inner}"),
                format!("2002:{high:x}:{low:x}::1"),
                // Teredo puts the client's address, inverted, at the end.
                format!("2001:0:808:808::{:x}:{:x}", !high, !low),
            ] {
                assert!(!is_public(&carrier), "{carrier}");
            }
        }
        assert_eq!(
            special_use("::ffff:10.0.0.1".parse().expect("an address")),
            Some("private, RFC 1918")
        );
    }

    #[test]
    fn every_network_of_the_tables_is_refused_from_end_to_end() {
        for (first, length, what) in SPECIAL_V4 {
            let last = first.to_bits() | u32::MAX.checked_shr(*length).unwrap_or(0);
            for address in [*first, Ipv4Addr::from_bits(last)] {
                assert!(special_use(address.into()).is_some(), "{address}: {what}");
            }
        }
        for (first, length, what) in SPECIAL_V6 {
            let last = first.to_bits() | u128::MAX.checked_shr(*length).unwrap_or(0);
            for address in [*first, Ipv6Addr::from_bits(last)] {
                assert!(special_use(address.into()).is_some(), "{address}: {what}");
            }
        }
    }
}
