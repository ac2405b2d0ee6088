//! Guests: identified by the key of their cart, which they send as cookie, header, query parameter
//! or body field (contracts README, "Carts").

use super::{App, failure_answer};
use crate::edge::form::{Field, Json, Rule, anything};
use crate::edge::headers::X_CART_KEY;
use crate::edge::{Answer, Form, Request, values};
use cookie::{Cookie, SameSite};
use http::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use sha2::{Digest, Sha256};
use souk_actors::carts::{self, CartKey, GUEST_CART_LIFETIME};
use souk_actors::clock;
use subtle::ConstantTimeEq;

/// The name of the body field, the query parameter and the cookie.
pub(super) const CART_KEY: &str = "cart_key";
/// Random octets in a key.
const RANDOM_BYTES: usize = 16;
/// Octets of the seal in a key.
const SEAL_BYTES: usize = CartKey::BYTES - RANDOM_BYTES;
/// The longest `Cookie` header that is parsed.
const COOKIE_BYTES_MAX: usize = 8 * 1024;

/// Creates and verifies the keys of guests' carts. The seal proves that the shop made a key, so the
/// shop recognises a key before anything is stored under it, and nobody can start a cart under a
/// key of their own making.
pub(super) struct GuestSeal([u8; 32]);

impl GuestSeal {
    /// Derives the seal from the secret that signs tokens.
    pub(super) fn new(jwt_secret: &[u8]) -> Self {
        let digest = Sha256::new().chain_update(b"souk cart keys\0").chain_update(jwt_secret);
        Self(digest.finalize().into())
    }

    fn new_key(&self) -> CartKey {
        let mut bytes = CartKey::random().bytes();
        let seal = self.seal_of(&bytes[..RANDOM_BYTES]);
        bytes[RANDOM_BYTES..].copy_from_slice(&seal);
        CartKey::of_bytes(&bytes)
    }

    fn is_ours(&self, key: &CartKey) -> bool {
        let bytes = key.bytes();
        bool::from(self.seal_of(&bytes[..RANDOM_BYTES]).ct_eq(&bytes[RANDOM_BYTES..]))
    }

    /// Every sealed input has the same length, so an attacker cannot extend one.
    fn seal_of(&self, random: &[u8]) -> [u8; SEAL_BYTES] {
        let digest = Sha256::new().chain_update(self.0).chain_update(random).finalize();
        let mut seal = [0; SEAL_BYTES];
        seal.copy_from_slice(&digest[..SEAL_BYTES]);
        seal
    }
}

/// The cart key that a request presents. A malformed key is ignored.
pub(crate) fn presented_cart_key(request: &Request, form: &mut Form<'_>) -> Option<CartKey> {
    presented_text(request, form).as_deref().and_then(CartKey::parse)
}

/// Whether a request presents a cart key, valid or not.
pub(crate) fn presents_cart_key(request: &Request, form: &mut Form<'_>) -> bool {
    presented_text(request, form).is_some()
}

/// What the client wrote explicitly takes precedence over what a browser adds by itself.
fn presented_text(request: &Request, form: &mut Form<'_>) -> Option<String> {
    let named = |text: &str| !text.is_empty();
    let in_body = cart_key_field(form).parsed().cloned().flatten();
    let in_body = in_body.as_deref().filter(|text| named(text));
    let in_query = request.query(CART_KEY).map(str::trim).filter(|text| named(text));
    let in_header = request.header(X_CART_KEY.as_str()).map(str::trim).filter(|text| named(text));
    in_body.or(in_query).or(in_header).or_else(|| cookie(request)).map(str::to_owned)
}

/// The key in a body. Anything but a text is ignored.
pub(crate) fn cart_key_field(form: &mut Form<'_>) -> Field<Option<String>> {
    let written = anything(|json| match json {
        Json::Text(text) => text.trim().to_owned(),
        _ => String::new(),
    });
    form.nullable(CART_KEY, written.like(values::CART_KEY))
}

/// Whether a header or a cookie has a key, valid or not.
pub(super) fn has_cart_key_header(headers: &HeaderMap) -> bool {
    headers.contains_key(X_CART_KEY) || cookie_of(headers).is_some()
}

fn cookie(request: &Request) -> Option<&str> {
    cookie_of(&request.headers)
}

fn cookie_of(headers: &HeaderMap) -> Option<&str> {
    let header = headers.get(COOKIE)?.to_str().ok()?;
    let header = Some(header).filter(|text| text.len() <= COOKIE_BYTES_MAX)?;
    let mut cookies = Cookie::split_parse(header).filter_map(Result::ok);
    let found = cookies.find(|one| one.name() == CART_KEY && !one.value().is_empty());
    found.and_then(|one| one.value_raw())
}

impl App {
    /// The key under which a guest's request is served: the presented one if the shop issued it,
    /// otherwise a new one. The answer does not tell what was wrong with the presented key.
    ///
    /// # Errors
    /// A failure of the store, as an answer.
    pub(crate) fn guest_key(
        &self,
        request: &Request,
        form: &mut Form<'_>,
    ) -> Result<CartKey, Answer> {
        let known = self.known_guest_key(request, form)?;
        Ok(known.unwrap_or_else(|| self.guests.new_key()))
    }

    /// The presented key, if the shop issued it.
    ///
    /// # Errors
    /// A failure of the store, as an answer.
    pub(super) fn known_guest_key(
        &self,
        request: &Request,
        form: &mut Form<'_>,
    ) -> Result<Option<CartKey>, Answer> {
        let Some(key) = presented_cart_key(request, form) else { return Ok(None) };
        // The store also knows keys that were sealed with an earlier secret.
        let is_known = self.has_issued(&key)
            || carts::of_guest(&*self.shop.store.snapshot(), &key, clock::now())
                .map_err(|error| failure_answer(&error.into()))?
                .is_some();
        Ok(is_known.then_some(key))
    }

    /// Whether the shop issued this key. The guest's cart may still be empty.
    pub(crate) fn has_issued(&self, key: &CartKey) -> bool {
        self.guests.is_ours(key)
    }

    /// The headers that return the key of a cart to browsers and other clients.
    pub(crate) fn cart_key_headers(&self, request: &Request, key: &CartKey) -> CartKeyHeaders {
        let seconds = i64::try_from(GUEST_CART_LIFETIME.as_secs()).unwrap_or(i64::MAX);
        let key = key.as_str();
        let is_secure = request.base_url(self.public_url.as_deref()).starts_with("https://");
        let cookie = Cookie::build((CART_KEY, key))
            .path("/")
            .max_age(cookie::time::Duration::seconds(seconds))
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(is_secure)
            .to_string();
        let value = |text: &str| HeaderValue::from_str(text).expect("digits and plain ASCII");
        CartKeyHeaders { key: value(key), cookie: Some(value(&cookie)) }
    }

    /// Whether this request has the cookie of a guest's cart that is not empty. After a log-in,
    /// such a cart holds what did not fit into the user's cart, so an answer with the user's key
    /// must not overwrite the cookie.
    ///
    /// # Errors
    /// A failure of the store, as an answer.
    pub(crate) fn has_guest_cookie(&self, request: &Request) -> Result<bool, Answer> {
        let Some(key) = cookie(request).and_then(CartKey::parse) else { return Ok(false) };
        let found = carts::of_guest(&*self.shop.store.snapshot(), &key, clock::now());
        Ok(found.map_err(|error| failure_answer(&error.into()))?.is_some())
    }
}

/// The headers with the key of a cart. Handlers add them within the turn, so that a stored answer
/// has them too.
#[derive(Clone, Debug)]
pub(crate) struct CartKeyHeaders {
    key: HeaderValue,
    cookie: Option<HeaderValue>,
}

impl CartKeyHeaders {
    /// Removes the cookie.
    pub(crate) fn without_cookie(self) -> Self {
        Self { cookie: None, ..self }
    }

    /// Adds the headers to an answer.
    pub(crate) fn on(&self, answer: Answer) -> Answer {
        let answer = answer.with_header(X_CART_KEY, self.key.clone());
        match &self.cookie {
            Some(cookie) => answer.with_header(SET_COOKIE, cookie.clone()),
            None => answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Method;

    fn presented(request: &Request) -> Option<CartKey> {
        let mut form = Form::parse(request).expect("a form");
        presented_cart_key(request, &mut form)
    }

    #[test]
    fn recognises_only_its_own_keys() {
        let seal = GuestSeal::new(b"one secret");
        let key = seal.new_key();
        assert!(seal.is_ours(&key));
        assert!(!GuestSeal::new(b"another").is_ours(&key));
        assert!(!seal.is_ours(&CartKey::random()));
        assert_ne!(seal.new_key(), key);
    }

    #[test]
    fn explicit_keys_take_precedence_over_the_cookie() {
        let keys: Vec<_> = (0..4).map(|_| CartKey::random()).collect();
        let [body, query, header, cookie] = [0, 1, 2, 3].map(|at: usize| keys[at].as_str());
        let json = format!(r#"{{"cart_key": "{body}"}}"#);
        let target = format!("/?cart_key={query}");
        let with_cookie = |request: Request| {
            request.with_header("cookie", &format!("a=b; cart_key={cookie}; c=d"))
        };
        let get = |target: &str| with_cookie(Request::test(Method::GET, target));
        assert_eq!(presented(&get("/")).as_ref(), Some(&keys[3]));
        let headed = get("/").with_header("x-cart-key", header);
        assert_eq!(presented(&headed).as_ref(), Some(&keys[2]));
        let queried = get(&target).with_header("x-cart-key", header);
        assert_eq!(presented(&queried).as_ref(), Some(&keys[1]));
        let all = get(&target).with_header("x-cart-key", header).with_json(&json);
        assert_eq!(presented(&all).as_ref(), Some(&keys[0]));
        // An empty field counts as absent; a malformed one is ignored together with the cookie.
        assert_eq!(presented(&get("/").with_json(r#"{"cart_key": ""}"#)).as_ref(), Some(&keys[3]));
        assert_eq!(
            presented(&get("/").with_json(r#"{"cart_key": null}"#)).as_ref(),
            Some(&keys[3])
        );
        assert_eq!(presented(&get("/").with_json(r#"{"cart_key": "abc"}"#)), None);
        assert_eq!(presented(&Request::test(Method::GET, "/")), None);
    }
}
