//! Checks ARCHITECTURE.md against the sources: the allowed dependencies, and that everything it names exists.

use super::sources::{Source, expect_none, read, root, sources, without_test_modules};
use std::collections::BTreeSet;

/// Most lines of a function.
const LONGEST_FUNCTION_LINES: usize = 78;

/// The modules of the binary, and which others each may use. Arrows point down only.
const BINARY: &[(&str, &[&str])] = &[
    ("main", &["commands", "private_files"]),
    (
        "commands",
        &[
            "adapters",
            "administrators",
            "app",
            "control",
            "demo",
            "edge",
            "error_chain",
            "gateways",
            "local_socket",
            "logs",
            "moment",
            "freed_memory",
            "panics",
            "private_files",
            "server",
            "settings",
            "telemetry",
        ],
    ),
    ("server", &["adapters", "app", "contracts", "edge", "logs"]),
    ("contracts", &["adapters", "app", "edge", "logs", "pages", "panics"]),
    ("settings", &["adapters", "app", "edge", "logs"]),
    ("telemetry", &["edge", "logs", "panics", "settings"]),
    ("private_files", &["control", "demo", "logs", "settings"]),
    ("app", &["adapters", "edge", "gateways", "logs", "pages", "panics"]),
    ("adapters", &["error_chain", "logs"]),
    ("gateways", &[]),
    ("control", &["administrators", "error_chain", "local_socket"]),
    ("demo", &["administrators"]),
    ("administrators", &[]),
    ("pages", &["edge"]),
    ("logs", &["error_chain", "local_socket", "moment", "panics"]),
    ("edge", &["panics"]),
    ("freed_memory", &[]),
    ("panics", &[]),
    ("error_chain", &[]),
    ("local_socket", &[]),
    ("moment", &[]),
];

/// The modules of the owners' crate. An owner knows its siblings only by their query functions and types; journeys know
/// the owners; only modules above the owners know journeys.
const OWNERS: &[&str] = &["users", "catalog", "carts", "orders", "payments", "sandbox", "webhooks"];

#[test]
fn arrows_point_down_in_the_binary() {
    expect_none("arrow that no table allows", |source| {
        let Some(room) = room_of(source, "src/") else { return Vec::new() };
        let allowed = BINARY.iter().find(|(name, _)| *name == room).map(|(_, allowed)| *allowed);
        let Some(allowed) = allowed else { return vec![format!("{room} is in no table")] };
        let used = rooms_used(source).into_iter();
        used.filter(|used| *used != room && !allowed.contains(&used.as_str()))
            .map(|used| format!("{room} uses {used}"))
            .collect()
    });
}

#[test]
fn the_store_and_the_outbox_know_no_owner_and_owners_know_no_journey() {
    expect_none("arrow that points up", |source| {
        let Some(room) = room_of(source, "actors/src/") else { return Vec::new() };
        let forbidden = |used: &str| match room.as_str() {
            "store" => {
                OWNERS.contains(&used) || ["journeys", "leases", "outbox", "owner"].contains(&used)
            }
            "owner" => OWNERS.contains(&used) || used == "journeys",
            owner if OWNERS.contains(&owner) => {
                ["journeys", "housekeeping", "shop"].contains(&used)
            }
            _ => false,
        };
        let used = rooms_used(source).into_iter().filter(|used| forbidden(used));
        used.map(|used| format!("{room} uses {used}")).collect()
    });
}

#[test]
fn functions_stay_short() {
    expect_none("longer than a function should be", |source| {
        let lines: Vec<&str> = source.text.lines().collect();
        let is_start = |line: &str| {
            let head = line.trim_start().split('(').next().unwrap_or_default();
            line.contains('(') && head.split(' ').any(|word| word == "fn")
        };
        let length = |start: usize| {
            let indentation = &lines[start][..lines[start].len() - lines[start].trim_start().len()];
            // The end of the body, or of the declaration if the function has none.
            let end = format!("{indentation}}}");
            let declared = format!("{indentation})");
            let is_end =
                |line: &&str| **line == end || line.starts_with(&declared) && line.ends_with(';');
            lines[start..].iter().position(is_end).map_or(1, |at| at + 1)
        };
        let long = (0..lines.len()).filter(|start| {
            is_start(lines[*start])
                && !lines[*start].trim_start().starts_with("//")
                && lines[*start].ends_with(['{', '('])
                && length(*start) > LONGEST_FUNCTION_LINES
        });
        long.map(|start| format!("line {}: {} lines", start + 1, length(start))).collect()
    });
}

#[test]
fn every_file_is_part_of_its_crate() {
    let all = sources();
    let paths: BTreeSet<&str> = all.iter().map(|source| source.path.as_str()).collect();
    let is_declared = |path: &str| {
        let inside = path.trim_end_matches("/mod.rs").trim_end_matches(".rs");
        let (folder, name) = inside.rsplit_once('/').unwrap_or(("", inside));
        let parents = [
            format!("{folder}.rs"),
            format!("{folder}/mod.rs"),
            format!("{folder}/lib.rs"),
            format!("{folder}/main.rs"),
            format!("{folder}/bench.rs"),
        ];
        let mut parents = all.iter().filter(|source| parents.contains(&source.path));
        let by_name = [format!("mod {name};"), format!("mod {name} ")];
        parents.any(|parent| by_name.iter().any(|line| parent.text.contains(line.as_str())))
            || all.iter().any(|source| source.text.contains(&format!("/{name}.rs\"]")))
            || all.iter().any(|source| source.text.contains(&format!("{name}/mod.rs\"]")))
    };
    let is_root = |path: &str| {
        ["main.rs", "lib.rs", "build.rs", "bench.rs"].iter().any(|root| path.ends_with(root))
            || path.starts_with("tests/fuzz/")
            || path.contains("/bin/")
    };
    let lost: Vec<_> = paths.iter().filter(|path| !is_root(path) && !is_declared(path)).collect();
    assert!(lost.is_empty(), "in no crate: {lost:?}");
}

#[test]
fn every_path_that_the_map_names_exists() {
    let mut missing = Vec::new();
    for page in ["README.md", "ARCHITECTURE.md"] {
        let text = read(&root().join(page));
        for quoted in text.split('`').skip(1).step_by(2) {
            let begins = ["src/", "actors/", "tests/", "docs/", "config/", "benches/"];
            if !begins.iter().any(|folder| quoted.starts_with(folder)) || quoted.contains(' ') {
                continue;
            }
            // `src/edge/{description,openapi}`, `SECURITY.md`'s `file.rs::test`.
            let path = quoted.split("::").next().unwrap_or(quoted);
            let is_there = alternatives(path).iter().all(|path| {
                root().join(path).exists() || root().join(format!("{path}.rs")).exists()
            });
            if !is_there && !path.contains(['<', '*', '…']) {
                missing.push(format!("{page}: {quoted}"));
            }
        }
    }
    assert!(missing.is_empty(), "not there:\n  {}", missing.join("\n  "));
}

/// What braces stand for: `a/{b,c}` is `a/b` and `a/c`.
fn alternatives(path: &str) -> Vec<String> {
    let Some((before, rest)) = path.split_once('{') else { return vec![path.to_owned()] };
    let Some((inside, after)) = rest.split_once('}') else { return vec![path.to_owned()] };
    inside.split(',').map(|one| format!("{before}{one}{after}")).collect()
}

/// The top folder or file under `base` that shipped code is in.
fn room_of(source: &Source, base: &str) -> Option<String> {
    let inside = source.path.strip_prefix(base).filter(|_| source.is_product())?;
    Some(inside.split(['/', '.']).next()?.to_owned())
}

/// The first names behind `crate::` in shipped code.
fn rooms_used(source: &Source) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for (_, line) in without_test_modules(&source.text) {
        if line.trim_start().starts_with("//") {
            continue;
        }
        for rest in line.split("crate::").skip(1) {
            match rest.strip_prefix('{') {
                Some(list) => used.extend(list.split(',').map(first_name)),
                None => drop(used.insert(first_name(rest))),
            }
        }
    }
    used.retain(|name| name.chars().next().is_some_and(|first| first.is_ascii_lowercase()));
    used
}

fn first_name(text: &str) -> String {
    text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}
