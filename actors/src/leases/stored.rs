//! The table of leases.

use super::rows::LeaseRow;
use crate::store::{Row, Table, Text, tables};
use crate::stored;

/// By the name of the work. A row is never deleted, so a fence is never given out twice.
pub(super) const ROWS: Table<String, LeaseRow> = Table::new("leases.rows");

tables![ROWS];

stored! {
    /// Who may do the work, and until when.
    pub(super) struct LeaseV1<'a> of LeaseRow {
        holder: Text<'a>,
        fence: u64,
        until: i64,
    }
}

impl Row for LeaseRow {
    type Stored<'a> = LeaseV1<'a>;
}
