//! The transport: one request over one connection, and an answer whose every part is bounded.
//!
//! Replaces the client of `async-stripe`, which reads bodies of any length into memory.

use crate::client::SetUpError;
use crate::key::SecretKey;
use crate::limits::{ANSWER_BYTES_MAX, ANSWER_HEAD_BYTES_MAX, ANSWER_HEADERS_MAX};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::header::{
    AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, USER_AGENT,
};
use hyper::{Method, Request, StatusCode};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use stripe_client_core::{
    CustomizedStripeRequest, RequestBuilder, RequestStrategy, StripeClient, StripeClientErr,
    StripeMethod, VERSION,
};
use stripe_shared::ApiErrors;
use url::Url;

const STRIPE: &str = "https://api.stripe.com/";
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");
const STRIPE_VERSION: HeaderName = HeaderName::from_static("stripe-version");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const NAME: HeaderValue = HeaderValue::from_static(concat!("Souk/", env!("CARGO_PKG_VERSION")));

/// Why an attempt returned no object. No variant contains a key or a client secret, except in what
/// [`TransportError::Reported`] quotes from Stripe.
#[derive(Debug)]
pub(crate) enum TransportError {
    /// The request could not be encoded: a bug of ours.
    Unwritable,
    /// No connection was made; nothing was sent.
    NotConnected,
    /// The connection broke after the request was sent.
    ConnectionLost,
    /// No answer came in time.
    TimedOut,
    /// The answer exceeds the length limit.
    TooLong,
    /// The answer cannot be parsed.
    Unreadable {
        /// Its HTTP status; `None` if the status reported success.
        status: Option<u16>,
    },
    /// The error that Stripe reported, with its HTTP status.
    Reported(Box<ApiErrors>, u16),
}

impl StripeClientErr for TransportError {
    fn deserialize_err(_: impl Display) -> Self {
        Self::Unreadable { status: None }
    }
}

/// The connection settings of one account at Stripe. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Transport {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    base: String,
    authorization: HeaderValue,
    /// The `Date` of the last answer that had one.
    last_date: Arc<Mutex<Option<SystemTime>>>,
}

impl Transport {
    pub(crate) fn new(key: &SecretKey, base: Option<Url>) -> Result<Self, SetUpError> {
        let bearer = format!("Bearer {}", key.reveal());
        let mut authorization = HeaderValue::try_from(bearer).map_err(|_| SetUpError)?;
        authorization.set_sensitive(true);
        let connector = HttpsConnectorBuilder::new();
        let connector = connector.with_webpki_roots().https_or_http().enable_http1().build();
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .retry_canceled_requests(false)
            .http1_max_headers(ANSWER_HEADERS_MAX)
            .http1_max_buf_size(ANSWER_HEAD_BYTES_MAX)
            .build(connector);
        let base = base.map_or_else(|| STRIPE.to_owned(), String::from);
        Ok(Self { client, base, authorization, last_date: Arc::default() })
    }

    /// The `Date` of the last answer, whatever its result.
    pub(crate) fn last_date(&self) -> Option<SystemTime> {
        *self.last_date.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn request(
        &self,
        asked: RequestBuilder,
        strategy: Option<RequestStrategy>,
    ) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        let query = asked.query.map(|query| format!("?{query}")).unwrap_or_default();
        let method = match asked.method {
            StripeMethod::Get => Method::GET,
            StripeMethod::Post => Method::POST,
            StripeMethod::Delete => Method::DELETE,
        };
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}v1{}{query}", self.base, asked.path))
            .header(AUTHORIZATION, self.authorization.clone())
            .header(USER_AGENT, NAME)
            .header(STRIPE_VERSION, VERSION.as_str());
        if let Some(RequestStrategy::Idempotent(key)) = strategy {
            request = request.header(IDEMPOTENCY_KEY, key.as_str());
        }
        if asked.body.is_some() {
            request = request.header(CONTENT_TYPE, FORM);
        }
        request.body(Full::new(Bytes::from(asked.body.unwrap_or_default())))
    }

    async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<(StatusCode, Bytes), TransportError> {
        let answer = self.client.request(request).await.map_err(|error| {
            if error.is_connect() {
                TransportError::NotConnected
            } else {
                TransportError::ConnectionLost
            }
        })?;
        let status = answer.status();
        if let Some(date) = date_of(answer.headers()) {
            *self.last_date.lock().unwrap_or_else(PoisonError::into_inner) = Some(date);
        }
        let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX);
        let read = body.collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                TransportError::TooLong
            } else {
                TransportError::ConnectionLost
            }
        })?;
        Ok((status, read.to_bytes()))
    }
}

/// The `Date` of an answer, by the sender's clock, in whole seconds.
fn date_of(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()
}

impl StripeClient for Transport {
    type Err = TransportError;

    /// Makes one attempt; the caller decides about retries.
    async fn execute(&self, asked: CustomizedStripeRequest) -> Result<Bytes, TransportError> {
        let (asked, with) = asked.into_pieces();
        let time = with.timeout.unwrap_or(Duration::ZERO);
        let request = self.request(asked, with.request_strategy);
        let request = request.map_err(|_| TransportError::Unwritable)?;
        let sending = tokio::time::timeout(time, self.send(request));
        let (status, body) = sending.await.unwrap_or(Err(TransportError::TimedOut))?;
        if status.is_success() {
            return Ok(body);
        }
        let unreadable = || TransportError::Unreadable { status: Some(status.as_u16()) };
        let text = std::str::from_utf8(&body).map_err(|_| unreadable())?;
        let body: stripe_shared::Error =
            miniserde::json::from_str(text).map_err(|_| unreadable())?;
        Err(TransportError::Reported(body.error, status.as_u16()))
    }
}
