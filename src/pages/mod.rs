//! Pages for browsers. They need no script, load nothing from other hosts, and share one layout. A
//! page may be private to its reader, so no other page may frame it, no cache stores it, and its
//! links send no referrer.
//!
//! The templates are in `templates`, and every value in them is escaped. `src/app` and
//! `src/contracts/souk/pages` decide who sees which page.

use crate::edge::{Answer, standard};
use base64ct::{Base64, Encoding};
use bytes::Bytes;
use http::StatusCode;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY,
    X_FRAME_OPTIONS,
};
use minijinja::Environment;
use minijinja::value::{Serde, Value, merge_maps};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

const STYLE: &str = include_str!("style.css");
const LAYOUT: &str = "layout.html";
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const X_ROBOTS_TAG: HeaderName = HeaderName::from_static("x-robots-tag");

macro_rules! templates {
    ($($file:literal),* $(,)?) => {
        const TEMPLATES: &[(&str, &str)] =
            &[$(($file, include_str!(concat!("templates/", $file)))),*];
    };
}

templates!(
    "layout.html",
    "landing.html",
    "message.html",
    "new_password.html",
    "ask_for_link.html",
    "order.html",
    "sandbox.html",
);

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    // minijinja's own escaping also replaces slashes, which makes addresses hard to read.
    environment.set_formatter(|out, _, value| match value.is_safe() {
        true => Ok(write!(out, "{value}")?),
        false if value.is_none() || value.is_undefined() => Ok(()),
        false => Ok(out.write_str(&escaped(&value.to_string()))?),
    });
    for (name, source) in TEMPLATES {
        let added = environment.add_template(name, source);
        added.expect("the templates are part of the program, and a test parses them");
    }
    environment
});

/// Escapes a text for use as text: within an element, or in a quoted attribute.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for one in text.chars() {
        match one {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

static STYLE_DIGEST: LazyLock<String> =
    LazyLock::new(|| Base64::encode_string(&Sha256::digest(STYLE)));

/// A page: the content within the layout.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page<'a> {
    /// The name of the shop.
    pub(crate) shop_name: &'a str,
    /// The title of the page.
    pub(crate) title: &'a str,
    /// The name of a file in `templates`.
    pub(crate) template: &'static str,
}

/// The values that the layout shows around a page.
#[derive(Serialize)]
struct Layout<'a> {
    shop_name: &'a str,
    title: &'a str,
    is_private: bool,
}

/// A page with a heading and a message.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Message {
    /// The text of the message.
    pub(crate) paragraphs: Vec<String>,
    /// An optional link to continue with.
    pub(crate) link: Option<Link>,
}

/// A link within the shop.
#[derive(Debug, Serialize)]
pub(crate) struct Link {
    /// A path of the shop.
    pub(crate) path: &'static str,
    /// The text of the link.
    pub(crate) text: &'static str,
}

impl Page<'_> {
    /// Renders a page for one reader. Search engines must not index it.
    pub(crate) fn private(self, status: StatusCode, values: &impl Serialize) -> Answer {
        let answer = self.answer(status, values, true);
        answer.with_header(X_ROBOTS_TAG, HeaderValue::from_static("noindex, nofollow"))
    }

    /// Renders a page for everybody.
    pub(crate) fn public(self, status: StatusCode, values: &impl Serialize) -> Answer {
        self.answer(status, values, false)
    }

    fn answer(self, status: StatusCode, values: &impl Serialize, is_private: bool) -> Answer {
        match self.render(values, is_private) {
            Ok(html) => Answer::bytes(status, HTML, Bytes::from(html))
                .with_header(CONTENT_SECURITY_POLICY, policy(&[]))
                .with_header(REFERRER_POLICY, HeaderValue::from_static("no-referrer"))
                .with_header(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"))
                .with_header(CACHE_CONTROL, HeaderValue::from_static("no-store")),
            Err(error) => {
                tracing::error!(%error, template = self.template, "a page could not be written");
                standard::internal_error()
            }
        }
    }

    fn render(self, values: &impl Serialize, is_private: bool) -> Result<String, minijinja::Error> {
        let Self { shop_name, title, template } = self;
        let around = Value::from(Serde(Layout { shop_name, title, is_private }));
        let own = Value::from(Serde(values));
        let body = ENVIRONMENT.get_template(template)?.render(merge_maps([own, around.clone()]))?;
        let body = Value::from_pairs([
            ("body", Value::from_safe_string(body)),
            ("style", Value::from_safe_string(STYLE.to_owned())),
        ]);
        ENVIRONMENT.get_template(LAYOUT)?.render(merge_maps([body, around]))
    }
}

/// The Content-Security-Policy of a page. It may use its own style, and post its forms to this host
/// and to the `origins` to which the answer may redirect, because browsers apply the rule for forms
/// to redirects as well.
pub(crate) fn policy(origins: &[String]) -> HeaderValue {
    let digest = STYLE_DIGEST.as_str();
    let form_action: String = origins.iter().map(|origin| format!(" {origin}")).collect();
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{digest}'; img-src data:; \
         form-action 'self'{form_action}; base-uri 'none'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).expect("words, base 64 and origins are visible ASCII")
}

/// A page in place of an API refusal. The answer keeps its other headers, such as `Retry-After`.
pub(crate) fn refusal_page(answer: Answer, shop_name: &str) -> Answer {
    let (title, text) = match answer.status {
        StatusCode::NOT_FOUND => ("Not found", "There is nothing at this address any more."),
        StatusCode::TOO_MANY_REQUESTS => {
            ("Too many attempts", "Please wait a little, then try again.")
        }
        status if status.is_server_error() => {
            ("Not just now", "The shop cannot do this at the moment. Please try again soon.")
        }
        _ => ("This did not work", "The shop does not understand this request."),
    };
    let message = Message { paragraphs: vec![text.to_owned()], link: None };
    let page = Page { shop_name, title, template: "message.html" };
    let mut page = page.private(answer.status, &message);
    for (name, value) in answer.headers.into_iter().filter(|(name, _)| *name != CONTENT_TYPE) {
        page = page.with_header(name, value);
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn page(template: &'static str, values: &serde_json::Value) -> Answer {
        let page = Page { shop_name: "A <b> & C", title: "A \"title\"", template };
        page.private(StatusCode::OK, values)
    }

    #[test]
    fn every_template_renders_and_escapes_its_values() {
        let evil = "<script>alert(1)</script>\"'> onload=x";
        let values = json!({
            "paragraphs": [evil], "link": {"path": evil, "text": evil}, "docs": evil,
            "contracts": [{"path": evil, "name": evil, "summary": evil}], "health": evil,
            "ready": evil, "reset": evil, "version": evil, "error": evil, "action": evil,
            "uid": evil, "token": evil, "characters_min": 8, "characters_max": 128,
            "password_error": evil, "repeated_error": evil, "email": evil, "email_error": evil,
            "is_open": true, "session": evil, "ending": evil,
            "order": {"number": evil, "placed_on": evil, "status": evil, "payment": evil,
                "total": evil, "currency": evil, "refunded": evil,
                "lines": [{"quantity": 2, "name": evil, "unit_price": evil, "subtotal": evil}]},
        });
        for (template, _) in TEMPLATES.iter().filter(|(name, _)| *name != LAYOUT) {
            let answer = page(template, &values);
            assert_eq!(answer.status, 200, "{template}");
            let html = answer.text();
            assert!(!html.contains("<script") && !html.contains("A <b>"), "{template}: {html}");
            assert!(html.contains("A &lt;b&gt; &amp; C"), "{template}: {html}");
            assert!(!html.contains("\"'>") && !html.contains("\" onload"), "{template}: {html}");
            assert!(!html.contains("http://") && !html.contains("https://"), "{template}");
            assert!(!html.contains("style=\""), "{template} has a style of its own");
        }
    }

    #[test]
    fn the_policy_allows_the_style_of_the_layout_and_nothing_else() {
        let answer = page("message.html", &json!({"paragraphs": []}));
        let style =
            answer.text().split("<style>").nth(1).and_then(|it| it.split("</style>").next());
        let digest = Base64::encode_string(&Sha256::digest(style.expect("a style")));
        let policy = answer.header("content-security-policy");
        assert!(policy.contains(&format!("style-src 'sha256-{digest}'")), "{policy}");
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("x-robots-tag"), "noindex, nofollow");
    }

    #[test]
    fn a_refusal_becomes_a_page_and_keeps_its_headers() {
        let page = refusal_page(standard::too_many_requests(7), "Souk");
        assert_eq!((page.status.as_u16(), page.header("retry-after")), (429, "7"));
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert!(page.text().contains("Too many attempts"), "{}", page.text());
    }
}
