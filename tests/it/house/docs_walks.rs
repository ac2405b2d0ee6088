//! The pages about the contracts are true: every command on them runs unchanged, in order, and every printed answer
//! equals the real one. All other pages are in docs_pages.rs.

use crate::support;
use std::fs;
use std::process::Command;

use crate::support::{Shop, eventually};
use serde_json::{Value, json};

/// The commands that every page requires before its walk.
const START: &str = "```console
$ echo 'a good password' | souk admin create --username boss --email boss@example.com
$ souk serve
```";
const ADMIN: [&str; 3] = ["boss", "boss@example.com", "a good password"];

/// Placeholder on a page for values that always differ.
const CUT: &str = "…";

/// Printed between the commands of two blocks.
const SEPARATOR: &str = "=====";

/// Commands to paste, and the answer printed under them.
struct Block {
    commands: String,
    answer: Option<String>,
}

#[tokio::test(flavor = "multi_thread")]
async fn the_walk_through_classic() {
    expect_walk("classic", 10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_walk_through_minimal() {
    expect_walk("minimal", 10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_walk_through_services() {
    expect_walk("services", 10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_walk_through_storefront() {
    expect_walk("storefront", 50).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_walk_through_platform() {
    expect_walk("platform", 100).await;
}

#[test]
fn every_walk_starts_a_shop_as_the_others_do() {
    for speaker in support::Speaker::ALL {
        let page = format!("docs/{}.md", speaker.name());
        assert!(read(&page).contains(START), "{page}");
    }
}

/// Runs this contract's page. It ends with its order cancelled and refunded, and with this stock.
async fn expect_walk(contract: &str, stock: i64) {
    let blocks = blocks(&read(&format!("docs/{contract}.md")));
    let mut shop = Shop::closed_with(&[]);
    let [username, email, password] = ADMIN;
    shop.create_admin(username, email, password).expect_success();
    shop.start();

    let said = paste(&shop, &script(&blocks));

    let answers: Vec<&str> = said.split(&format!("{SEPARATOR}\n")).collect();
    assert_eq!(answers.len(), blocks.len() + 1, "{said}");
    for (block, answer) in blocks.iter().zip(answers) {
        let answer = answer.trim().replace(&shop.base(), "http://127.0.0.1:8000");
        let printed = block.answer.as_deref().unwrap_or_default();
        assert_eq!(
            comparable(&answer),
            comparable(printed.trim()),
            "docs/{contract}.md prints another answer to\n{}\nthan came:\n{answer}",
            block.commands
        );
    }
    let boss = shop.nobody().log_in(email, password).await;
    eventually("the refund", async || (boss.report().await == (1, 0.0, 0, 0)).then_some(())).await;
    assert_eq!(boss.order(1).await.expect(200)["status"], "cancelled");
    assert_eq!(boss.stock_of(1).await, stock);
    shop.stop().await;
    shop.check();
}

fn read(path: &str) -> String {
    fs::read_to_string(support::repository().join(path))
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The `sh` blocks of a page. An answer is the `json` or `text` block that comes next.
fn blocks(page: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    // Every odd piece is inside a fence: its language, a line end, its text.
    for fenced in page.split("```").skip(1).step_by(2) {
        let (language, text) = fenced.split_once('\n').expect("a fence is a line of its own");
        match language {
            "sh" => blocks.push(Block { commands: text.to_owned(), answer: None }),
            "json" | "text" => {
                let block = blocks.last_mut().expect("an answer stands under its commands");
                assert!(block.answer.is_none(), "two answers to\n{}", block.commands);
                block.answer = Some(text.to_owned());
            }
            _ => {}
        }
    }
    blocks
}

fn script(blocks: &[Block]) -> String {
    let separated = |block: &Block| format!("{}\nprintf '\\n{SEPARATOR}\\n'\n", block.commands);
    blocks.iter().map(separated).collect()
}

/// Runs the commands where the shop was started; returns their output.
fn paste(shop: &Shop, commands: &str) -> String {
    let mut shell = Command::new("sh");
    shell.args(["-euc", commands]).current_dir(shop.directory()).env("BASE", shop.base());
    let pasted = shell.output().expect("there is a shell");
    let said = String::from_utf8_lossy(&pasted.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&pasted.stderr);
    assert!(pasted.status.success(), "{commands}\n{said}\n{complaints}");
    said
}

/// An answer without the values that always differ: one JSON value, or lines that may each be one.
fn comparable(answer: &str) -> Vec<Value> {
    if let Ok(value) = serde_json::from_str(answer) {
        return vec![cut(value)];
    }
    let line = |line: &str| serde_json::from_str(line).map_or_else(|_| json!(line), cut);
    answer.lines().map(line).collect()
}

fn cut(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(cut_text(text)),
        Value::Array(values) => values.into_iter().map(cut).collect(),
        Value::Object(members) => {
            let member = |(name, value): (String, Value)| match value {
                Value::String(key) if name == "cart_key" && !key.is_empty() => (name, json!(CUT)),
                value => (name, cut(value)),
            };
            Value::Object(members.into_iter().map(member).collect())
        }
        value => value,
    }
}

fn cut_text(text: String) -> String {
    // The beginning of every token: `{"` in Base64.
    if text.starts_with("eyJ") || text.parse::<jiff::Timestamp>().is_ok() {
        return CUT.to_owned();
    }
    match text.starts_with("pi_") {
        true => format!("pi_{CUT}"),
        false => text,
    }
}
