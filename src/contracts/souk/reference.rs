//! The descriptions of the contracts and events, and a page on which to read and try the contracts.
//! The page loads everything from this binary, nothing from other hosts.

use crate::app::App;
use crate::edge::openapi::{self, Contract};
use crate::edge::{Answer, Call, standard};
use base64ct::{Base64, Encoding};
use bytes::Bytes;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderValue};
use sha2::{Digest, Sha256};
use souk_actors::outbox;
use std::sync::Arc;
use swagger_ui_redist::{SwaggerUi, SwaggerUiStaticFile, Url};

/// The path of the page's own files.
const FILES: &str = "/docs/";
const KEPT_BY_BROWSERS: HeaderValue = HeaderValue::from_static("public, max-age=86400");

pub(super) async fn describe(app: Arc<App>, call: Call) -> Result<Answer, Answer> {
    let contract = app
        .contracts
        .iter()
        .find(|contract| call.request.path == contract.description_path)
        .ok_or_else(standard::not_found)?;
    let base_url = call.request.base_url(app.public_url.as_deref());
    let currency = app.shop.settings.currency;
    Ok(Answer::ok(&openapi::document(contract, app.router.operations(), base_url, currency)))
}

pub(super) async fn show_page(app: Arc<App>, _: Call) -> Answer {
    let mut page = SwaggerUi::new();
    page.title("Souk: the contracts");
    for file in SwaggerUiStaticFile::all() {
        page.override_file_path(*file, format!("{FILES}{}", file.file_name()));
    }
    let url = |contract: &Contract| Url::new(contract.name, contract.description_path);
    let urls: Vec<_> = app.contracts.iter().map(url).collect();
    page.config().urls(urls).deep_linking(true).try_it_out_enabled(true).filter(true);
    // Disables the external validator: the description stays on this host.
    page.config().validator_url("none");
    let page = match page.serve() {
        Ok(page) => page,
        Err(error) => {
            tracing::error!(%error, "the reference page could not be written");
            return standard::internal_error();
        }
    };
    let policy = policy(&page);
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    Answer::bytes(StatusCode::OK, html, page.into()).with_header(CONTENT_SECURITY_POLICY, policy)
}

/// Only the page's own script may run, and it may call only this host.
fn policy(page: &str) -> HeaderValue {
    let script = page.split("<script>").nth(1).and_then(|rest| rest.split("</script>").next());
    let digest = Base64::encode_string(&Sha256::digest(script.unwrap_or_default()));
    let policy = format!(
        "default-src 'none'; script-src 'self' 'sha256-{digest}'; style-src 'self' \
         'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; \
         form-action 'self'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).expect("words and base 64 are visible ASCII")
}

pub(super) async fn show_file(_: Arc<App>, call: Call) -> Result<Answer, Answer> {
    let name = call.params.get("file").unwrap_or_default();
    let (_, content) = SwaggerUi::static_files()
        .iter()
        .find(|(file, _)| file.file_name() == name)
        .ok_or_else(standard::not_found)?;
    let content_type = match name.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        _ => "image/png",
    };
    let content_type = HeaderValue::from_static(content_type);
    let answer = Answer::bytes(StatusCode::OK, content_type, Bytes::from_static(content));
    Ok(answer.with_header(CACHE_CONTROL, KEPT_BY_BROWSERS))
}

/// The JSON Schema that an event's `dataschema` names: `urn:souk:schema:<name>` is
/// `/schemas/<name>.json`.
pub(super) async fn show_schema(_: Arc<App>, call: Call) -> Result<Answer, Answer> {
    let file = call.params.get("schema").unwrap_or_default();
    let schema = file.strip_suffix(".json").and_then(outbox::schema);
    let content = schema.ok_or_else(standard::not_found)?.to_string();
    let content_type = HeaderValue::from_static("application/schema+json");
    let answer = Answer::bytes(StatusCode::OK, content_type, Bytes::from(content));
    Ok(answer.with_header(CACHE_CONTROL, KEPT_BY_BROWSERS))
}
