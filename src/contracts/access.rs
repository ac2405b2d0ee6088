//! Compares the table in docs/access.md with the routes, so that every operation has a row.
//! tests/it/every_contract/access.rs tests that the operations answer as the table says.

use super::routes;
use crate::app::App;
use crate::edge::Router;
use std::collections::BTreeSet;

#[test]
fn every_route_has_a_row_in_the_access_table() {
    let rows = include_str!("../../docs/access.md").lines().filter_map(|line| {
        let mut cells = line.trim_matches('|').split('|').map(str::trim);
        let (contract, operation) = (cells.next()?, cells.next()?);
        operation.contains(" /").then(|| (contract.to_owned(), operation.to_owned()))
    });
    let rows: Vec<(String, String)> = rows.collect();
    let written: BTreeSet<_> = rows.iter().cloned().collect();
    assert_eq!(rows.len(), written.len(), "no operation has two rows");

    let router = Router::<App>::new(routes()).expect("routes without conflicts");
    let routed: BTreeSet<(String, String)> = router
        .operations()
        .flat_map(|operation| {
            let what = format!("{} {}", operation.method, operation.path);
            // A path that two contracts print has one row for each of them.
            let contracts = operation.contract.split(" and ");
            contracts.map(|contract| (contract.to_owned(), what.clone())).collect::<Vec<_>>()
        })
        .collect();

    let without_row: Vec<_> = routed.difference(&written).collect();
    assert!(without_row.is_empty(), "not in docs/access.md: {without_row:#?}");
    let without_route: Vec<_> = written.difference(&routed).collect();
    assert!(without_route.is_empty(), "in docs/access.md, but no route: {without_route:#?}");
}
