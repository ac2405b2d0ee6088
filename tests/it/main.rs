//! Every test that drives the real binary from outside, in one program: a folder for each contract, whose files are
//! the resources of its document, then what holds for all of them. `tests/run` runs it with what it needs.

mod broker;
mod classic;
mod every_contract;
mod faults;
mod house;
mod minimal;
mod operator;
mod platform;
mod services;
mod souk;
mod storefront;
mod stripe;
mod support;
