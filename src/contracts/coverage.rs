//! The documents in docs/contracts are read, and every operation they print must have a route.

use super::routes;
use crate::app::App;
use crate::edge::Router;
use http::Method;

/// One operation as a document prints it.
#[derive(Debug, PartialEq, Eq)]
struct Printed {
    method: Method,
    path: String,
}

/// `GET` and its like, alone or in backquotes or asterisks.
fn method_in(text: &str) -> Option<Method> {
    let word = text.trim().trim_matches(['`', '*', ' ']);
    ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&word).then(|| word.parse().ok()).flatten()
}

/// The path between the first pair of backquotes, without host and query; its parameters as `1`.
fn path_in(text: &str) -> Option<String> {
    let quoted = text.split('`').nth(1)?;
    let path = quoted.trim_start_matches("http://127.0.0.1:8000").split('?').next()?;
    let path = path.rsplit(' ').next()?;
    let mut sample = String::new();
    let mut is_parameter = false;
    for character in path.chars() {
        match character {
            '{' | '<' => {
                is_parameter = true;
                sample.push('1');
            }
            '}' | '>' => is_parameter = false,
            _ if is_parameter => {}
            other => sample.push(other),
        }
    }
    sample.starts_with("/api/").then_some(sample)
}

/// Documents that print the method on one line and the URL on a later one.
fn on_two_lines(document: &str) -> Vec<Printed> {
    let mut printed = Vec::new();
    let mut method = None;
    for line in document.lines() {
        let Some((label, value)) = line.split_once("**:") else { continue };
        match label.trim_start_matches(['-', ' ', '*']) {
            "Http Method" | "Method" => method = method_in(value),
            "URL" => printed.extend(
                method.take().zip(path_in(value)).map(|(method, path)| Printed { method, path }),
            ),
            _ => {}
        }
    }
    printed
}

/// The services document: `- **GET** `/api/v1/…``.
fn on_one_line(document: &str) -> Vec<Printed> {
    let operation = |line: &str| {
        let (method, rest) = line.trim().strip_prefix("- **")?.split_once("**")?;
        Some(Printed { method: method_in(method)?, path: path_in(rest)? })
    };
    document.lines().filter_map(operation).collect()
}

/// The storefront document: `**Endpoint:** `PUT /a/` or `PATCH /a/``, an operation a line.
fn behind_endpoint(document: &str) -> Vec<Vec<Printed>> {
    let one = |text: &str| {
        let method = method_in(text.split('`').nth(1)?.split(' ').next()?)?;
        Some(Printed { method, path: path_in(text)? })
    };
    let operation = |line: &str| {
        let endpoints = line.strip_prefix("**Endpoint:**")?;
        endpoints.split(" or ").map(one).collect::<Option<Vec<_>>>()
    };
    document.lines().filter_map(operation).collect()
}

fn alone(printed: Vec<Printed>) -> Vec<Vec<Printed>> {
    printed.into_iter().map(|operation| vec![operation]).collect()
}

#[test]
fn every_operation_of_every_document_has_a_route() {
    let classic = include_str!("../../docs/contracts/classic.md");
    let minimal = include_str!("../../docs/contracts/minimal.md");
    let services = include_str!("../../docs/contracts/services.md");
    let storefront = include_str!("../../docs/contracts/storefront.md");
    let platform = include_str!("../../docs/contracts/platform.md");
    // "Product Search & Filtering" is an operation of its own without a path of its own.
    let (summary, filtering) = ("### Summary", 1);
    let classic = classic.split(summary).next().unwrap_or(classic);
    let documents = [
        ("classic", alone(on_two_lines(classic)), 13),
        ("minimal", alone(on_two_lines(minimal)), 11),
        ("services", alone(on_one_line(services)), 34 - filtering),
        ("storefront", behind_endpoint(storefront), 31),
        ("platform", alone(on_two_lines(platform)), 14),
    ];
    let router = Router::<App>::new(routes()).expect("routes that stand together");
    let texts = [classic, minimal, services, storefront, platform].concat();
    let own = ["operations", "refunds", "sandbox"];
    let texts = texts.replace('*', "");
    let contracts = router.operations().filter(|operation| !own.contains(&operation.contract));
    let unknown: Vec<_> = contracts
        .flat_map(|operation| operation.heading.split(", "))
        .filter(|heading| !texts.contains(heading))
        .collect();
    assert!(unknown.is_empty(), "headings of no document: {unknown:?}");
    let mut missing = Vec::new();
    for (contract, operations, count) in documents {
        assert_eq!(operations.len(), count, "operations read from the document of {contract}");
        let printed = operations.into_iter().flatten();
        missing.extend(
            printed
                .filter(|printed| !router.answers(&printed.method, &printed.path))
                .map(|printed| format!("{contract}: {} {}", printed.method, printed.path)),
        );
    }
    assert!(missing.is_empty(), "no route for:\n{}", missing.join("\n"));
}
