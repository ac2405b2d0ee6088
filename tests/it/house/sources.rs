//! Souk's sources, for the tests of the house rules.

use std::fs;
use std::path::{Path, PathBuf};

/// A Rust source file: its path from the repository's top, and its text.
pub(super) struct Source {
    pub(super) path: String,
    pub(super) text: String,
}

impl Source {
    /// Whether the file is shipped, not a test.
    pub(super) fn is_product(&self) -> bool {
        let outside = self.path.starts_with("tests/") || self.path.starts_with("benches/");
        !outside && !self.path.contains("/tests/") && !self.path.ends_with("/tests.rs")
    }

    /// The occurrences of these words in shipped code, without comments and test modules.
    pub(super) fn lines_with(&self, wanted: &[&str]) -> Vec<String> {
        let shipped = without_test_modules(&self.text);
        found(shipped.iter().map(|(number, line)| (*number, *line)), wanted)
    }

    pub(super) fn all_lines_with(&self, wanted: &[&str]) -> Vec<String> {
        found(self.text.lines().enumerate().map(|(index, line)| (index + 1, line)), wanted)
    }
}

fn found<'a>(lines: impl Iterator<Item = (usize, &'a str)>, wanted: &[&str]) -> Vec<String> {
    let code = lines.filter(|(_, line)| !line.trim_start().starts_with("//"));
    let hits = code.filter(|(_, line)| wanted.iter().any(|word| names(line, word)));
    hits.map(|(number, line)| format!("line {number}: {}", line.trim())).collect()
}

/// Whether the word occurs as a whole: `predb::` does not contain the word `redb::`.
fn names(line: &str, word: &str) -> bool {
    let mut rest = line;
    while let Some(at) = rest.find(word) {
        let before = &rest[..at];
        // One of our own files may have the name of the crate it wraps.
        let is_ours = before.ends_with("self::")
            || before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        if word.starts_with(['.', '#']) || !is_ours {
            return true;
        }
        rest = &rest[at + word.len()..];
    }
    false
}

/// The numbered lines that are not in an item under `#[cfg(test)]`. Braces inside strings would mislead it; the
/// formatter keeps the closing brace of an item at the indentation of its first line, so that is what is looked for.
pub(super) fn without_test_modules(text: &str) -> Vec<(usize, &str)> {
    let mut kept = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        if !line.trim_start().starts_with("#[cfg(test)]") {
            kept.push((index + 1, line));
            continue;
        }
        let indentation = line.len() - line.trim_start().len();
        let end = format!("{}}}", &line[..indentation]);
        let one_liner =
            |line: &str| line.ends_with(';') && line.len() - line.trim_start().len() == indentation;
        for (_, line) in lines.by_ref() {
            if line == end || one_liner(line) {
                break;
            }
        }
    }
    kept
}

pub(super) fn expect_none(what: &str, wrong_in: impl Fn(&Source) -> Vec<String>) {
    let mut wrong = Vec::new();
    for source in sources() {
        wrong.extend(
            wrong_in(&source).into_iter().map(|complaint| format!("{}: {complaint}", source.path)),
        );
    }
    assert!(wrong.is_empty(), "{what}:\n  {}", wrong.join("\n  "));
}

pub(super) fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    for folder in ["src", "actors", "tests", "benches"] {
        collect(&root().join(folder), &mut sources);
    }
    assert!(!sources.is_empty(), "there is source to look at");
    sources
}

fn collect(folder: &Path, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        let path: PathBuf = entry.path();
        if path.is_dir() && entry.file_name() != "target" {
            collect(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let from_top =
                path.strip_prefix(root()).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            sources.push(Source { path: from_top, text: read(&path) });
        }
    }
}

pub(super) fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
