//! The shop's start page: HTML for browsers, and the same addresses as JSON for programs.

use crate::app::App;
use crate::edge::{Answer, Call, VARY_BY_ACCEPT};
use crate::pages::Page;
use http::StatusCode;
use http::header::VARY;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

const VERSION: &str = env!("CARGO_PKG_VERSION");
const DOCS: &str = "/docs";
const HEALTH: &str = "/healthz";
const READY: &str = "/readyz";

/// The addresses as JSON, for programs.
#[derive(Serialize)]
struct IndexBody<'a> {
    name: &'a str,
    version: &'static str,
    docs: &'static str,
    openapi: BTreeMap<&'static str, &'static str>,
    health: &'static str,
    ready: &'static str,
}

/// The addresses as a page, for browsers.
#[derive(Serialize)]
struct IndexPage {
    version: &'static str,
    docs: &'static str,
    health: &'static str,
    ready: &'static str,
    reset: &'static str,
    contracts: Vec<ContractLink>,
}

#[derive(Serialize)]
struct ContractLink {
    name: &'static str,
    path: &'static str,
    summary: &'static str,
}

pub(super) async fn show(app: Arc<App>, call: Call) -> Answer {
    let answer = match call.request.prefers_html() {
        true => page(&app),
        false => {
            let openapi =
                app.contracts.iter().map(|one| (one.name, one.description_path)).collect();
            let (name, version) = (app.shop_name.as_str(), VERSION);
            let (docs, health, ready) = (DOCS, HEALTH, READY);
            Answer::ok(&IndexBody { name, version, docs, openapi, health, ready })
        }
    };
    answer.with_header(VARY, VARY_BY_ACCEPT)
}

fn page(app: &App) -> Answer {
    let contracts = app.contracts.iter().map(|contract| ContractLink {
        name: contract.name,
        path: contract.description_path,
        summary: contract.summary,
    });
    let index = IndexPage {
        version: VERSION,
        docs: DOCS,
        health: HEALTH,
        ready: READY,
        reset: super::reset::ASK_PATH,
        contracts: contracts.collect(),
    };
    let page = Page { shop_name: &app.shop_name, title: "Welcome", template: "landing.html" };
    page.public(StatusCode::OK, &index)
}
