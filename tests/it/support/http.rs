//! HTTP requests and answers. A wrong answer fails the test and prints the request and the answer.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Client, Method};
use serde_json::Value;

/// The address of one shop. Clones stay valid when the shop restarts on another port.
#[derive(Clone)]
pub(crate) struct Door {
    client: Client,
    base: Arc<Mutex<String>>,
}

/// A request that is being built.
pub(crate) struct Ask {
    door: Door,
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    request: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Door {
    pub(crate) fn new() -> Self {
        let client = Client::builder()
            .timeout(Duration::from_secs(60))
            // A redirect is an answer like any other; do not follow it.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("an HTTP client can be made");
        Self { client, base: Arc::default() }
    }

    /// `http://ADDRESS` of the running shop.
    pub(crate) fn base(&self) -> String {
        self.base.lock().expect("nobody panics while holding the address").clone()
    }

    pub(crate) fn moved_to(&self, base: &str) {
        base.clone_into(&mut self.base.lock().expect("nobody panics while holding the address"));
    }

    pub(crate) fn ask(&self, method: &str, path: &str) -> Ask {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        Ask { door: self.clone(), method, path: path.to_owned(), headers: Vec::new(), body: None }
    }
}

impl Ask {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.raw("application/json", body.to_string())
    }

    pub(crate) fn raw(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self.header("Content-Type", content_type)
    }

    /// A body without a content type.
    pub(crate) fn raw_untyped(mut self, body: &str) -> Self {
        self.body = Some(body.into());
        self
    }

    pub(crate) async fn send(self) -> Answer {
        self.attempt().await.unwrap_or_else(|error| panic!("no answer: {error}"))
    }

    /// For tests in which the shop may die during the request.
    pub(crate) async fn attempt(self) -> Result<Answer, String> {
        let body = self.body.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
        let request = format!("{} {} {}", self.method, self.path, shortened(&body));
        // A URL from the server (such as a next page) is used unchanged.
        let url = match self.path.starts_with("http://") {
            true => self.path.clone(),
            false => format!("{}{}", self.door.base(), self.path),
        };

        let mut builder = self.door.client.request(self.method, url);
        for (name, value) in &self.headers {
            builder = builder.header(name, value);
        }
        if let Some(body) = self.body {
            builder = builder.body(body);
        }
        let failed = |error: reqwest::Error| format!("{request}: {error:?}");
        let response = builder.send().await.map_err(failed)?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.map_err(failed)?;
        Ok(Answer { request, status, headers, text })
    }
}

impl Answer {
    /// The body, if the status is this one.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self}");
        self.json()
    }

    /// Exactly this status and exactly this body.
    #[track_caller]
    pub(crate) fn says(&self, status: u16, body: Value) {
        assert_eq!(self.status, status, "expected {body}\n{self}");
        assert_eq!(self.json(), body, "{self}");
    }

    /// The body reports errors for exactly these fields, whatever the messages.
    #[track_caller]
    pub(crate) fn blames(&self, status: u16, fields: &[&str]) {
        let body = self.expect(status);
        let mut blamed: Vec<&str> =
            body.as_object().into_iter().flat_map(|map| map.keys()).map(String::as_str).collect();
        let mut fields = fields.to_vec();
        blamed.sort_unstable();
        fields.sort_unstable();
        assert_eq!(blamed, fields, "{self}");
        for field in fields {
            let said = match &body[field] {
                Value::Array(messages) => messages.first().unwrap_or(&Value::Null),
                nested => nested,
            };
            let explained =
                said.as_str().is_some_and(|message| !message.is_empty()) || said.is_object();
            assert!(explained, "{field} has no messages: {self}");
        }
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        match self.text.is_empty() {
            true => Value::Null,
            false => serde_json::from_str(&self.text)
                .unwrap_or_else(|error| panic!("no JSON ({error}): {self}")),
        }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    pub(crate) fn is_replay(&self) -> bool {
        self.header("Idempotent-Replayed") == "true"
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "\n  asked    {}\n  answered {} {}",
            self.request,
            self.status,
            shortened(&self.text)
        )
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(2_000).collect()
}
