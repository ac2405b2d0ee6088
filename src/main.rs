//! Souk: a whole shop backend in one binary. See README.md for the two commands to begin with and
//! ARCHITECTURE.md for the map.

mod adapters;
mod administrators;
mod app;
mod commands;
mod contracts;
mod control;
mod demo;
mod edge;
mod error_chain;
#[cfg(test)]
#[path = "../actors/src/fixtures/proof.rs"]
mod fixtures;
mod freed_memory;
#[cfg(test)]
#[path = "../tests/fuzz/targets/mod.rs"]
mod fuzz;
mod gateways;
mod local_socket;
mod logs;
mod moment;
mod pages;
mod panics;
mod private_files;
mod server;
mod settings;
mod telemetry;

use clap::Parser;
use commands::CommandLine;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    private_files::set_umask();
    // The allocator asks for huge pages. Freed memory goes back by such pages only, so one answer that
    // is still held would keep two MiB. An old kernel that cannot do without them costs memory, no more.
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    commands::run(CommandLine::parse())
}
