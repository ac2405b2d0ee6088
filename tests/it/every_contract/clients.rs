//! Clients that are generated from the descriptions: well-known generators read each of them, and what they make
//! passes the type checker of its language.

use crate::support::{node, node_program, python, repository, run_souk};
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

const CONTRACTS: [&str; 6] = ["classic", "minimal", "services", "storefront", "platform", "souk"];

/// A directory with every description as `<contract>.json`.
fn descriptions() -> TempDir {
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    for contract in CONTRACTS {
        let description = run_souk(&["openapi", contract]).expect_success().stdout;
        fs::write(directory.path().join(format!("{contract}.json")), description).expect("written");
    }
    directory
}

/// Runs a program in the directory of the descriptions; its output is the message of a failure.
fn expect_success(
    directory: &Path,
    program: &Path,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
) {
    let mut command = Command::new(program);
    let output = command.args(arguments).current_dir(directory).output().expect("starts");
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    let (said, complained) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{command:?}\n{said}\n{complained}");
}

#[test]
fn typescript_clients_pass_the_type_checker() {
    let directory = descriptions();
    let generator = node_program("openapi-typescript", "bin/cli.js");
    for contract in CONTRACTS {
        let (from, to) = (format!("{contract}.json"), format!("{contract}.ts"));
        let arguments = [generator.as_os_str(), from.as_ref(), "--output".as_ref(), to.as_ref()];
        expect_success(directory.path(), &node(), arguments);
    }
    let settings = repository().join("tests/clients/tsconfig.json");
    fs::copy(settings, directory.path().join("tsconfig.json")).expect("copied");
    let checker = node_program("typescript", "bin/tsc");
    expect_success(
        directory.path(),
        &node(),
        [checker.as_os_str(), "--project".as_ref(), ".".as_ref()],
    );
}

#[test]
fn python_clients_pass_the_type_checker() {
    let directory = descriptions();
    let settings = repository().join("tests/clients/python.yaml");
    for contract in CONTRACTS {
        let (from, to) = (format!("{contract}.json"), format!("client_{contract}"));
        let mut arguments: Vec<&OsStr> =
            ["-m", "openapi_python_client", "generate", "--meta", "none"]
                .into_iter()
                .map(OsStr::new)
                .collect();
        arguments
            .extend(["--fail-on-warning", "--path", &from, "--output-path", &to].map(OsStr::new));
        arguments.extend([OsStr::new("--config"), settings.as_os_str()]);
        expect_success(directory.path(), &python(), arguments);
    }
    let clients = CONTRACTS.map(|contract| format!("client_{contract}"));
    let arguments = ["-m", "mypy", "--strict"].map(str::to_owned).into_iter().chain(clients);
    expect_success(directory.path(), &python(), arguments);
}
