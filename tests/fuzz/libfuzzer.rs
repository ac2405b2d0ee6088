//! The program of libFuzzer: one target, named by `SOUK_FUZZ_TARGET`. It compiles the parsers of the shop
//! as they are; `tests/fuzz/run` starts it.

#![no_main]
#![allow(dead_code, unused_imports, reason = "targets use a part of what is compiled here")]

#[path = "../../src/edge/mod.rs"]
mod edge;
#[path = "../../src/error_chain.rs"]
mod error_chain;
#[path = "targets/mod.rs"]
mod fuzz;
#[path = "../../src/local_socket.rs"]
mod local_socket;
#[path = "../../src/logs/mod.rs"]
mod logs;
#[path = "../../src/moment.rs"]
mod moment;
#[path = "../../src/panics.rs"]
mod panics;

use libfuzzer_sys::fuzz_target;
use std::env;
use std::sync::LazyLock;

static TARGET: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let wanted = env::var("SOUK_FUZZ_TARGET").unwrap_or_default();
    let mut all = fuzz::TARGETS.iter().chain(souk_actors::fuzz::TARGETS);
    let found = all.find(|(name, _)| *name == wanted);
    found.map(|(_, target)| *target).expect("SOUK_FUZZ_TARGET names a target")
});

fuzz_target!(|input: &[u8]| TARGET(input));
