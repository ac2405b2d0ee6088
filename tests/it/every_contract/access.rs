//! Tests every cell of docs/access.md against a running shop. A test beside the routes checks that every route has a
//! row.

mod requests;
pub(super) mod table;
mod world;

use crate::support::Answer;
use serde_json::json;

use requests::Question;
use table::{CALLERS, Caller, Row, contracts, rows_of};
use world::World;

#[tokio::test]
async fn classic_answers_each_caller_as_the_table_says() {
    expect_rows_of("classic").await;
}

#[tokio::test]
async fn minimal_answers_each_caller_as_the_table_says() {
    expect_rows_of("minimal").await;
}

#[tokio::test]
async fn services_answers_each_caller_as_the_table_says() {
    expect_rows_of("services").await;
}

#[tokio::test]
async fn storefront_answers_each_caller_as_the_table_says() {
    expect_rows_of("storefront").await;
}

#[tokio::test]
async fn platform_answers_each_caller_as_the_table_says() {
    expect_rows_of("platform").await;
}

#[tokio::test]
async fn the_sandbox_and_the_operators_pages_answer_as_the_table_says() {
    expect_rows_of("sandbox").await;
    expect_rows_of("integrations").await;
    expect_rows_of("operations").await;
}

#[tokio::test]
async fn souks_own_api_answers_each_caller_as_the_table_says() {
    expect_rows_of("souk").await;
}

#[tokio::test]
async fn refunds_answer_each_caller_as_the_table_says() {
    expect_rows_of("refunds").await;
}

#[test]
fn every_row_of_the_table_is_asked() {
    let tests = include_str!("access.rs");
    let is_asked = |contract: &String| tests.contains(&format!("expect_rows_of(\"{contract}\")"));
    let unasked: Vec<_> = contracts().into_iter().filter(|contract| !is_asked(contract)).collect();
    assert!(unasked.is_empty(), "no test here asks the rows of {unasked:?}");
}

#[tokio::test]
async fn the_pages_answer_everybody_as_the_table_says() {
    expect_rows_of("pages").await;
}

async fn expect_rows_of(contract: &str) {
    let mut world = World::open().await;
    let mut wrong = Vec::new();
    for row in rows_of(contract) {
        for caller in CALLERS {
            let question = Question::prepare(&world, &row, caller).await;
            let answer = question.ask().await.send().await;
            wrong.extend(difference(&row, caller, &answer));
            if answer.status == 404
                && let Some(ask) = question.ask_about_nothing().await
            {
                let absent = ask.send().await;
                let same = absent.status == 404
                    && absent.text == answer.text
                    && names(&absent) == names(&answer);
                if !same {
                    wrong.push(format!("{caller:?} sees whether it is there:{answer}{absent}"));
                }
            }
        }
        wrong.extend(head_and_options(&world, &row).await);
    }
    assert!(wrong.is_empty(), "{} cells of {contract} differ:\n{}", wrong.len(), wrong.join("\n"));
    world.shop.stop().await;
    world.shop.check();
}

fn difference(row: &Row, caller: Caller, answer: &Answer) -> Option<String> {
    let status = row.status_for(caller);
    let told_how = status != 401 || answer.header("WWW-Authenticate").starts_with("Bearer");
    if answer.status == status && told_how {
        return None;
    }
    Some(format!("{} {}, {caller:?}: not {status}:{answer}", row.contract, row.operation()))
}

/// The names of the headers, sorted.
fn names(answer: &Answer) -> Vec<String> {
    answer.headers.keys().map(ToString::to_string).collect()
}

/// `HEAD` answers as `GET` without a body; `OPTIONS` names the method, for every caller.
async fn head_and_options(world: &World, row: &Row) -> Option<String> {
    if row.method == "GET" {
        let head = Question::prepare(world, row, Caller::Owner).await;
        let head = head.ask_with("HEAD").send().await;
        if head.status != row.status_for(Caller::Owner) || !head.text.is_empty() {
            return Some(format!("HEAD {}:{head}", row.path));
        }
    }
    let options = Question::prepare(world, row, Caller::Nobody).await;
    let options = options.ask_with("OPTIONS").send().await;
    let allowed = options.header("Allow").split(", ").any(|method| method == row.method);
    let is_plain = options.status == 200 && options.json() == json!({});
    (!allowed || !is_plain).then(|| format!("OPTIONS {}:{options}", row.path))
}
