//! Addresses to which a customer may be redirected. Such an address is used in a `Location` header
//! and in a browser, so it is checked exactly as written and never corrected.

use super::errors::Problem;
use super::rule::{Rule, rule};
use super::texts::{NOT_A_STRING, Sent, string};
use schemars::{Schema, json_schema};
use url::Url;

/// The gateway replaces this by the id of its session.
const SESSION_ID: &str = "{CHECKOUT_SESSION_ID}";
const CHARACTERS_MAX: usize = 2_000;
/// Visible ASCII characters that are not allowed in an address, or that browsers read as something
/// else.
const FOREIGN_CHARACTERS: &[char] = &['\\', '"', '<', '>', '^', '`', '|', '{', '}'];

/// The error for an invalid address.
#[derive(Debug, thiserror::Error)]
#[error(
    "Enter an absolute http or https address of at most {CHARACTERS_MAX} characters, without a \
     user name, white space or line breaks."
)]
pub(crate) struct NotAReturnAddress;

/// An absolute `http` or `https` address without user information, in visible ASCII.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReturnAddress {
    text: String,
    origin: String,
}

impl ReturnAddress {
    /// Reads an address.
    ///
    /// # Errors
    /// The error if the address is invalid.
    pub(crate) fn parse(text: &str) -> Result<Self, NotAReturnAddress> {
        Self::read(text).ok_or(NotAReturnAddress)
    }

    fn read(text: &str) -> Option<Self> {
        let is_plain = text.len() <= CHARACTERS_MAX
            && text.bytes().all(|octet| octet.is_ascii_graphic())
            && !text.replace(SESSION_ID, "").contains(FOREIGN_CHARACTERS);
        let (scheme, rest) = text.split_once("://").filter(|_| is_plain)?;
        let is_web = ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if !is_web || authority.is_empty() || authority.contains(['@', '{', '%']) {
            return None;
        }
        let origin = Url::parse(text).ok()?.origin();
        let origin = Some(origin).filter(url::Origin::is_tuple)?.ascii_serialization();
        Some(Self { text: text.to_owned(), origin })
    }

    /// The address as it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Scheme, host and port, as in a browser's `Origin` header.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }
}

/// A field with an address to redirect a customer to.
pub(crate) fn return_address() -> impl Rule<Value = ReturnAddress> {
    rule(schema, |json| {
        let Sent { text, surrogate } = string(json, NOT_A_STRING)?;
        let address = ReturnAddress::parse(&text);
        let fault = address.as_ref().err().map(|error| error.to_string().into());
        Problem::unless_empty([surrogate, fault])?;
        address.map_err(|error| error.to_string().into())
    })
}

fn schema() -> Schema {
    json_schema!({
        "type": "string",
        "format": "uri",
        "maxLength": CHARACTERS_MAX,
        "pattern": "^[hH][tT][tT][pP][sS]?://[!-~]+$",
        "examples": ["https://shop.example/thanks?session_id={CHECKOUT_SESSION_ID}"],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_web_addresses_as_they_are_written() {
        for (text, origin) in [
            ("https://shop.example", "https://shop.example"),
            ("https://shop.example/thanks?a=b#done", "https://shop.example"),
            ("HTTPS://Shop.Example:443/", "https://shop.example"),
            ("http://localhost:3000/#/thanks", "http://localhost:3000"),
            ("http://[::1]:3000/", "http://[::1]:3000"),
            ("https://shop.example/{CHECKOUT_SESSION_ID}", "https://shop.example"),
            ("https://shop.example/?to=a@b&s={CHECKOUT_SESSION_ID}", "https://shop.example"),
        ] {
            let address = ReturnAddress::parse(text).expect(text);
            assert_eq!((address.as_str(), address.origin()), (text, origin));
        }
    }

    #[test]
    fn refuses_addresses_that_browsers_could_read_differently() {
        for text in [
            "",
            "/thanks",
            "//evil.example",
            "shop.example/thanks",
            "javascript:alert(1)",
            "javascript://shop.example/%0aalert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "ftp://shop.example/",
            "https:shop.example",
            "https:/shop.example",
            "https://",
            "https:///shop.example",
            "https://user@shop.example/",
            "https://user:password@shop.example/",
            "https://@shop.example/",
            "https://shop.example@evil.example/",
            "https://shop.example\\@evil.example/",
            "https://shop.example/\r\nSet-Cookie: a=b",
            "https://shop.example/\n",
            "\thttps://shop.example/",
            " https://shop.example/",
            "https://shop.example/a b",
            "https://shop.example/\u{2028}",
            "https://shöp.example/",
            "https://shop.example/{session}",
            "https://{CHECKOUT_SESSION_ID}/",
            "https://shop%2eexample/",
            "https://shop.example:99999/",
            "https://shop.example/\"onload",
        ] {
            assert!(ReturnAddress::parse(text).is_err(), "{text:?}");
        }
        let long = format!("https://shop.example/{}", "a".repeat(CHARACTERS_MAX));
        assert!(ReturnAddress::parse(&long).is_err());
    }
}
