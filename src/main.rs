//! Souk: a whole shop backend in one binary. See README.md for the two commands to begin with and
//! ARCHITECTURE.md for the map.

mod adapters;
mod app;
mod commands;
mod contracts;
mod control;
mod demo;
mod edge;
mod logs;
mod pages;
mod settings;
mod telemetry;

use clap::Parser;
use commands::CommandLine;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    commands::run(CommandLine::parse())
}
