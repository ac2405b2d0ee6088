//! `souk migrate`: makes the tables that the database of `store` lacks.

use super::{CommandError, print_text};
use crate::settings::Settings;
use souk_actors::store::{DatabaseError, Migration, migrate};
use std::process::ExitCode;

/// Why the tables were not made.
#[derive(Debug, thiserror::Error)]
#[error("nothing was made: the setting `store` (SOUK_STORE)")]
pub(crate) struct MigrateError(#[from] DatabaseError);

pub(super) async fn run(settings: &Settings) -> Result<ExitCode, CommandError> {
    let Some(database) = settings.database() else {
        print_text(
            "nothing is to be migrated: the store is a file, and each start adds its tables",
        )?;
        return Ok(ExitCode::SUCCESS);
    };
    let made = migrate(database, &souk_actors::schema()).await.map_err(MigrateError)?;
    print_text(&match made {
        Migration { is_new: true, tables } => {
            format!(
                "{database} was empty: the tables of a shop were made, for {} kinds of rows",
                tables.len()
            )
        }
        Migration { tables, .. } if tables.is_empty() => {
            format!("nothing was to be done: {database} has all tables of this version")
        }
        Migration { tables, .. } => {
            format!(
                "{database} lacked {} kinds of rows, and has them now: {}",
                tables.len(),
                tables.join(", ")
            )
        }
    })?;
    Ok(ExitCode::SUCCESS)
}
