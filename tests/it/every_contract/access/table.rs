//! Parses docs/access.md: who gets what of every operation.

use std::collections::BTreeSet;
use std::fs;

use crate::support::repository;

/// The callers, in the order of the table's columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    Nobody,
    BadToken,
    Other,
    Owner,
    Administrator,
    Service,
    Guest,
    OtherGuest,
}

pub(crate) const CALLERS: [Caller; 8] = [
    Caller::Nobody,
    Caller::BadToken,
    Caller::Other,
    Caller::Owner,
    Caller::Administrator,
    Caller::Service,
    Caller::Guest,
    Caller::OtherGuest,
];

#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) contract: String,
    pub(crate) method: String,
    /// As the document prints it, with parameters in braces.
    pub(crate) path: String,
    statuses: [u16; CALLERS.len()],
}

impl Row {
    pub(crate) fn status_for(&self, caller: Caller) -> u16 {
        self.statuses[caller as usize]
    }

    /// `POST /api/orders/`.
    pub(crate) fn operation(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

fn rows() -> Vec<Row> {
    let table = fs::read_to_string(repository().join("docs/access.md")).expect("the table");
    table.lines().filter_map(row).collect()
}

/// The contracts that have rows.
pub(crate) fn contracts() -> BTreeSet<String> {
    rows().into_iter().map(|row| row.contract).collect()
}

/// The rows of one contract; at least one.
pub(crate) fn rows_of(contract: &str) -> Vec<Row> {
    let rows: Vec<Row> = rows().into_iter().filter(|row| row.contract == contract).collect();
    assert!(!rows.is_empty(), "no rows of {contract} in docs/access.md");
    rows
}

fn row(line: &str) -> Option<Row> {
    let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
    let [contract, operation, statuses @ ..] = cells.as_slice() else { return None };
    let (method, path) = operation.split_once(' ').filter(|(_, path)| path.starts_with('/'))?;
    let status = |text: &&str| text.parse().unwrap_or_else(|_| panic!("{text:?} in {line}"));
    let statuses: Vec<u16> = statuses.iter().map(status).collect();
    Some(Row {
        contract: (*contract).to_owned(),
        method: method.to_owned(),
        path: path.to_owned(),
        statuses: statuses.try_into().unwrap_or_else(|_| panic!("a cell for every caller: {line}")),
    })
}
