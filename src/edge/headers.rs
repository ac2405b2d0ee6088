//! All request headers that the shop reads and all answer headers that it writes. `cors.rs` derives
//! from these tables what pages of other origins may send and read.

use http::header::{HeaderName, HeaderValue};
use std::sync::LazyLock;

/// Identifies a request, so that a client can repeat it safely.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Marks an answer that was given before, under the same [`IDEMPOTENCY_KEY`].
pub(crate) const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// Where a stream of events continues.
pub(crate) const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// How far back a log search got, if it stopped at its limit.
pub(crate) const SEARCHED_SINCE: HeaderName = HeaderName::from_static("x-searched-since");
/// The payment gateway's signature of a message.
pub(crate) const STRIPE_SIGNATURE: HeaderName = HeaderName::from_static("stripe-signature");
/// The key of a guest's cart.
pub(crate) const X_CART_KEY: HeaderName = HeaderName::from_static("x-cart-key");
/// The number of items on all pages together.
pub(crate) const X_TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");

/// Who sets a request header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sender {
    /// Scripts of a page, so a preflight must allow it.
    Page,
    /// The browser itself; scripts cannot set it or need no permission.
    Browser,
    /// Proxies and other servers, never a page.
    Server,
}

/// Every request header that is read.
const READ: &[(&str, Sender)] = &[
    // Not read by the shop, but clients' libraries send these two on their own.
    ("Accept", Sender::Page),
    ("X-Requested-With", Sender::Page),
    ("Access-Control-Request-Method", Sender::Browser),
    ("Authorization", Sender::Page),
    ("Content-Length", Sender::Browser),
    ("Content-Type", Sender::Page),
    ("Cookie", Sender::Browser),
    ("Expect", Sender::Browser),
    ("Forwarded", Sender::Server),
    ("Host", Sender::Browser),
    ("Idempotency-Key", Sender::Page),
    ("If-Match", Sender::Page),
    ("If-None-Match", Sender::Page),
    ("Last-Event-ID", Sender::Page),
    ("Origin", Sender::Browser),
    ("Stripe-Signature", Sender::Server),
    ("Transfer-Encoding", Sender::Browser),
    ("X-Cart-Key", Sender::Page),
    ("X-Forwarded-For", Sender::Server),
    ("X-Forwarded-Proto", Sender::Server),
];

/// Whom an answer header is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    /// Scripts of a page, so it must be exposed to them.
    Page,
    /// The browser, or scripts that may always read it (Fetch, "CORS-safelisted response-header
    /// name").
    Browser,
}

/// Every answer header that is written.
const WRITTEN: &[(&str, Reader)] = &[
    ("Access-Control-Allow-Credentials", Reader::Browser),
    ("Access-Control-Allow-Headers", Reader::Browser),
    ("Access-Control-Allow-Methods", Reader::Browser),
    ("Access-Control-Allow-Origin", Reader::Browser),
    ("Access-Control-Expose-Headers", Reader::Browser),
    ("Access-Control-Max-Age", Reader::Browser),
    ("Allow", Reader::Page),
    ("Cache-Control", Reader::Browser),
    ("Content-Security-Policy", Reader::Browser),
    ("Content-Type", Reader::Browser),
    ("ETag", Reader::Page),
    ("Idempotent-Replayed", Reader::Page),
    ("Link", Reader::Page),
    ("Location", Reader::Page),
    ("Referrer-Policy", Reader::Browser),
    ("Retry-After", Reader::Page),
    ("Set-Cookie", Reader::Browser),
    ("Vary", Reader::Browser),
    ("WWW-Authenticate", Reader::Page),
    ("X-Cart-Key", Reader::Page),
    ("X-Content-Type-Options", Reader::Browser),
    ("X-Frame-Options", Reader::Browser),
    ("X-Robots-Tag", Reader::Browser),
    ("X-Searched-Since", Reader::Page),
    ("X-Total-Count", Reader::Page),
];

/// What a preflight allows, each by name, because `*` does not include `Authorization`.
pub(super) static ALLOWED: LazyLock<HeaderValue> = LazyLock::new(|| {
    listed(READ.iter().filter(|(_, sender)| *sender == Sender::Page).map(|(name, _)| *name))
});

/// The answer headers that a page may read in addition to the safelisted ones.
pub(super) static EXPOSED: LazyLock<HeaderValue> = LazyLock::new(|| {
    listed(WRITTEN.iter().filter(|(_, reader)| *reader == Reader::Page).map(|(name, _)| *name))
});

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> HeaderValue {
    let names: Vec<_> = names.collect();
    HeaderValue::try_from(names.join(", ")).expect("names of headers are visible ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    /// Headers of requests to other servers, and hyper's own names.
    const ELSEWHERE: [&str; 1] = ["src/adapters"];
    /// Items of the module `http::header` that are not headers.
    const NO_HEADERS: [&str; 6] =
        ["HeaderMap", "HeaderName", "HeaderValue", "Entry", "InvalidHeaderValue", "self"];

    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder").filter_map(Result::ok) {
            let path = entry.path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }

    /// The header names in a source: constants of `http`, and literals used as headers.
    fn headers_in(text: &str) -> BTreeSet<String> {
        let shipped = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let code: Vec<_> =
            shipped.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let code = code.join("\n");
        let mut found = BTreeSet::new();
        for after in code.split("header::").skip(1) {
            let names = match after.strip_prefix('{') {
                Some(list) => list.split('}').next().unwrap_or_default(),
                None => {
                    after.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("")
                }
            };
            for name in names.split(',').map(str::trim) {
                let is_constant = name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
                if !name.is_empty() && is_constant && !NO_HEADERS.contains(&name) {
                    found.insert(name.to_lowercase().replace('_', "-"));
                }
            }
        }
        let openings =
            ["header(\"", "headers.get(\"", "headers.insert(\"", "HeaderName::from_static(\""];
        for opening in openings {
            for after in code.split(opening).skip(1) {
                found.insert(after.split('"').next().unwrap_or_default().to_lowercase());
            }
        }
        found
    }

    #[test]
    fn headers_are_found_in_sources() {
        let text = "use http::header::{ALLOW, HeaderName};\nuse http::header::LINK;\n\
            // header::VARY\nlet a = request.header(\"X-Odd\");\n\
            const B: HeaderName = HeaderName::from_static(\"b-c\");\n";
        let found: Vec<_> = headers_in(text).into_iter().collect();
        assert_eq!(found, ["allow", "b-c", "link", "x-odd"]);
    }

    #[test]
    fn every_header_that_is_read_or_written_is_in_a_table() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = Vec::new();
        sources(&root.join("src"), &mut files);
        let known: BTreeSet<_> = READ
            .iter()
            .map(|(name, _)| *name)
            .chain(WRITTEN.iter().map(|(name, _)| *name))
            .collect();
        let known: BTreeSet<_> = known.into_iter().map(str::to_lowercase).collect();
        let mut used = BTreeSet::new();
        for file in files {
            let path = file.strip_prefix(root).unwrap_or(&file).to_string_lossy().into_owned();
            if ELSEWHERE.iter().any(|folder| path.starts_with(folder)) || path.ends_with("tests.rs")
            {
                continue;
            }
            let text = fs::read_to_string(&file).expect("text");
            for name in headers_in(&text) {
                assert!(known.contains(&name), "{path}: {name} is in no table of edge/headers.rs");
                used.insert(name);
            }
        }
        for must in ["idempotency-key", "last-event-id", "x-searched-since", "x-total-count"] {
            assert!(used.contains(must), "{must} was not found: the search is broken");
        }
    }

    #[test]
    fn pages_may_send_and_read_what_is_theirs() {
        let text = |value: &HeaderValue| value.to_str().expect("ASCII").to_owned();
        let (allowed, exposed) = (text(&ALLOWED), text(&EXPOSED));
        for name in
            ["Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", "X-Cart-Key"]
        {
            assert!(allowed.split(", ").any(|known| known == name), "{name}: {allowed}");
        }
        for name in ["Allow", "Link", "Retry-After", "WWW-Authenticate", "X-Searched-Since"] {
            assert!(exposed.split(", ").any(|known| known == name), "{name}: {exposed}");
        }
        for name in ["Cookie", "Host", "Stripe-Signature", "X-Forwarded-For"] {
            assert!(!allowed.contains(name), "{name}: {allowed}");
        }
    }
}
