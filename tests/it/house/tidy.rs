//! The house rules, as a test.

use super::sources::{expect_none, read, root};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

const LONGEST_FILE_LINES: usize = 500;

#[test]
fn files_stay_short() {
    expect_none("longer than 500 lines", |source| {
        let lines = source.text.lines().count();
        (lines > LONGEST_FILE_LINES).then(|| format!("{lines} lines")).into_iter().collect()
    });
}

#[test]
fn no_file_has_a_catch_all_name() {
    let leftovers = ["util", "utils", "helper", "helpers", "manager", "managers", "misc"];
    expect_none("named after nothing", |source| {
        let parts = source.path.trim_end_matches(".rs").split(['/', '_']);
        parts.filter(|part| leftovers.contains(part)).map(str::to_owned).collect()
    });
}

#[test]
fn shipped_code_has_no_unwrap_and_no_todo() {
    expect_none("unwrapped outside tests", |source| match source.is_product() {
        true => source.lines_with(&[".unwrap()"]),
        false => Vec::new(),
    });
    expect_none("left to do", |source| match source.path.as_str() {
        "tests/it/house/tidy.rs" => Vec::new(),
        _ => source.all_lines_with(&["todo!(", "unimplemented!(", "#[ignore"]),
    });
}

#[test]
fn outer_things_are_named_only_where_they_belong() {
    let homes = [
        ("redb", "actors/src/store"),
        ("warp", "src/"),
        ("async_nats", "src/adapters"),
        ("lettre", "src/adapters"),
        ("souk_stripe", "src/"),
        ("stripe", "actors/stripe"),
        ("stripe_checkout", "actors/stripe"),
        ("stripe_client_core", "actors/stripe"),
        ("stripe_core", "actors/stripe"),
        ("stripe_shared", "actors/stripe"),
        ("stripe_types", "actors/stripe"),
        ("stripe_webhook", "actors/stripe"),
    ];
    for (name, home) in homes {
        expect_none(&format!("{name} outside {home}"), |source| {
            match source.is_product() && !source.path.starts_with(home) {
                true => source.lines_with(&[
                    &format!("{name}::"),
                    &format!("use {name};"),
                    &format!("extern crate {name}"),
                ]),
                false => Vec::new(),
            }
        });
    }
}

#[test]
fn no_contract_imports_a_sibling() {
    let contracts = ["classic", "minimal", "services", "storefront", "platform", "souk"];
    expect_none("contract that knows a sibling", |source| {
        let Some(own) = source
            .path
            .strip_prefix("src/contracts/")
            .and_then(|rest| rest.split(['/', '.']).next())
        else {
            return Vec::new();
        };
        if !contracts.contains(&own) {
            return Vec::new();
        }
        let siblings = contracts.iter().filter(|name| **name != own);
        siblings
            .flat_map(|name| {
                source.lines_with(&[&format!("contracts::{name}"), &format!("super::{name}")])
            })
            .collect()
    });
}

#[test]
fn pages_are_shown_and_decide_nothing() {
    expect_none("page that knows more than the edge", |source| {
        match source.path.starts_with("src/pages/") {
            true => source.lines_with(&["crate::app", "crate::contracts", "souk_actors::"]),
            false => Vec::new(),
        }
    });
}

#[test]
fn the_domain_crate_has_no_io_dependencies() {
    let lock = read(&root().join("Cargo.lock"));
    let dependencies: BTreeMap<String, Vec<String>> =
        lock.split("[[package]]").skip(1).map(package).collect();
    let mut reached = BTreeSet::new();
    let mut next = vec!["souk-domain".to_owned()];
    while let Some(name) = next.pop() {
        if reached.insert(name.clone()) {
            next.extend(dependencies.get(&name).into_iter().flatten().cloned());
        }
    }
    assert!(
        reached.len() > 1 || dependencies.contains_key("souk-domain"),
        "souk-domain is in the lock file"
    );
    for machinery in [
        "tokio",
        "ractor",
        "redb",
        "warp",
        "async-nats",
        "async-stripe",
        "lettre",
        "souk-actors",
        "souk",
    ] {
        assert!(!reached.contains(machinery), "souk-domain depends on {machinery}");
    }
}

#[test]
fn every_test_that_the_security_policy_names_exists() {
    let policy = read(&root().join("SECURITY.md"));
    let quoted = policy.split('`').skip(1).step_by(2);
    let named: Vec<(&str, &str)> = quoted.filter_map(|word| word.split_once(".rs::")).collect();
    let missing = named.iter().filter(|(file, name)| {
        let text = fs::read_to_string(root().join(format!("{file}.rs"))).unwrap_or_default();
        let before = text.split_once(&format!("fn {name}()")).map(|(before, _)| before);
        // The line above it is its attribute.
        let above = before
            .and_then(|before| before.trim_end_matches("async ").trim_end().lines().next_back());
        !above.is_some_and(|line| line.trim_start().starts_with("#[") && line.contains("test"))
    });
    let missing: Vec<_> = missing.collect();
    assert!(missing.is_empty(), "no such tests: {missing:?}");

    // Every risk and every chapter has a test, or a reason for having none.
    let mut rows = BTreeSet::new();
    for row in policy.lines().filter(|row| row.starts_with("| API") || row.starts_with("| V")) {
        let title = row[2..].split(' ').next().unwrap_or_default();
        assert!(row.contains(".rs::") || row.contains("does not apply"), "nothing shows {title}");
        rows.insert(title.to_owned());
    }
    let risks = (1..=10).map(|number| format!("API{number}"));
    let chapters = (1..=17).map(|number| format!("V{number}"));
    assert_eq!(rows, risks.chain(chapters).collect());
}

#[test]
fn every_test_that_is_left_out_on_postgresql_exists() {
    let list = read(&root().join("tests/embedded_store_only.txt"));
    let names = list.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let missing = names.filter(|name| {
        let (file, test) = name.rsplit_once("::").expect("a full name");
        let path = root().join(format!("tests/it/{}.rs", file.replace("::", "/")));
        let text = fs::read_to_string(path).unwrap_or_default();
        !text.contains(&format!("fn {test}()"))
    });
    let missing: Vec<_> = missing.collect();
    assert!(missing.is_empty(), "no such tests: {missing:?}");
}

#[test]
fn every_corpus_belongs_to_a_target() {
    let targets = root().join("tests/fuzz/targets");
    let files = fs::read_dir(&targets).expect("targets").map(|entry| entry.expect("a file").path());
    let targets: String = files.map(|path| read(&path)).collect();
    for folder in fs::read_dir(root().join("tests/fuzz/corpus")).expect("corpora") {
        let name = folder.expect("a corpus").file_name().into_string().expect("ASCII");
        assert!(targets.contains(&format!("fn {name}(input: &[u8])")), "{name} is no target");
    }
}

#[test]
fn the_fuzz_targets_use_the_shops_dependency_versions() {
    let (ours, theirs) =
        (read(&root().join("Cargo.toml")), read(&root().join("tests/fuzz/Cargo.toml")));
    let shared =
        theirs.lines().skip_while(|line| !line.ends_with("as in the main Cargo.toml.")).skip(1);
    let shared: Vec<_> = shared.take_while(|line| !line.is_empty()).collect();
    assert!(shared.len() > 10, "{shared:?}");
    for line in shared {
        assert!(ours.lines().any(|known| known == line), "the main Cargo.toml has no {line}");
    }
}

/// Name and dependencies of one entry of the lock file. Versions are left out: any version would be wrong.
fn package(entry: &str) -> (String, Vec<String>) {
    let quoted = |line: &str| line.split('"').nth(1).unwrap_or_default().to_owned();
    let name =
        entry.lines().find(|line| line.starts_with("name = ")).map(quoted).unwrap_or_default();
    let listed = entry.lines().skip_while(|line| !line.starts_with("dependencies = [")).skip(1);
    let listed = listed.take_while(|line| !line.starts_with(']'));
    let dependencies =
        listed.map(|line| quoted(line).split(' ').next().unwrap_or_default().to_owned());
    (name, dependencies.collect())
}
