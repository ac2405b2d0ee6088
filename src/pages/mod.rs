//! What a browser is served: pages that work without a script, name no other host, and have one
//! layout. A page holds what only its reader should see, so no other page may frame it, no cache
//! keeps it, and no link tells where it was.
//!
//! Templates lie in `templates`, and every value in them is escaped. Who shows which page and why,
//! `src/app` decides.

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
    // minijinja's own escaping also changes slashes, which makes addresses hard to read.
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

/// The text where only text is meant: in an element, or in an attribute with quotes.
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

/// A page: what is shown within the layout.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page<'a> {
    /// How the shop calls itself.
    pub(crate) shop_name: &'a str,
    /// What the page is about.
    pub(crate) title: &'a str,
    /// The file in `templates`.
    pub(crate) template: &'static str,
}

/// What the layout shows around a page.
#[derive(Serialize)]
struct Around<'a> {
    shop_name: &'a str,
    title: &'a str,
    is_private: bool,
}

/// One heading and what there is to say, on a page of its own.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Message {
    /// What there is to say.
    pub(crate) paragraphs: Vec<String>,
    /// Where to go from here.
    pub(crate) link: Option<Link>,
}

/// A link within the shop.
#[derive(Debug, Serialize)]
pub(crate) struct Link {
    /// A path of the shop.
    pub(crate) path: &'static str,
    /// What it leads to.
    pub(crate) text: &'static str,
}

impl Page<'_> {
    /// A page for one reader: search engines are asked to leave it alone.
    pub(crate) fn private(self, status: StatusCode, values: &impl Serialize) -> Answer {
        let answer = self.answer(status, values, true);
        answer.with_header(X_ROBOTS_TAG, HeaderValue::from_static("noindex, nofollow"))
    }

    /// A page for everybody.
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
        let around = Value::from(Serde(Around { shop_name, title, is_private }));
        let own = Value::from(Serde(values));
        let body = ENVIRONMENT.get_template(template)?.render(merge_maps([own, around.clone()]))?;
        let body = Value::from_pairs([
            ("body", Value::from_safe_string(body)),
            ("style", Value::from_safe_string(STYLE.to_owned())),
        ]);
        ENVIRONMENT.get_template(LAYOUT)?.render(merge_maps([body, around]))
    }
}

/// What a page may do: show its own style, and post its forms to this host and to what may follow
/// there (`origins`), because browsers hold a redirect after a form to the same rule.
pub(crate) fn policy(origins: &[String]) -> HeaderValue {
    let digest = STYLE_DIGEST.as_str();
    let form_action: String = origins.iter().map(|origin| format!(" {origin}")).collect();
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{digest}'; img-src data:; \
         form-action 'self'{form_action}; base-uri 'none'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).expect("words, base 64 and origins are visible ASCII")
}

/// The page that says what an answer of the API refuses. Its other headers stay: `Retry-After`,
/// for one.
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
    fn every_template_can_be_filled_and_escapes_what_it_is_given() {
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
