//! Rows of leases, for the fixtures.

use super::rows::LeaseRow;
use super::stored::ROWS;
use crate::fixtures::{Example, TIME, text};
use souk_domain::UnixMillis;

pub(crate) fn rows() -> Vec<Example> {
    let row = |fence, until| LeaseRow { holder: text("4f1c22a09be3d871"), fence, until };
    vec![
        Example::of(ROWS, "held", &text("relay"), &row(300, TIME)),
        Example::of(ROWS, "released", &text("demo"), &row(1, UnixMillis::new(0))),
    ]
}
