//! Databases that cannot be used are refused at the start: by name, with what to do, without the password, and without
//! a trace in them.

use std::net::TcpListener;

use crate::support::{DATABASE_PASSWORD, Postgres, SHARED_SECRET, Shop, connect, psql};

/// Commands that need the shop's rows, with their input.
const COMMANDS: [(&[&str], &str); 5] = [
    (&["serve", "--listen", "127.0.0.1:0"], ""),
    (&["migrate"], ""),
    (&["check"], ""),
    (&["backup", "copy"], ""),
    (&["admin", "create", "--username", "b", "--email", "b@souk.example"], "a-good-password-1\n"),
];

/// Every command refuses this store and names all these words.
#[track_caller]
fn expect_refused(store: &str, words: &[&str]) {
    expect_refused_by(&COMMANDS, store, words);
}

/// The same of these commands.
#[track_caller]
fn expect_refused_by(commands: &[(&[&str], &str)], store: &str, words: &[&str]) {
    let shop = Shop::closed_with(&[("SOUK_STORE", store), SHARED_SECRET]);
    for (command, input) in commands {
        let mut refused = shop.run(command, input).expect_refusal();
        assert!(!refused.stderr.contains(DATABASE_PASSWORD), "{command:?}: {refused:#?}");
        assert!(!refused.stderr.contains("a-guess"), "{command:?}: {refused:#?}");
        let setting = ["SOUK_STORE", "`store`"];
        assert!(
            setting.iter().any(|name| refused.stderr.contains(name)),
            "{command:?}: {refused:#?}"
        );
        for word in words {
            refused = refused.naming(word);
        }
    }
    assert!(!shop.directory().join("copy").exists(), "no backup was begun");
}

/// The tables of a database, and what `souk_meta` says.
async fn traces(url: &str) -> (Vec<Vec<String>>, Vec<Vec<String>>) {
    let tables = "SELECT schemaname, tablename FROM pg_tables
        WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2";
    let tables = psql(url, tables).await;
    let has_meta = tables.iter().any(|table| table[1] == "souk_meta");
    let meta = match has_meta {
        true => psql(url, "SELECT * FROM souk_meta ORDER BY 1").await,
        false => Vec::new(),
    };
    (tables, meta)
}

#[tokio::test]
async fn a_wrong_password_user_or_database_is_refused() {
    let postgres = Postgres::start();
    let url = postgres.database("shop").await;
    let port = postgres.address().port().to_string();
    expect_refused(&url.replace(DATABASE_PASSWORD, "a-guess"), &["password", &port]);
    expect_refused(&url.replace("souk:", "nobody:"), &["nobody"]);
    expect_refused(&postgres.url_of("shoop"), &["shoop", "does not exist"]);
    assert_eq!(traces(&url).await, Default::default());
}

#[test]
fn an_address_where_nobody_listens_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let url = format!("postgres://souk:{DATABASE_PASSWORD}@127.0.0.1:{port}/shop");
    expect_refused(&url, &[&port.to_string(), "refused"]);
    let url = format!("postgres://souk:{DATABASE_PASSWORD}@no-such-host.invalid/shop");
    expect_refused(&url, &["no-such-host.invalid"]);
}

#[tokio::test]
async fn tls_that_the_server_does_not_offer_is_refused() {
    let postgres = Postgres::start();
    let url = postgres.database("shop").await;
    expect_refused(&format!("{url}?sslmode=require"), &["TLS"]);
    assert_eq!(traces(&url).await, Default::default());
}

#[tokio::test]
async fn a_database_of_another_application_is_refused_and_left_as_it_is() {
    let postgres = Postgres::start();
    let url = postgres.database("shop").await;
    psql(&url, "CREATE TABLE invoices (n int)").await;
    let before = traces(&url).await;
    expect_refused(&url, &["invoices", "database of its own"]);
    assert_eq!(traces(&url).await, before);

    // Beside it, in a schema of its own, a shop has room.
    psql(&url, "CREATE SCHEMA souk").await;
    let beside = format!("{url}?options=-csearch_path%3Dsouk");
    let mut shop = Shop::closed_with(&[("SOUK_STORE", &beside), SHARED_SECRET]);
    shop.run(&["migrate"], "").expect_success();
    shop.start();
    shop.customer("ann").await;
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn tables_of_a_newer_program_are_refused_and_left_as_they_are() {
    let postgres = Postgres::start();
    let url = postgres.database("shop").await;
    let mut shop = Shop::closed_with(&[("SOUK_STORE", &url), SHARED_SECRET]);
    shop.run(&["migrate"], "").expect_success();
    // Made twice, they stay as they are.
    let made = traces(&url).await;
    shop.run(&["migrate"], "").expect_success();
    assert_eq!(traces(&url).await, made);
    for key in ["format", "schema_version"] {
        let known = psql(&url, &format!("SELECT value FROM souk_meta WHERE key = '{key}'")).await;
        psql(&url, &format!("UPDATE souk_meta SET value = '999' WHERE key = '{key}'")).await;
        let before = traces(&url).await;
        expect_refused(&url, &["999", "version of Souk"]);
        assert_eq!(traces(&url).await, before);
        let known = &known[0][0];
        psql(&url, &format!("UPDATE souk_meta SET value = '{known}' WHERE key = '{key}'")).await;
    }
    shop.start();
    shop.customer("ann").await;
}

#[tokio::test]
async fn a_database_that_cannot_be_written_is_refused() {
    let mut postgres = Postgres::start();
    let url = postgres.database("shop").await;
    let standby = postgres.standby("second").await;
    expect_refused(&standby.url_of("shop"), &["read-only", "primary"]);
    psql(&url, "ALTER DATABASE shop SET default_transaction_read_only = on").await;
    expect_refused(&url, &["read-only"]);
    psql(&postgres.url(), "ALTER DATABASE shop SET default_transaction_read_only = off").await;
    assert_eq!(traces(&url).await, Default::default());

    // A user without the right to make tables.
    let client = connect(&url).await;
    let user = format!("CREATE ROLE reader LOGIN PASSWORD '{DATABASE_PASSWORD}'");
    client.batch_execute(&user).await.expect("a role");
    client.batch_execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC").await.expect("revoked");
    let reader = url.replace("souk:", "reader:");
    let makes_tables = |command: &[&str]| ["serve", "migrate", "admin"].contains(&command[0]);
    let (making, reading): (Vec<_>, Vec<_>) =
        COMMANDS.into_iter().partition(|(command, _)| makes_tables(command));
    expect_refused_by(&making, &reader, &["permission denied"]);
    expect_refused_by(&reading, &reader, &["no shop yet"]);
    assert_eq!(traces(&url).await, Default::default());
    postgres.stop().await;
}

#[tokio::test]
async fn processes_without_a_common_secret_are_refused() {
    let postgres = Postgres::start();
    let url = postgres.database("shop").await;
    let shop = Shop::closed_with(&[("SOUK_STORE", &url)]);
    for (command, input) in COMMANDS {
        let refused = shop.run(command, input).expect_refusal();
        refused.naming("jwt_secret").naming("beside store").naming("openssl rand");
    }
    assert!(!shop.data().exists(), "nothing was made");
    assert_eq!(traces(&url).await, Default::default());
}

#[test]
fn what_is_no_url_of_a_database_is_refused() {
    for store in [
        "postgres",
        "mysql://souk:a-guess@localhost/shop",
        "postgres://souk:a-guess@localhost:port/shop",
        "postgres://souk:a-guess@localhost/shop?colour=blue",
        "souk.redb",
    ] {
        expect_refused(store, &["SOUK_STORE", "postgres://"]);
    }
}

#[tokio::test]
async fn readers_refuse_a_database_without_a_shop_and_make_none() {
    let postgres = Postgres::start();
    let url = postgres.database("shop").await;
    let shop = Shop::closed_with(&[("SOUK_STORE", &url), SHARED_SECRET]);
    for command in [&["check"][..], &["backup", "copy"], &["admin", "list"]] {
        shop.run(command, "").expect_refusal().naming("no shop").naming("souk migrate");
    }
    assert_eq!(traces(&url).await, Default::default());
    assert!(!shop.directory().join("copy").exists());
}

/// What started half-way, or with the wrong setting, starts once the setting is right.
#[tokio::test]
async fn a_refused_start_leaves_nothing_in_the_way_of_the_next() {
    let mut postgres = Postgres::start();
    let url = postgres.database("shop").await;
    let mut shop = Shop::closed_with(&[("SOUK_STORE", &url), SHARED_SECRET]);
    postgres.stop().await;
    shop.run(&["serve", "--listen", "127.0.0.1:0"], "").expect_refusal();
    postgres.restart();
    shop.start();
    shop.customer("ann").await;
    shop.stop().await;

    // The same data directory with another database: its rows are the other database's.
    let other = postgres.database("other").await;
    shop.set("SOUK_STORE", &other);
    shop.start();
    let ann = shop.nobody().try_log_in("ann@souk.example", "ann-password-1").await;
    assert_ne!(ann.status, 200, "{ann}");
    shop.stop().await;
    shop.check();
    shop.set("SOUK_STORE", &url);
    shop.start();
    shop.nobody().log_in("ann@souk.example", "ann-password-1").await;
    shop.stop().await;
    shop.check();
}
