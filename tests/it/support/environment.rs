//! The programs that `tests/run` installs.

use std::env;
use std::path::{Path, PathBuf};

/// The nats-server binary.
pub(crate) fn nats_server() -> PathBuf {
    installed("SOUK_TEST_NATS_SERVER", "nats-server")
}

/// The Python that has the packages of the tests.
pub(crate) fn python() -> PathBuf {
    installed("SOUK_TEST_PYTHON", "python")
}

/// The cargo-deny binary, which checks the dependencies.
pub(crate) fn cargo_deny() -> PathBuf {
    installed("SOUK_TEST_CARGO_DENY", "cargo-deny")
}

/// One of PostgreSQL's programs.
pub(crate) fn postgres_program(name: &str) -> PathBuf {
    let programs = env::var_os("SOUK_TEST_POSTGRES_BIN").unwrap_or_else(|| {
        panic!("SOUK_TEST_POSTGRES_BIN is not set: start the tests with tests/run, it finds PostgreSQL's programs")
    });
    Path::new(&programs).join(name)
}

/// The programs of the Node packages: `openapi-typescript` and `tsc`. They are scripts for [`node`].
pub(crate) fn node_program(package: &str, script: &str) -> PathBuf {
    let environment = python().with_file_name("..");
    let path = environment.join("clients/node_modules").join(package).join(script);
    assert!(path.exists(), "{} is missing: run tests/run once", path.display());
    path
}

/// What runs scripts of Node packages.
pub(crate) fn node() -> PathBuf {
    python().with_file_name("node")
}

/// The directory of this repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn installed(variable: &str, name: &str) -> PathBuf {
    let path = match env::var_os(variable) {
        Some(path) => PathBuf::from(path),
        // CARGO_TARGET_TMPDIR is a directory directly inside the target directory.
        None => {
            Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("test-env").join("bin").join(name)
        }
    };
    assert!(
        path.exists(),
        "{} is missing: run tests/run once, it installs what the tests need",
        path.display()
    );
    path
}
