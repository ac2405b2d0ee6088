//! Licences and sources of the dependencies are those that config/deny.toml allows, and the bill of materials of
//! config/deploy/sbom.py is valid and complete. See docs/supply-chain.md.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use crate::support::{cargo_deny, python, repository};
use serde_json::Value;

/// Prints the errors that CycloneDX's schema finds in the bill on standard input.
const JUDGE: &str = "
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read())
sys.exit(str(wrong) if wrong else 0)
";

#[test]
fn licences_and_sources_are_those_of_the_policy() {
    let asked = Command::new(cargo_deny())
        .args(["--locked", "--config", "config/deny.toml"])
        .args(["check", "bans", "licenses", "sources"])
        .current_dir(repository())
        .output()
        .expect("cargo-deny runs");
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    let judged = String::from_utf8_lossy(&asked.stdout);
    assert_eq!(judged.trim(), "bans ok, licenses ok, sources ok");
}

#[test]
fn a_licence_that_is_not_allowed_is_refused() {
    let policy = fs::read_to_string(repository().join("config/deny.toml")).expect("the policy");
    let stricter = tempfile::NamedTempFile::new().expect("a file");
    fs::write(stricter.path(), policy.replace("    \"ISC\",\n", "")).expect("written");
    let asked = Command::new(cargo_deny())
        .args(["--locked", "--config"])
        .arg(stricter.path())
        .args(["check", "licenses"])
        .current_dir(repository())
        .output()
        .expect("cargo-deny runs");
    assert!(!asked.status.success(), "a library under ISC is linked");
}

#[test]
fn the_bill_of_materials_is_sound_and_names_all_that_is_compiled() {
    let text = bill();
    let bill: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(bill["metadata"]["component"]["name"], "souk");
    let checksums = checksums();
    let mut named = BTreeMap::new();
    for component in bill["components"].as_array().expect("components") {
        let name = component["name"].as_str().expect("a name");
        let version = component["version"].as_str().expect("a version");
        let licence = component["licenses"][0]["expression"].as_str().unwrap_or_default();
        assert!(!licence.is_empty() && !licence.contains('/'), "{component}");
        let checksum = component["hashes"][0]["content"].as_str().unwrap_or_default();
        let full_name = format!("{name} v{version}");
        assert_eq!(Some(checksum), checksums.get(&full_name).map(String::as_str), "{component}");
        let known = named.insert(full_name, component["scope"] == "required");
        assert_eq!(known, None, "{component} stands there once");
    }
    let compiled: BTreeSet<String> = named.keys().cloned().collect();
    assert_eq!(compiled, tree("normal,build"));
    let linked: BTreeSet<String> =
        named.into_iter().filter(|(_, linked)| *linked).map(|(name, _)| name).collect();
    assert_eq!(linked, tree("normal,no-proc-macro"));
    assert!(linked.iter().any(|name| name.starts_with("redb v")), "the store is linked");
    judged_by_cyclonedx(&text);
}

/// The bill of this machine's platform, made twice to show that it is reproducible.
fn bill() -> String {
    let make = || {
        let made = Command::new(python())
            .arg(repository().join("config/deploy/sbom.py"))
            .output()
            .expect("Python runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        String::from_utf8(made.stdout).expect("UTF-8")
    };
    let bill = make();
    assert_eq!(bill, make(), "the same sources give the same text");
    bill
}

fn judged_by_cyclonedx(bill: &str) {
    let mut judge = Command::new(python())
        .args(["-c", JUDGE])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("Python runs");
    judge.stdin.take().expect("piped").write_all(bill.as_bytes()).expect("taken");
    let judged = judge.wait_with_output().expect("an end");
    assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stderr));
}

/// The dependencies of the program by `cargo tree`.
fn tree(edges: &str) -> BTreeSet<String> {
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let asked = Command::new(cargo)
        .args(["tree", "--locked", "--package=souk", "--prefix=none", "--edges", edges])
        .current_dir(repository())
        .output()
        .expect("cargo runs");
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    let text = String::from_utf8(asked.stdout).expect("UTF-8");
    let names = text.lines().filter(|line| !line.is_empty());
    let names = names.map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "));
    names.filter(|name| !name.starts_with("souk v")).collect()
}

/// Checksums of Cargo.lock; those of our own crates are empty.
fn checksums() -> BTreeMap<String, String> {
    let lock = fs::read_to_string(repository().join("Cargo.lock")).expect("the lock file");
    let value = |entry: &str, key: &str| {
        let line = entry.lines().find(|line| line.starts_with(&format!("{key} = ")));
        line.and_then(|line| line.split('"').nth(1)).unwrap_or_default().to_owned()
    };
    let entries = lock.split("[[package]]").skip(1);
    let named = |entry: &str| format!("{} v{}", value(entry, "name"), value(entry, "version"));
    entries.map(|entry| (named(entry), value(entry, "checksum"))).collect()
}
