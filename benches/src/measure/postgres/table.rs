//! The rows of the report.

use super::super::median;
use super::fleet::Orders;
use super::{ORDERS_AT_ONCE, Round};
use crate::report::Row;
use crate::world::{CUSTOMERS, LINES_PER_ORDER};

/// The checkouts of this many processes. An order writes `count` rows.
pub(super) fn checkouts(rounds: &[Round], processes: usize, aim: f64, count: usize) -> Vec<Row> {
    let of = |value: fn(&Round) -> f64| median(rounds.iter().map(value));
    let name =
        if processes == 1 { "1 process".to_owned() } else { format!("{processes} processes") };
    let what =
        format!("checkout of {LINES_PER_ORDER} lines, {name}, {CUSTOMERS} connections in all");
    let floor = format!("raw upserts of the same {count} rows an order, {processes} connection(s)");
    let per_second = of(|it| it.souk.per_second / it.raw.per_second);
    let costs = of(|it| it.souk.database_microseconds / it.raw.microseconds);
    let alike = of(|it| it.souk.per_second / it.raw_alike.per_second);
    let costs_alike = of(|it| it.souk.database_microseconds / it.raw_alike.microseconds);
    let souks = rounds.iter().map(|it| it.souk);
    vec![
        Row::new(what, format!("{:.0}/s", of(|it| it.souk.per_second)))
            .beside(format!(
                "{floor}, {ORDERS_AT_ONCE:.0} orders a commit: {:.0}/s",
                of(|it| it.raw.per_second)
            ))
            .ratio(per_second)
            .aim(&format!("≥ {aim}"), per_second >= aim),
        Row::new("the same", "as above")
            .beside(format!(
                "{:.0} orders a commit, as in an epoch: {:.0}/s",
                of(|it| it.souk.turns_per_epoch),
                of(|it| it.raw_alike.per_second)
            ))
            .ratio(alike),
        Row::new("PostgreSQL's processor time per order", database_time(rounds))
            .beside(format!("{:.0} µs", of(|it| it.raw.microseconds)))
            .ratio(costs)
            .aim("≤ 1.25", costs <= 1.25),
        Row::new("the same", "as above")
            .beside(format!(
                "{:.0} orders a commit: {:.0} µs",
                of(|it| it.souk.turns_per_epoch),
                of(|it| it.raw_alike.microseconds)
            ))
            .ratio(costs_alike),
        Row::new("how busy PostgreSQL's core is", percent(of(|it| it.souk.database_busy())))
            .beside(percent(of(|it| it.raw.busy))),
        souk_time(souks.clone()),
        epochs(souks),
    ]
}

/// The checkouts of the customers who all want the same product.
pub(super) fn hot(rounds: &[Round]) -> Vec<Row> {
    let pairs = || rounds.iter().filter_map(|round| Some((round.hot?, round.souk)));
    let ratio = median(pairs().map(|(hot, spread)| hot.per_second / spread.per_second));
    let of = |value: fn(Orders) -> f64| median(pairs().map(|(hot, _)| value(hot)));
    let spread = median(pairs().map(|(_, spread)| spread.per_second));
    vec![
        Row::new(
            "the same while one of the lines is the same product for all",
            format!("{:.0}/s", of(|hot| hot.per_second)),
        )
        .beside(format!("different products: {spread:.0}/s"))
        .ratio(ratio)
        .aim("≥ 0.4", ratio >= 0.4),
        Row::new(
            "PostgreSQL's processor time per order",
            format!("{:.0} µs", of(|hot| hot.database_microseconds)),
        ),
        souk_time(pairs().map(|(hot, _)| hot)),
        epochs(pairs().map(|(hot, _)| hot)),
    ]
}

fn database_time(rounds: &[Round]) -> String {
    format!("{:.0} µs", median(rounds.iter().map(|it| it.souk.database_microseconds)))
}

fn souk_time(loads: impl Iterator<Item = Orders>) -> Row {
    let time = median(loads.map(|it| it.souk_microseconds));
    Row::new("Souk's processor time per order", format!("{time:.0} µs"))
}

fn epochs(loads: impl Iterator<Item = Orders> + Clone) -> Row {
    let of = |value: fn(Orders) -> f64| median(loads.clone().map(value));
    let (rate, turns) = (of(|it| it.epochs_per_second), of(|it| it.turns_per_epoch));
    let overtaken = percent(of(|it| it.overtaken));
    Row::new("epochs", format!("{rate:.0}/s of {turns:.1} turns, {overtaken} of them run again"))
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}
