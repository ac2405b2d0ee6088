//! The repository itself: its rules, its documentation, its samples, what it links.

mod deploy;
mod docs_pages;
mod docs_walks;
mod reference;
mod supply_chain;
mod tidy;
