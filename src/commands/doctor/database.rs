//! Checks of the database of `store`.

use super::Finding;
use crate::error_chain::chain;
use crate::settings::Settings;
use souk_actors::store::{Database, DatabaseError, DatabaseReport, examine};

/// The oldest PostgreSQL with everything that the shop uses.
const MAJOR_MIN: i32 = 13;
/// The PostgreSQL that the shop is tested with.
const MAJOR_TESTED: i32 = 15;
/// Seconds between two clocks beyond which the shop does not start.
const CLOCK_SECONDS_MAX: f64 = 2.0;
/// Connections that one process and one command use at most.
const CONNECTIONS_OF_A_PROCESS: i64 = 6;

/// Checks the database.
pub(super) async fn database(database: &Database, settings: &Settings) -> Vec<Finding> {
    let report = match examine(database, &souk_actors::schema()).await {
        Ok(report) => report,
        Err(error) => {
            let advice =
                "start PostgreSQL, or mend `store`: postgres://user:password@host:5432/shop";
            return vec![Finding::fail("store", chain(&error), advice)];
        }
    };
    vec![
        version(database, &report),
        tables(report.tables.as_ref().err(), settings),
        durability(&report),
        connections(&report),
        clock(report.clock_ahead),
        encryption(database, report.has_tls),
    ]
}

fn version(database: &Database, report: &DatabaseReport) -> Finding {
    let DatabaseReport { version, major, .. } = report;
    let found = format!("{database} answers (PostgreSQL {version}; tested with {MAJOR_TESTED})");
    if *major < MAJOR_MIN {
        return Finding::fail("store", found, format!("use PostgreSQL {MAJOR_MIN} or later"));
    }
    Finding::ok("store", found)
}

fn tables(fault: Option<&DatabaseError>, settings: &Settings) -> Finding {
    match fault {
        None => Finding::ok("tables", "the database has all tables; `souk check` proves its rows"),
        Some(DatabaseError::NoShop { .. } | DatabaseError::Incomplete { .. })
            if settings.makes_tables() =>
        {
            Finding::ok("tables", "the database lacks tables; the next start makes them")
        }
        Some(error @ (DatabaseError::NoShop { .. } | DatabaseError::Incomplete { .. })) => {
            Finding::fail("tables", chain(error), "run `souk migrate`")
        }
        Some(error) => Finding::fail("tables", chain(error), "give the shop a database of its own"),
    }
}

fn durability(report: &DatabaseReport) -> Finding {
    if !report.has_fsync {
        let found = "fsync is off: a power failure destroys the database";
        return Finding::fail("durability", found, "set fsync = on in postgresql.conf");
    }
    Finding::ok(
        "durability",
        match report.has_synchronous_commit {
            true => "fsync and synchronous_commit are on",
            false => "fsync is on; synchronous_commit is off, and the shop sets it on for itself",
        },
    )
}

fn connections(report: &DatabaseReport) -> Finding {
    let DatabaseReport { connections_max: max, connections_used: used, .. } = report;
    let free = max - used;
    let found = format!(
        "{free} of {max} connections are free; a process uses up to {CONNECTIONS_OF_A_PROCESS}"
    );
    let advice = "raise max_connections of PostgreSQL, or let other programs use fewer";
    match free {
        ..CONNECTIONS_OF_A_PROCESS => Finding::fail("connections", found, advice),
        free if free < 2 * CONNECTIONS_OF_A_PROCESS => Finding::warn("connections", found, advice),
        _ => Finding::ok("connections", found),
    }
}

fn clock(ahead: f64) -> Finding {
    let found = format!("this machine's clock is {ahead:+.2} s from the database's");
    if ahead.abs() > CLOCK_SECONDS_MAX {
        return Finding::fail("clock", found, "let both follow a time server (NTP)");
    }
    Finding::ok("clock", found)
}

fn encryption(database: &Database, has_tls: bool) -> Finding {
    if has_tls {
        return Finding::ok("tls", "the connection to the database is encrypted");
    }
    if database.is_on_this_machine() {
        return Finding::ok("tls", "the database is on this machine, without encryption");
    }
    let found = "the connection to the database is not encrypted";
    Finding::warn("tls", found, "add ?sslmode=require to `store`, unless the network is private")
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    fn report() -> DatabaseReport {
        DatabaseReport {
            version: "15.4".to_owned(),
            major: 15,
            clock_ahead: 0.0,
            has_fsync: true,
            has_synchronous_commit: true,
            connections_max: 97,
            connections_used: 4,
            has_tls: true,
            tables: Ok(()),
        }
    }

    #[test]
    fn what_a_shop_must_not_rest_on_is_found() {
        let url = Database::from_url("postgres://souk@db.example/shop").expect("a database");
        let old = DatabaseReport { major: 12, ..report() };
        assert_eq!(version(&url, &report()).state, State::Ok);
        assert_eq!(version(&url, &old).state, State::Fail);
        assert_eq!(durability(&report()).state, State::Ok);
        assert_eq!(durability(&DatabaseReport { has_fsync: false, ..report() }).state, State::Fail);
        for (used, state) in [(4, State::Ok), (86, State::Warn), (95, State::Fail)] {
            let crowded = DatabaseReport { connections_used: used, ..report() };
            assert_eq!(connections(&crowded).state, state, "{used}");
        }
        assert_eq!(clock(-2.5).state, State::Fail);
        assert_eq!(clock(1.5).state, State::Ok);
        assert_eq!(encryption(&url, false).state, State::Warn);
        let here = Database::from_url("postgres://souk@127.0.0.1/shop").expect("a database");
        assert_eq!(encryption(&here, false).state, State::Ok);
    }

    #[test]
    fn missing_tables_matter_only_where_the_start_does_not_make_them() {
        let database = Database::from_url("postgres://souk@db.example/shop").expect("a database");
        let fault = DatabaseError::NoShop { database };
        let settings = Settings::default();
        assert_eq!(tables(Some(&fault), &settings).state, State::Ok);
        assert_eq!(tables(None, &settings).state, State::Ok);
    }
}
