//! Every test that drives the real binary from outside, in one program: a folder per contract, with a file per
//! resource of its document, then folders for what all contracts share. `tests/run` provides the environment.

mod broker;
mod classic;
mod every_contract;
mod faults;
mod house;
mod minimal;
mod operator;
mod platform;
mod postgres;
mod services;
mod souk;
mod storefront;
mod stripe;
mod support;
