//! URLs, as the `URLValidator` of Django 5.2 accepts them.

use souk_domain::text::is_space;
use std::net::{Ipv4Addr, Ipv6Addr};

const SCHEMES: [&str; 4] = ["http", "https", "ftp", "ftps"];
const URL_CHARACTERS_MAX: usize = 2_048;
/// RFC 1034 section 3.1.
const HOST_CHARACTERS_MAX: usize = 253;
const LABEL_CHARACTERS_MAX: usize = 63;
const TOP_LEVEL_CHARACTERS_MIN: usize = 2;
/// Characters that some URL parsers treat as one of `/?#@:`.
const AMBIGUOUS: &str = "⁇⁈⁉℀℁℅℆⩴︓︖﹕﹖﹟﹫＃／：？＠";

/// Whether a trimmed text is a web or FTP URL whose host is a name with a dot, `localhost`, or an
/// IP address.
pub(super) fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    if !SCHEMES.contains(&scheme.to_ascii_lowercase().as_str())
        || text.contains(['\t', '\r', '\n'])
        || text.chars().count() > URL_CHARACTERS_MAX
    {
        return false;
    }
    let is_host_first = |rest: &str| behind_host(rest).is_some_and(is_port_and_path);
    let has_host = behind_user(rest).is_some_and(is_host_first) || is_host_first(rest);
    has_host && is_plain_authority(rest)
}

/// The text after `user@` or `user:password@`.
fn behind_user(rest: &str) -> Option<&str> {
    let is_end = |one: char| is_space(one) || matches!(one, ':' | '@' | '/');
    let user = rest.find(is_end).filter(|length| *length > 0)?;
    let mut behind = &rest[user..];
    if let Some(password) = behind.strip_prefix(':') {
        behind = &password[password.find(is_end)?..];
    }
    behind.strip_prefix('@')
}

/// The text after the host, if the host is valid.
fn behind_host(rest: &str) -> Option<&str> {
    if let Some(inside) = rest.strip_prefix('[') {
        let (literal, behind) = inside.split_once(']')?;
        return literal.parse::<Ipv6Addr>().is_ok().then_some(behind);
    }
    let (host, behind) = rest.split_at(rest.find(['/', '?', '#', ':']).unwrap_or(rest.len()));
    let is_known = host.eq_ignore_ascii_case("localhost") || host.parse::<Ipv4Addr>().is_ok();
    (is_known || is_domain(host)).then_some(behind)
}

/// An optional port, then an optional path, query or fragment.
fn is_port_and_path(rest: &str) -> bool {
    const PORT_DIGITS_MAX: usize = 5;
    let (port, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let is_port = match port.strip_prefix(':') {
        Some(digits) => {
            (1..=PORT_DIGITS_MAX).contains(&digits.len())
                && digits.bytes().all(|digit| digit.is_ascii_digit())
        }
        None => port.is_empty(),
    };
    is_port && !path.contains(is_space)
}

/// A name with a dot in it. A final dot is allowed.
fn is_domain(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let Some((labels, top_level)) = host.rsplit_once('.') else { return false };
    labels.split('.').all(is_label) && is_label(top_level) && is_top_level(top_level)
}

fn is_label(label: &str) -> bool {
    let is_inside = |one: char| is_letter(one) || one.is_ascii_digit() || one == '-';
    (1..=LABEL_CHARACTERS_MAX).contains(&label.chars().count())
        && label.chars().all(is_inside)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// Letters and hyphens, or the ASCII form of other letters.
fn is_top_level(label: &str) -> bool {
    let is_plain = !label.contains(|one: char| one.is_ascii_digit());
    let encoded = label.get(..4).filter(|start| start.eq_ignore_ascii_case("xn--"));
    let is_encoded =
        encoded.is_some() && label[4..].bytes().all(|octet| octet.is_ascii_alphanumeric());
    label.chars().count() >= TOP_LEVEL_CHARACTERS_MIN && (is_plain || is_encoded)
}

fn is_letter(one: char) -> bool {
    one.is_ascii_alphabetic() || matches!(one, '\u{a1}'..='\u{ffff}')
}

/// Whether all URL parsers find the same host, of limited length, in the part before the path.
fn is_plain_authority(rest: &str) -> bool {
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (host, is_literal) = match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
        Some((literal, _)) => (literal, true),
        None => (host.split(':').next().unwrap_or_default(), false),
    };
    let brackets = authority.matches(['[', ']']).count();
    !host.is_empty()
        && host.chars().count() <= HOST_CHARACTERS_MAX
        && brackets == if is_literal { 2 } else { 0 }
        && !authority.contains(|one| AMBIGUOUS.contains(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_django_takes() {
        for good in [
            "http://shop.example/a.jpg",
            "HTTPS://SHOP.EXAMPLE",
            "ftp://shop.example/a.jpg",
            "ftps://shop.example:21/a.jpg",
            "https://localhost:8000/a.jpg",
            "https://127.0.0.1/a",
            "https://[::1]:80/a",
            "https://[::ffff:127.0.0.1]",
            "https://bücher.example/ü.jpg",
            "https://shop.xn--p1ai./?a=b#c",
            "https://a--b.example?q",
            "https://user:pass@shop.example/a",
            "https://user:@shop.example#a@b",
            "https://a?b@shop.example/",
            "https://shop.example/a?b@c",
            "https://1.2.example",
            "https://shop.example/\u{1}",
        ] {
            assert!(is_url(good), "{good}");
        }
    }

    #[test]
    fn refuses_what_django_refuses() {
        let long_label = format!("https://{}.example", "a".repeat(64));
        let long_host = format!("https://{}example", "abcdefgh.".repeat(30));
        let long_url = format!("https://shop.example/{}", "a".repeat(2_028));
        for bad in [
            "shop.example/a.jpg",
            "//shop.example/a.jpg",
            "javascript://shop.example/%0aalert(1)",
            "https:/shop.example",
            "https://",
            "https:///a",
            "https://shop/a.jpg",
            "https://shop./a",
            "https://shop.e",
            "https://shop.c0m",
            "https://shop..example",
            "https://-shop.example",
            "https://shop-.example",
            "https://shop.-example",
            "https://sh_op.example",
            "https://256.0.0.1",
            "https://01.0.0.1",
            "https://1.2.3",
            "https://[::g]",
            "https://[::1",
            "https://[127.0.0.1]",
            "https://shop.example:",
            "https://shop.example:123456",
            "https://shop.example:80a",
            "https://shop.example/a b",
            "https://shop.example/a\u{a0}b",
            "https://shop.example\n",
            "https://a b@shop.example",
            "https://@shop.example",
            "https://a/b@shop",
            "https://?a@shop.example",
            "https://a[b@shop.example",
            "https://a／b.example",
            &long_label,
            &long_host,
            &long_url,
        ] {
            assert!(!is_url(bad), "{bad}");
        }
    }
}
