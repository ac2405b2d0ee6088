//! The table of a comparison. A ratio above 1 always means that today's binary is better.

use super::turns::Round;
use crate::measure::median;
use crate::measure::product::Pace;
use crate::report;
use std::fmt;

/// Today's binary may be three per cent slower.
const RATIO_MIN: f64 = 0.97;

/// The unit of a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    PerSecond,
    /// Of processor time.
    Microseconds,
    Milliseconds,
    Mebibytes,
}

impl Unit {
    fn shown(self, number: f64) -> String {
        match self {
            Self::PerSecond => format!("{number:.0}/s"),
            Self::Microseconds => format!("{number:.1} µs"),
            Self::Milliseconds => format!("{number:.1} ms"),
            Self::Mebibytes => format!("{number:.1} MiB"),
        }
    }

    /// How many times better the first is than the second.
    fn ratio(self, first: f64, second: f64) -> f64 {
        match self {
            Self::PerSecond => first / second,
            Self::Microseconds | Self::Milliseconds | Self::Mebibytes => second / first,
        }
    }
}

/// One measurement of both binaries and of the floor.
pub(super) struct Row {
    what: String,
    unit: Unit,
    rounds: Vec<Round<f64>>,
    /// The name of the floor; empty if the row before has it, or if there is no floor.
    floor: String,
}

impl Row {
    pub(super) fn new(what: impl Into<String>, unit: Unit, rounds: Vec<Round<f64>>) -> Self {
        Self { what: what.into(), unit, rounds, floor: String::new() }
    }

    /// The rate, and the processor time per piece of work.
    pub(super) fn of_paces(what: &str, each: &str, rounds: &[Round<Pace>]) -> [Self; 2] {
        let of = |value: fn(Pace) -> f64| rounds.iter().map(|round| round.map(value)).collect();
        let cpu = format!("its processor time per {each}");
        [
            Self::new(what, Unit::PerSecond, of(|pace| pace.per_second)),
            Self::new(cpu, Unit::Microseconds, of(|pace| pace.cpu_microseconds)),
        ]
    }

    pub(super) fn beside(mut self, floor: impl Into<String>) -> Self {
        self.floor = floor.into();
        self
    }

    /// The median over the rounds; `None` if a round has no such value.
    fn over_rounds(&self, value: impl Fn(&Round<f64>) -> Option<f64>) -> Option<f64> {
        self.rounds.iter().map(value).collect::<Option<Vec<f64>>>().map(median)
    }

    fn ratio(&self) -> f64 {
        median(self.rounds.iter().map(|round| self.unit.ratio(round.now, round.then)))
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, unit, rounds, floor } = self;
        let shown = |value: fn(&Round<f64>) -> f64| unit.shown(median(rounds.iter().map(value)));
        let (now, then) = (shown(|round| round.now), shown(|round| round.then));
        let beside = self.over_rounds(|round| round.floor).map_or(String::new(), |number| {
            let colon = if floor.is_empty() { "" } else { ": " };
            format!("{floor}{colon}{}", unit.shown(number))
        });
        let to_floor = self.over_rounds(|round| Some(unit.ratio(round.now, round.floor?)));
        let to_floor = to_floor.map_or(String::new(), |ratio| format!("{ratio:.3}"));
        let ratio = self.ratio();
        let met = report::met(ratio >= RATIO_MIN);
        writeln!(
            f,
            "| {what} | {now} | {then} | {ratio:.3} | {beside} | {to_floor} | ≥ {RATIO_MIN} | {met} |"
        )
    }
}

/// All comparisons of one run.
pub(crate) struct Comparison {
    pub(super) rows: Vec<Row>,
    /// Today's revision.
    pub(super) now: String,
    /// The older binary.
    pub(super) then: String,
    pub(super) is_quick: bool,
    pub(super) load_average: String,
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| measured | now | then | now/then | floor | now/floor | aim | met |")?;
        writeln!(f, "|---|---|---|---|---|---|---|---|")?;
        for row in &self.rows {
            write!(f, "{row}")?;
        }
        let Self { now, then, .. } = self;
        writeln!(f, "\nNow: revision {now}. Then: {then}.")?;
        writeln!(
            f,
            "Each ratio is a median over the rounds; above 1, now is better, for costs too."
        )?;
        writeln!(f, "{}", report::circumstances(&self.load_average, self.is_quick))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(rounds: &[(f64, f64, f64)]) -> Vec<Round<f64>> {
        let one = |&(now, then, floor)| Round { now, then, floor: Some(floor) };
        rounds.iter().map(one).collect()
    }

    #[test]
    fn a_ratio_is_the_median_of_the_ratios_of_the_rounds() {
        // The machine slowed down between the rounds; the medians of the columns do not show it.
        let rounds = rounds(&[(100.0, 50.0, 200.0), (10.0, 5.0, 20.0), (60.0, 120.0, 120.0)]);
        let row = Row::new("orders", Unit::PerSecond, rounds).beside("bare");
        let shown = "| orders | 60/s | 50/s | 2.000 | bare: 120/s | 0.500 | ≥ 0.97 | yes |\n";
        assert_eq!(row.to_string(), shown);
    }

    #[test]
    fn a_cost_that_grows_misses_the_aim() {
        let mut rounds = rounds(&[(10.4, 10.0, 5.2)]);
        let row = Row::new("start", Unit::Milliseconds, rounds.clone());
        let shown = "| start | 10.4 ms | 10.0 ms | 0.962 | 5.2 ms | 0.500 | ≥ 0.97 | **no** |\n";
        assert_eq!(row.to_string(), shown);
        rounds[0].floor = None;
        let row = Row::new("start", Unit::Milliseconds, rounds);
        let shown = "| start | 10.4 ms | 10.0 ms | 0.962 |  |  | ≥ 0.97 | **no** |\n";
        assert_eq!(row.to_string(), shown);
    }
}
