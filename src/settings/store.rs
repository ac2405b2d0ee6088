//! Where the shop's rows are.

use super::Settings;
use souk_actors::store::{Database, StorePlace};

/// The directory in the data directory where a process keeps its copy of a database's rows.
const COPY: &str = "copy";

/// The database of a value of `store`; `None` for the file in the data directory.
pub(super) fn parse(text: &str) -> Result<Option<Database>, String> {
    match text.trim() {
        "redb" => Ok(None),
        url if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
            Database::from_url(url).map(Some).map_err(|error| error.to_string())
        }
        _ => Err("it is `redb`, or a URL as in postgres://user:password@host:5432/shop".to_owned()),
    }
}

impl Settings {
    /// The database of the rows; `None` if they are in a file in the data directory.
    pub(crate) fn database(&self) -> Option<&Database> {
        self.store.as_ref()
    }

    /// Whether the start makes tables that the database lacks.
    pub(crate) fn makes_tables(&self) -> bool {
        self.migrate_on_start
    }

    /// Where the rows are.
    pub(crate) fn place(&self) -> StorePlace {
        match &self.store {
            None => StorePlace::Directory(self.data.clone()),
            Some(database) => StorePlace::Database {
                database: database.clone(),
                copy: self.data.join(COPY),
                makes_tables: self.migrate_on_start,
            },
        }
    }
}
