//! The repository itself: its rules, documentation, samples and dependencies.

mod architecture;
mod deploy;
mod docs_pages;
mod docs_walks;
mod reference;
mod sources;
mod supply_chain;
mod tidy;
