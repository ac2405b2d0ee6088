//! What stands in headers: who sent a request, by what right, and who signed it.

use super::{first_line, text};
use crate::edge::{
    BadToken, Claims, Client, Request, TokenId, TokenKey, TrustedProxies, bearer_of,
};
use http::Method;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use jsonwebtoken::{EncodingKey, Header};
use souk_stripe::{WebhookSecret, is_signed, sign};
use std::net::IpAddr;

const NOW_SECONDS: i64 = 1_704_066_900;
const SECRET: &[u8] = b"a secret of the tests";
const PROXY: &str = "127.0.0.1";

/// Lines of `name: value`, as they come on a connection.
fn headers(input: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in input.split(|octet| *octet == b'\n') {
        let end = line.iter().position(|octet| *octet == b':').unwrap_or(line.len());
        let value = line.get(end + 1..).unwrap_or_default().trim_ascii();
        let pair =
            HeaderName::from_bytes(&line[..end]).ok().zip(HeaderValue::from_bytes(value).ok());
        if let Some((name, value)) = pair {
            headers.append(name, value);
        }
    }
    headers
}

/// `X-Forwarded-For` and `Forwarded`: nobody chooses which client they are counted as.
pub(super) fn client(input: &[u8]) {
    let sent = headers(input);
    let proxies = TrustedProxies::default();
    let proxy: IpAddr = PROXY.parse().expect("an address");
    let named = proxies.client(proxy, &sent);
    assert_eq!(named, named.address().into(), "a client's address is that client's");
    let stranger: IpAddr = "203.0.113.7".parse().expect("an address");
    assert_eq!(proxies.client(stranger, &sent), stranger.into(), "a stranger speaks for nobody");
    for (name, added) in [("x-forwarded-for", "198.51.100.9"), ("forwarded", "for=198.51.100.9")] {
        let client: IpAddr = "198.51.100.9".parse().expect("an address");
        let known = [Client::from(client), Client::from(proxy)];
        let values = sent.get_all(name).iter();
        let lines: Vec<&[u8]> =
            values.map(HeaderValue::as_bytes).chain([added.as_bytes()]).collect();
        for lines in [lines.clone(), vec![&lines.join(&b", "[..])]] {
            let mut forwarded = HeaderMap::new();
            for line in lines {
                forwarded.append(name, HeaderValue::from_bytes(line).expect("a header value"));
            }
            let found = proxies.client(proxy, &forwarded);
            assert!(known.contains(&found), "{forwarded:?} names {found}");
        }
    }
}

/// Headers that are read on every request.
pub(super) fn request_headers(input: &[u8]) {
    let headers = headers(input);
    assert!(bearer_of(&headers).is_none_or(|token| token.trim() == token));
    let request = Request::new(Method::GET, "/".to_owned(), String::new(), headers);
    let base_url = request.base_url(None);
    let host = base_url.strip_prefix("http://").or(base_url.strip_prefix("https://"));
    let is_host =
        |host: &str| !host.is_empty() && !host.contains(['/', '@', '?', '#', '\\', ' ', '"']);
    assert!(host.is_some_and(is_host), "{base_url}");
    assert!(!request.prefers_html() || request.headers.contains_key("accept"));
}

/// A token as it is sent; and claims, as somebody would sign them who shares the secret.
pub(super) fn token(input: &[u8]) {
    let key = TokenKey::new(SECRET);
    let input = text(input);
    holds(&key, key.verify_either(input, NOW_SECONDS));
    if let Some(id) = TokenId::parse(input) {
        assert_eq!(id.to_string(), input);
    }
    let Ok(claims) = serde_json::from_str::<serde_json::Value>(input) else { return };
    let signed = |secret| {
        jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(secret))
    };
    let (ours, foreign) = (signed(SECRET).expect("signed"), signed(b"another").expect("signed"));
    holds(&key, key.verify_either(&ours, NOW_SECONDS));
    let refused = key.verify_either(&foreign, NOW_SECONDS).expect_err("another's signature");
    assert!(matches!(refused, BadToken::Foreign | BadToken::TooLong), "{refused:?}");
}

/// What a token says is good now, and issued again it says the same.
fn holds(key: &TokenKey, verified: Result<Claims, BadToken>) {
    let Ok(claims) = verified else { return };
    assert!(claims.expires_at_seconds > NOW_SECONDS, "{claims:?}");
    assert!(claims.issued_at_seconds <= NOW_SECONDS + 60, "{claims:?}");
    assert_eq!(key.verify(&key.issue(&claims), claims.kind, NOW_SECONDS), Ok(claims));
}

/// A signature in the first line, and behind it the body that it is said to be of.
pub(super) fn webhook_signature(input: &[u8]) {
    let (header, body) = first_line(input);
    let header = text(header);
    let secrets = WebhookSecret::parse_list("whsec_old,whsec_new");
    let other = [body, b"!"].concat();
    let accepts = |header: &str, body: &[u8]| is_signed(header, body, &secrets, NOW_SECONDS);
    if accepts(header, body) {
        assert!(!accepts(header, &other), "one signature for two bodies");
    }
    assert!(!is_signed(header, body, &[], NOW_SECONDS), "nobody signs without a secret");
    let Ok(body) = std::str::from_utf8(body) else { return };
    let signed = sign(&secrets[1], body, NOW_SECONDS);
    assert!(accepts(&signed, body.as_bytes()) && !accepts(&signed, &other));
    // Further signatures may stand before ours, of whatever form.
    accepts(&format!("{header},{signed}"), body.as_bytes());
}
