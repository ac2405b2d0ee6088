//! Lists of Souk's own API: a page is asked for by its length and by where the one before ended.
//!
//! A cursor holds the position behind the last item, so it stays valid while rows are written. It
//! is signed together with its list: its path, filters and order. A cursor that was changed, or
//! that belongs to another list, is refused.

use crate::edge::{Answer, Request, standard};
use base64ct::{Base64UrlUnpadded, Encoding};
use ring::hmac;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Parameters that may differ from page to page of one list.
const NOT_OF_THE_LIST: [&str; 3] = ["limit", "after", "expand"];
const FORMAT: u8 = 1;
const SIGNATURE_BYTES: usize = 16;

/// A page to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted<P> {
    /// Most items on it.
    pub(crate) limit: usize,
    /// The position behind which it begins; `None` for the first page.
    pub(crate) after: Option<P>,
}

/// Signs cursors and checks them.
pub(crate) struct CursorSeal(hmac::Key);

impl CursorSeal {
    /// Derives the seal from the secret that signs tokens.
    pub(crate) fn new(jwt_secret: &[u8]) -> Self {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, jwt_secret);
        let derived = hmac::sign(&secret, b"souk list cursors");
        Self(hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()))
    }

    /// 200 with a page of the list that `request` asks for. The items are JSON. `next` is the
    /// position of the last one, if there may be more.
    pub(crate) fn page<P: Serialize>(
        &self,
        request: &Request,
        items: &[impl AsRef<[u8]>],
        next: Option<&P>,
    ) -> Answer {
        let next = match next.map(|position| self.cursor(request, position)).transpose() {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(%error, "a position in a list could not be written as JSON");
                return standard::internal_error();
            }
        };
        let mut body = Vec::from(b"{\"data\":[");
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                body.push(b',');
            }
            body.extend_from_slice(item.as_ref());
        }
        body.extend_from_slice(b"],\"next\":");
        match next {
            // Letters, digits, `-` and `_` need no escapes.
            Some(cursor) => body.extend_from_slice(format!("\"{cursor}\"").as_bytes()),
            None => body.extend_from_slice(b"null"),
        }
        body.push(b'}');
        Answer::ok_json(body.into())
    }

    fn cursor(
        &self,
        request: &Request,
        position: &impl Serialize,
    ) -> Result<String, serde_json::Error> {
        let mut sealed = vec![FORMAT];
        sealed.extend(serde_json::to_vec(position)?);
        let signature = self.signature(request, &sealed);
        sealed.extend_from_slice(&signature.as_ref()[..SIGNATURE_BYTES]);
        Ok(Base64UrlUnpadded::encode_string(&sealed))
    }

    /// The position of a cursor of the list that `request` asks for; `None` if it is not one.
    pub(super) fn position<P: DeserializeOwned>(
        &self,
        request: &Request,
        cursor: &str,
    ) -> Option<P> {
        let sealed = Base64UrlUnpadded::decode_vec(cursor).ok()?;
        let (content, signature) =
            sealed.split_at_checked(sealed.len().checked_sub(SIGNATURE_BYTES)?)?;
        let expected = self.signature(request, content);
        // In constant time, so that nobody finds a signature octet by octet.
        let is_ours = expected
            .as_ref()
            .iter()
            .zip(signature)
            .fold(0, |difference, (one, other)| difference | (one ^ other))
            == 0;
        let (format, position) = content.split_first().filter(|_| is_ours)?;
        (*format == FORMAT).then(|| serde_json::from_slice(position).ok()).flatten()
    }

    fn signature(&self, request: &Request, content: &[u8]) -> hmac::Tag {
        let mut code = hmac::Context::with_key(&self.0);
        // The length comes first, so that two different lists never give the same octets.
        let mut part = |octets: &[u8]| {
            code.update(&u64::try_from(octets.len()).unwrap_or(u64::MAX).to_be_bytes());
            code.update(octets);
        };
        part(content);
        part(request.path.trim_end_matches('/').as_bytes());
        let mut filters: Vec<_> = request
            .query_pairs()
            .iter()
            .filter(|(name, _)| !NOT_OF_THE_LIST.contains(&name.as_str()))
            .collect();
        filters.sort_unstable();
        for (name, value) in filters {
            part(name.as_bytes());
            part(value.as_bytes());
        }
        code.sign()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Method;
    use serde_json::Value;

    fn get(target: &str) -> Request {
        Request::test(Method::GET, target)
    }

    fn next_of(answer: &Answer) -> String {
        let body: Value = serde_json::from_str(answer.text()).expect("JSON");
        body["next"].as_str().expect("a cursor").to_owned()
    }

    #[test]
    fn a_cursor_continues_its_own_list_only() {
        let seal = CursorSeal::new(b"secret");
        let asked = get("/souk/v1/store/products?sort=price&q=lamp&limit=2");
        let answer = seal.page(&asked, &["1", "2"], Some(&(500, 7)));
        assert!(answer.text().starts_with(r#"{"data":[1,2],"next":""#), "{}", answer.text());
        let cursor = next_of(&answer);
        let open = |target: &str| seal.position::<(i64, u64)>(&get(target), &cursor);
        assert_eq!(
            open("/souk/v1/store/products?q=lamp&sort=price&limit=9&after=x"),
            Some((500, 7))
        );
        assert_eq!(open("/souk/v1/store/products/?q=lamp&sort=price&expand=a"), Some((500, 7)));
        for other in [
            "/souk/v1/store/products?q=lamp&sort=-price",
            "/souk/v1/store/products?sort=price",
            "/souk/v1/store/categories?q=lamp&sort=price",
        ] {
            assert_eq!(open(other), None, "{other}");
        }
        let stranger = CursorSeal::new(b"another");
        assert_eq!(stranger.position::<(i64, u64)>(&asked, &cursor), None);
        assert_eq!(seal.position::<String>(&asked, &cursor), None, "another kind of position");
    }

    #[test]
    fn no_changed_cursor_is_accepted() {
        let seal = CursorSeal::new(b"secret");
        let asked = get("/souk/v1/store/products");
        let cursor = next_of(&seal.page(&asked, &["1"], Some(&12_u64)));
        for index in 0..cursor.len() {
            let mut changed = cursor.clone().into_bytes();
            changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            assert_eq!(seal.position::<u64>(&asked, &changed), None, "{index}");
        }
        for odd in ["", "A", "é", "====", &cursor[1..], &format!("{cursor}A")] {
            assert_eq!(seal.position::<u64>(&asked, odd), None, "{odd}");
        }
    }

    #[test]
    fn the_last_page_has_no_next_one() {
        let answer = CursorSeal::new(b"secret").page::<u64>(&get("/a"), &[b"{}"; 1], None);
        assert_eq!(answer.text(), r#"{"data":[{}],"next":null}"#);
        let none: [&str; 0] = [];
        let answer = CursorSeal::new(b"secret").page::<u64>(&get("/a"), &none, None);
        assert_eq!(answer.text(), r#"{"data":[],"next":null}"#);
    }
}
