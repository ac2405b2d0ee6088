//! The commands of a shop on PostgreSQL, beside open shops and without one.

use crate::support::{DATABASE_PASSWORD, Postgres, SHARED_SECRET, Shop, connect, psql};

fn shop_on(url: &str) -> Shop {
    Shop::closed_with(&[("SOUK_STORE", url), SHARED_SECRET])
}

#[tokio::test]
async fn a_whole_store_is_copied_there_and_back_and_never_over_another() {
    let postgres = Postgres::start();
    let (first, second) = (postgres.database("first").await, postgres.database("second").await);
    let mut shop = shop_on(&first);
    shop.start();
    shop.customer("ann").await;
    shop.stop().await;
    let copy = |from: &str, to: &str| shop.run(&["copy", "--from", from, "--to", to], "");

    let copied = copy("store", "redb:moved").expect_success();
    assert!(copied.stdout.contains("rows were copied from"), "{copied:?}");
    assert!(!copied.stdout.contains(DATABASE_PASSWORD), "{copied:?}");
    copy("redb:moved", &second).expect_success();
    let rows = "SELECT name, k, v FROM souk_kv JOIN souk_tables USING (t) ORDER BY 1, 2";
    assert_eq!(psql(&first, rows).await, psql(&second, rows).await);

    // Neither is overwritten.
    copy("redb:moved", &second).expect_refusal().naming("second is not empty");
    copy(&second, "redb:moved").expect_refusal().naming("redb:moved is not empty");
    let mut moved = shop_on(&second);
    moved.start();
    moved.customer("bob").await;
    moved.stop().await;
    moved.check();
}

#[tokio::test]
async fn a_copy_that_fails_leaves_the_database_as_it_was() {
    let postgres = Postgres::start();
    let (first, second) = (postgres.database("first").await, postgres.database("second").await);
    let mut shop = shop_on(&first);
    shop.start();
    shop.customer("ann").await;
    shop.stop().await;
    let migrated = shop.run(&["migrate"], "").expect_success();
    assert!(migrated.stdout.contains("nothing was to be done"), "{migrated:?}");
    let other = shop_on(&second);
    other.run(&["migrate"], "").expect_success();
    let refuses = "CREATE FUNCTION refuses() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$;
        CREATE TRIGGER refuses BEFORE INSERT ON souk_epochs EXECUTE FUNCTION refuses()";
    connect(&second).await.batch_execute(refuses).await.expect("a trigger");
    let copy = ["copy", "--from", "store", "--to", &second];
    shop.run(&copy, "").expect_refusal().naming("the disk is full");
    assert_eq!(psql(&second, "SELECT count(*) FROM souk_kv").await, [["0"]]);
    psql(&second, "DROP TRIGGER refuses ON souk_epochs").await;
    shop.run(&copy, "").expect_success();
}

#[tokio::test]
async fn a_backup_beside_an_open_shop_is_restored_into_an_empty_database_only() {
    let postgres = Postgres::start();
    let (first, second) = (postgres.database("first").await, postgres.database("second").await);
    let mut shop = shop_on(&first);
    shop.start();
    shop.customer("ann").await;
    // In another directory, as on another machine.
    let elsewhere = shop_on(&first);
    elsewhere.run(&["backup", "copy"], "").expect_success();
    elsewhere.run(&["check"], "").expect_success();
    let file = elsewhere.directory().join("copy");
    let file = file.to_str().expect("a name in UTF-8");
    let restore = ["restore", file, "--force"];
    elsewhere.run(&restore, "").expect_refusal().naming("first is not empty");
    let mut restored = shop_on(&second);
    restored.run(&restore, "").expect_success();
    restored.start();
    restored.customer("bob").await;
    restored.stop().await;
    restored.check();
}

#[tokio::test]
async fn a_start_that_may_not_migrate_names_the_command_that_may() {
    let postgres = Postgres::start();
    let url = postgres.database("shop").await;
    let mut shop = shop_on(&url);
    shop.set("SOUK_MIGRATE_ON_START", "off");
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    shop.run(&serve, "").expect_refusal().naming("souk migrate");
    let advised = shop.run(&["doctor"], "").stdout;
    assert!(
        advised.contains("FAIL  tables") && advised.contains("run `souk migrate`"),
        "{advised}"
    );
    shop.run(&["migrate"], "").expect_success();
    shop.start();
    shop.customer("ann").await;
    shop.stop().await;
    // A newer version would bring another table.
    let lacks = "DELETE FROM souk_tables WHERE t = (SELECT max(t) FROM souk_tables)";
    psql(&url, lacks).await;
    shop.run(&serve, "").expect_refusal().naming("lacks tables").naming("souk migrate");
}
