//! How lines of the log lie in the file.

use super::record::Level;
use super::store::{Hour, Line};
use souk_actors::store::{Row, Stored, Table, Text};
use souk_actors::stored;

/// Hour since the epoch, then milliseconds since then and the number of the line.
pub(super) type LineKey = (u64, (u64, u64));

pub(super) const LINES: Table<LineKey, Line> = Table::new("log.lines");
pub(super) const HOURS: Table<u64, Hour> = Table::new("log.hours");

stored! {
    /// A line.
    pub(super) struct LineV1<'a> of Line {
        service: Text<'a>,
        level: u8,
        message: Text<'a>,
        /// A JSON object.
        fields: Text<'a>,
    }

    /// What an hour's bucket holds.
    pub(super) struct HourV1 of Hour {
        lines: u64,
        bytes: u64,
    }
}

impl Row for Line {
    type Stored<'a> = LineV1<'a>;
}

impl Row for Hour {
    type Stored<'a> = HourV1;
}

impl Stored<'_, Level> for u8 {
    fn of(value: &Level) -> Self {
        value.number()
    }

    fn value(self) -> Option<Level> {
        Level::from_number(self)
    }
}
