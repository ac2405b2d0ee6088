//! Journeys: what one request makes several owners do, within one turn.
//!
//! A journey holds the turn of its `unit`, so nothing happens between its questions. It asks
//! everything that can be refused before anything is written.

pub mod accounts;
pub mod order_lines;
pub mod ordering;
pub mod paying;
pub mod reporting;
pub mod shopping;

#[cfg(test)]
mod tests;
