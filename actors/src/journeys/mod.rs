//! Journeys: requests that involve several owners within one turn.
//!
//! A journey holds the turn of its `unit`, so nothing else runs between its messages to the owners.
//! It makes all checks that can reject before the first write.

pub mod accounts;
pub mod order_lines;
pub mod ordering;
pub mod paying;
pub mod reporting;
pub mod shopping;

#[cfg(test)]
mod tests;
