//! Checks the routes and tests against the documents in docs/contracts. Every operation in a
//! document must have a route, and a black-box test of its status and shape that is named after its
//! heading. Every message in a document must be expected by a test of its contract.

use super::routes;
use crate::app::App;
use crate::edge::Router;
use http::Method;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The number of operations in all five documents (contracts README).
const OPERATIONS: usize = 103;
/// An operation of the services document that has no path of its own.
const FILTERING: &str = "3. **Product Search & Filtering**";
/// A misspelling in the services document, and the spelling in the tests.
const SPELLING: [(&str, &str); 2] = [("categoty", "category"), ("passwoord", "password")];

/// One method and path as a document prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Endpoint {
    method: Method,
    path: String,
}

/// One operation of a document: `PUT` or `PATCH` of the same path are one.
#[derive(Debug, Clone)]
struct Documented {
    heading: String,
    endpoints: Vec<Endpoint>,
}

/// Adds the operation that a line of a document ends, if it ends one.
type Printed = (usize, Vec<Endpoint>);

/// A method such as `GET`, alone or in backquotes or asterisks.
fn method_in(text: &str) -> Option<Method> {
    let word = text.trim().trim_matches(['`', '*', ' ']);
    ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&word).then(|| word.parse().ok()).flatten()
}

/// The path between the first pair of backquotes, without host and query; each parameter becomes
/// `1`.
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

/// Reads documents that print the method on one line and the URL on a later one.
fn on_two_lines(document: &str) -> Vec<Printed> {
    let mut printed = Vec::new();
    let mut method = None;
    for (number, line) in document.lines().enumerate() {
        let Some((label, value)) = line.split_once("**:") else { continue };
        match label.trim_start_matches(['-', ' ', '*']) {
            "Http Method" | "Method" => method = method_in(value),
            "URL" => {
                let endpoint = method.take().zip(path_in(value));
                printed.extend(
                    endpoint.map(|(method, path)| (number, vec![Endpoint { method, path }])),
                );
            }
            _ => {}
        }
    }
    printed
}

/// Reads the services document: `- **GET** `/api/v1/…``.
fn on_one_line(document: &str) -> Vec<Printed> {
    let operation = |(number, line): (usize, &str)| {
        let (method, rest) = line.trim().strip_prefix("- **")?.split_once("**")?;
        Some((number, vec![Endpoint { method: method_in(method)?, path: path_in(rest)? }]))
    };
    document.lines().enumerate().filter_map(operation).collect()
}

/// Reads the storefront document: `**Endpoint:** `PUT /a/` or `PATCH /a/``, one operation per line.
fn behind_endpoint(document: &str) -> Vec<Printed> {
    let one = |text: &str| {
        let method = method_in(text.split('`').nth(1)?.split(' ').next()?)?;
        Some(Endpoint { method, path: path_in(text)? })
    };
    let operation = |(number, line): (usize, &str)| {
        let endpoints = line.strip_prefix("**Endpoint:**")?;
        Some((number, endpoints.split(" or ").map(one).collect::<Option<Vec<_>>>()?))
    };
    document.lines().enumerate().filter_map(operation).collect()
}

/// The operations with the headings above them.
fn under_headings(document: &str, printed: Vec<Printed>) -> Vec<Documented> {
    let lines: Vec<&str> = document.lines().collect();
    let heading_of = |number: usize| {
        let above = lines[..=number].iter().rev();
        above.filter_map(|line| line.strip_prefix("### ")).next().unwrap_or_default().to_owned()
    };
    let operation =
        |(number, endpoints): Printed| Documented { heading: heading_of(number), endpoints };
    printed.into_iter().map(operation).collect()
}

/// The operations of every contract. Asserts the number of operations in each document.
fn documented() -> Vec<(&'static str, Vec<Documented>)> {
    let classic = include_str!("../../docs/contracts/classic.md");
    // The rest of the document repeats the same operations.
    let classic = classic.split("### Summary").next().unwrap_or(classic);
    let minimal = include_str!("../../docs/contracts/minimal.md");
    let services = include_str!("../../docs/contracts/services.md");
    let storefront = include_str!("../../docs/contracts/storefront.md");
    let platform = include_str!("../../docs/contracts/platform.md");
    let mut of_services = under_headings(services, on_one_line(services));
    assert!(services.contains(FILTERING), "the document of services has lost a heading");
    of_services.push(Documented { heading: FILTERING.to_owned(), endpoints: Vec::new() });
    let documents = [
        ("classic", under_headings(classic, on_two_lines(classic)), 13),
        ("minimal", under_headings(minimal, on_two_lines(minimal)), 11),
        ("services", of_services, 34),
        ("storefront", under_headings(storefront, behind_endpoint(storefront)), 31),
        ("platform", under_headings(platform, on_two_lines(platform)), 14),
    ];
    let counted = |(contract, operations, count): (_, Vec<_>, _)| {
        assert_eq!(operations.len(), count, "operations read from the document of {contract}");
        (contract, operations)
    };
    documents.map(counted).into()
}

/// Turns `### 8. **Create Order**` into `create_order`.
fn words(text: &str) -> String {
    let text = text.to_lowercase().replace('&', " and ");
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut name = words.collect::<Vec<_>>().join("_");
    for (printed, spelt) in SPELLING {
        name = name.replace(printed, spelt);
    }
    name
}

/// The expected name of an operation's test: its heading without the number. If several operations
/// share a heading, it is method and path: `put_product` for `PUT /api/v1/product/{pk}/`.
fn test_name(operation: &Documented, siblings: &[Documented]) -> String {
    let shared = siblings.iter().filter(|other| other.heading == operation.heading).count() > 1;
    match operation.endpoints.first() {
        Some(Endpoint { method, path }) if shared => {
            let path = path.trim_start_matches("/api/v1").replace("/1", "/");
            words(&format!("{method} {path}"))
        }
        _ => words(operation.heading.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.')),
    }
}

/// The sources of the black-box tests of one contract, in tests/it/<contract>.
fn sources_of(contract: &str) -> Vec<String> {
    let mut sources = Vec::new();
    let mut pending = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it").join(contract)];
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).expect("a folder that can be read");
            pending.extend(entries.map(|entry| entry.expect("an entry").path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push(fs::read_to_string(&path).expect("a source that can be read"));
        }
    }
    sources
}

/// The tests of one contract, with their names and bodies.
fn tests_of(contract: &str) -> BTreeMap<String, Vec<String>> {
    let mut tests = BTreeMap::<_, Vec<_>>::new();
    for source in sources_of(contract) {
        for test in source.split("#[tokio::test]\nasync fn ").skip(1) {
            let (name, rest) = test.split_once('(').expect("a function");
            let body = rest.split("\n}\n").next().unwrap_or(rest);
            tests.entry(name.to_owned()).or_default().push(body.to_owned());
        }
    }
    tests
}

/// The messages in a document: each string under `message`, `detail` or `error`, and each string in
/// a list of its own.
fn sentences(document: &'static str) -> Vec<&'static str> {
    let sentence = |line: &'static str| {
        let (name, value) = line.trim().trim_end_matches(',').split_once(": ")?;
        let alone = value.strip_prefix("[\"").and_then(|rest| rest.strip_suffix("\"]"));
        let named = ["\"message\"", "\"detail\"", "\"error\""].contains(&name);
        let quoted = named.then(|| value.strip_prefix('"')?.strip_suffix('"')).flatten();
        alone.or(quoted).filter(|text| text.contains(' '))
    };
    document.lines().filter_map(sentence).collect()
}

/// What a test of an operation fails to check, if anything.
fn left_out(operation: &Documented, body: &str) -> Option<&'static str> {
    let says_all = body.contains(".says(200") || body.contains(".says(201");
    let looks_at_shape = body.contains("shapes::expect(") && body.contains(".expect(20");
    let has_no_body = body.contains("(204, \"\")");
    if !says_all && !looks_at_shape && !has_no_body {
        return Some("asserts no success with its exact shape");
    }
    let asks = |endpoint: &Endpoint| {
        body.contains(&format!(".{}(", endpoint.method.as_str().to_lowercase()))
    };
    if operation.endpoints.len() > 1 && !operation.endpoints.iter().all(asks) {
        return Some("does not ask with each of its methods");
    }
    None
}

#[test]
fn every_operation_of_every_document_has_a_route() {
    let documents = documented();
    let router = Router::<App>::new(routes()).expect("routes without conflicts");
    let headings = documents.iter().flat_map(|(_, operations)| operations);
    let headings: Vec<String> =
        headings.map(|operation| operation.heading.replace('*', "")).collect();
    let own = ["integrations", "operations", "pages", "refunds", "sandbox", "souk"];
    let contracts = router.operations().filter(|operation| !own.contains(&operation.contract));
    let unknown: Vec<_> = contracts
        .flat_map(|operation| {
            // A heading that contains commas belongs to one route.
            let whole = headings.iter().any(|known| known == operation.heading);
            match whole {
                true => vec![operation.heading],
                false => operation.heading.split(", ").collect(),
            }
        })
        .filter(|heading| !headings.iter().any(|known| known.ends_with(heading)))
        .collect();
    assert!(unknown.is_empty(), "headings of no document: {unknown:?}");
    let mut missing = Vec::new();
    for (contract, operations) in documents {
        let endpoints = operations.iter().flat_map(|operation| &operation.endpoints);
        missing.extend(
            endpoints
                .filter(|endpoint| !router.answers(&endpoint.method, &endpoint.path))
                .map(|endpoint| format!("{contract}: {} {}", endpoint.method, endpoint.path)),
        );
    }
    assert!(missing.is_empty(), "no route for:\n{}", missing.join("\n"));
}

#[test]
fn every_sentence_of_every_document_is_expected_by_a_test() {
    let storefront = include_str!("../../docs/contracts/storefront.md");
    // The rest of the document is about all operations; tests of the edge cover it.
    let storefront = storefront.split("## Error Responses").next().unwrap_or(storefront);
    let documents = [
        ("services", include_str!("../../docs/contracts/services.md"), 12),
        ("storefront", storefront, 40),
        ("platform", include_str!("../../docs/contracts/platform.md"), 1),
    ];
    for (contract, document, count) in documents {
        let found = sentences(document);
        assert!(found.len() >= count, "{contract} has too few sentences: {found:?}");
        let sources = sources_of(contract).concat();
        // `Cart {cart_key} cleared`: matches the words around the variable part.
        let is_expected =
            |text: &&str| text.split(['{', '}']).step_by(2).all(|part| sources.contains(part));
        let unexpected: Vec<_> = found.into_iter().filter(|text| !is_expected(text)).collect();
        assert!(unexpected.is_empty(), "no test of {contract} expects {unexpected:#?}");
    }
}

#[test]
fn every_operation_of_every_document_has_a_test() {
    let mut tested = 0;
    let mut missing = Vec::new();
    for (contract, operations) in documented() {
        let tests = tests_of(contract);
        for operation in &operations {
            let name = test_name(operation, &operations);
            let lack = match tests.get(&name).map(Vec::as_slice) {
                Some([body]) => left_out(operation, body),
                Some(_) => Some("has more than one test"),
                None => Some("has no test"),
            };
            match lack {
                Some(lack) => missing.push(format!("{contract}: {name} {lack}")),
                None => tested += 1,
            }
        }
    }
    println!("{tested} of {OPERATIONS} operations have a test of status and shape");
    assert!(missing.is_empty(), "{tested} of {OPERATIONS} tested:\n{}", missing.join("\n"));
    assert_eq!(tested, OPERATIONS);
}

#[test]
fn every_operation_of_a_contract_is_described() {
    let router = Router::<App>::new(routes()).expect("routes without conflicts");
    let own = ["integrations", "operations", "pages", "refunds", "sandbox"];
    let silent: Vec<String> = router
        .operations()
        .filter(|operation| !own.contains(&operation.contract) && operation.descriptions.is_empty())
        .map(|operation| format!("{} {}", operation.method, operation.path))
        .collect();
    assert!(silent.is_empty(), "routes without a description:\n{}", silent.join("\n"));
    for (contract, operations) in documented() {
        let heading = |operation: &Documented| operation.heading.replace('*', "");
        let described: Vec<&str> = router
            .operations()
            .flat_map(|operation| operation.descriptions.iter())
            .filter(|one| one.contract == contract)
            .map(|one| one.heading)
            .collect();
        let missing: Vec<String> = operations
            .iter()
            .filter(|operation| !operation.endpoints.is_empty())
            .map(heading)
            .filter(|heading| !described.iter().any(|known| heading.ends_with(known)))
            .collect();
        assert!(missing.is_empty(), "{contract} does not describe: {missing:?}");
    }
}
