//! Runs a target in the project's own tests, on a stable compiler: its committed corpus as it is, then
//! changes of it that are the same in every run. libFuzzer (`tests/fuzz/run`) looks much further.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// Changed inputs of each target, unless `SOUK_FUZZ_ROUNDS` says otherwise.
const ROUNDS: usize = 4_000;
/// Where every run begins.
const SEED: u64 = 0x50_75_6b;
/// Longest input.
const INPUT_BYTES_MAX: usize = 4 * 1024;
/// Most changes of one input.
const CHANGES_MAX: usize = 5;
/// What many parsers treat in a way of its own.
const WORDS: &[&[u8]] = &[
    b"\0",
    b"\n",
    b"\r\n",
    b" ",
    b"\"",
    b"\\",
    b"'",
    b",",
    b";",
    b"=",
    b"/",
    b"//",
    b"%",
    b"%2F",
    b"%00",
    b"%ff",
    b"?",
    b"#",
    b"@",
    b"..",
    b"{",
    b"}",
    b"[",
    b"]",
    b"[[[[[[[[",
    b"null",
    b"true",
    b"-",
    b"-0",
    b"e",
    b"1e400",
    b"0.1",
    b"9223372036854775808",
    b"18446744073709551616",
    b"\\u0000",
    b"\\ud800",
    b"\xff",
    b"\xc3\xa9",
    b"e\xcc\x81",
    b"\xe2\x80\xae",
    b"\xe2\x80\xa8",
    b"\xef\xb7\xba",
    b"\xc4\xb0",
    b"\xef\xbc\xa0",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\x80\x80\x80\x80\x10",
];

/// Gives the target its corpus and changes of it. A panic of the target fails the test, and the input
/// that caused it is printed.
pub(super) fn run(name: &str, target: fn(&[u8])) {
    let corpus = corpus(name);
    for input in &corpus {
        look_at(name, target, input);
    }
    let rounds = env::var("SOUK_FUZZ_ROUNDS")
        .map_or(ROUNDS, |rounds| rounds.parse().expect("SOUK_FUZZ_ROUNDS is a number"));
    let mut random = fastrand::Rng::with_seed(SEED);
    for _ in 0..rounds {
        let mut input = random.choice(&corpus).expect("a corpus").clone();
        for _ in 0..random.usize(1..=CHANGES_MAX) {
            change(&mut input, &corpus, &mut random);
        }
        input.truncate(INPUT_BYTES_MAX);
        look_at(name, target, &input);
    }
}

/// The inputs under `tests/fuzz/corpus/<target>`, in the order of their names.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = corpora().join(name);
    let entries =
        fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} has no input", folder.display());
    paths.iter().map(|path| fs::read(path).expect("an input")).collect()
}

/// The folder of all corpora, from whichever crate of the workspace this is compiled in.
fn corpora() -> PathBuf {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let found = crates.map(|parent| parent.join("tests/fuzz/corpus")).find(|path| path.is_dir());
    found.expect("the corpora are in the repository")
}

fn look_at(name: &str, target: fn(&[u8]), input: &[u8]) {
    let _on_panic = Shown { name, input };
    target(input);
}

/// Prints the input when the target panics.
struct Shown<'a> {
    name: &'a str,
    input: &'a [u8],
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the input of {}: b\"{}\"", self.name, self.input.escape_ascii());
        }
    }
}

/// One change of the kind that libFuzzer makes.
fn change(input: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut fastrand::Rng) {
    let at = random.usize(..=input.len());
    let end = random.usize(at..=input.len());
    match random.u8(..7) {
        0 => flip(input, random),
        1 => {
            input.drain(at..end);
        }
        2 => {
            let again = input[at..end].to_vec();
            input.splice(end..end, again);
        }
        3 => {
            let word = random.choice(WORDS).expect("there are words");
            input.splice(at..at, word.iter().copied());
        }
        4 => {
            let word = random.choice(WORDS).expect("there are words");
            input.splice(at..end, word.iter().copied());
        }
        5 => {
            let other = random.choice(corpus).expect("a corpus");
            input.truncate(at);
            input.extend_from_slice(&other[random.usize(..=other.len())..]);
        }
        _ => input.insert(at, random.u8(..)),
    }
}

/// Changes one bit or one octet.
fn flip(input: &mut [u8], random: &mut fastrand::Rng) {
    if let Some(octet) = random.choice(input.iter_mut()) {
        match random.bool() {
            true => *octet ^= 1 << random.u8(..8),
            false => *octet = random.u8(..),
        }
    }
}
