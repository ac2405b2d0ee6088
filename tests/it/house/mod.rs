//! The repository itself: its rules, its documentation, its samples, what it links.

mod architecture;
mod deploy;
mod docs_pages;
mod docs_walks;
mod reference;
mod sources;
mod supply_chain;
mod tidy;
