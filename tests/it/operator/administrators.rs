//! `souk admin` creates, lists and helps administrators, whether the shop is open or closed, and at a terminal.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};

use crate::support::{ADMIN_EMAIL, ADMIN_PASSWORD, PATIENCE, Shop};
use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};
use serde_json::{Value, json};

const PASSWORD: &str = "another-good-password";

fn listed(shop: &Shop) -> Vec<String> {
    let list = shop.run(&["admin", "list", "--json"], "").expect_success();
    let list: Value = serde_json::from_str(&list.stdout).expect("JSON");
    let list = list.as_array().expect("an array").iter();
    list.map(|row| row["username"].as_str().expect("a name").to_owned()).collect()
}

#[tokio::test]
async fn administrators_are_made_and_listed_while_the_shop_is_open_and_closed() {
    let mut shop = Shop::open().await;
    assert_eq!(listed(&shop), ["boss"]);
    let made = shop.create_admin("second", "second@souk.example", PASSWORD).expect_success();
    assert!(made.stdout.contains("second") && !made.stdout.contains(PASSWORD), "{made:#?}");
    shop.nobody().log_in("second@souk.example", PASSWORD).await.add_category("Books").await;

    // Both refuse with the same words.
    let refused = [
        ("SECOND", "other@souk.example", PASSWORD, "username"),
        ("other", "Second@souk.example", PASSWORD, "email"),
        ("other", "other@souk.example", "short", "password"),
        ("no spaces!", "other@souk.example", PASSWORD, "username"),
        ("other", "no address", PASSWORD, "email"),
    ];
    for (username, email, password, named) in refused {
        shop.create_admin(username, email, password).expect_refusal().naming(named);
    }
    shop.customer("ann").await;
    assert_eq!(listed(&shop), ["boss", "second"]);
    let table = shop.run(&["admin", "list"], "").expect_success().stdout;
    assert!(table.lines().count() == 3 && table.contains(ADMIN_EMAIL), "{table}");

    shop.stop().await;
    for (username, email, password, named) in refused {
        shop.create_admin(username, email, password).expect_refusal().naming(named);
    }
    assert_eq!(listed(&shop), ["boss", "second"]);
    shop.check();
}

#[tokio::test]
async fn a_new_password_ends_the_sessions() {
    let mut shop = Shop::open().await;
    let boss = shop.admin().await;
    let reset = |shop: &Shop, whose: &[&str], password: &str| {
        shop.run(&[&["admin", "reset-password"], whose].concat(), &format!("{password}\n"))
    };
    for (whose, password) in [
        (&["--username", "BOSS"][..], "password-number-1"),
        (&["--email", ADMIN_EMAIL], "password-number-2"),
        (&["boss"], "password-number-3"),
        (&[ADMIN_EMAIL], "password-number-4"),
    ] {
        reset(&shop, whose, password).expect_success();
        shop.nobody().log_in(ADMIN_EMAIL, password).await;
    }
    boss.get("/api/v1/auth/profile/").await.expect(401);

    shop.customer("ann").await;
    for whose in [&["nobody"][..], &["--email", "ann@souk.example"], &["no address@"], &[]] {
        reset(&shop, whose, PASSWORD).expect_refusal();
    }
    reset(&shop, &["boss"], "short").expect_refusal().naming("password");
    shop.nobody().log_in("ann@souk.example", "ann-password-1").await;

    shop.stop().await;
    reset(&shop, &["boss"], PASSWORD).expect_success();
    reset(&shop, &["nobody"], PASSWORD).expect_refusal().naming("no administrator");
    shop.start();
    shop.nobody().log_in(ADMIN_EMAIL, PASSWORD).await;
    shop.nobody()
        .post("/api/v1/auth/login/", json!({"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}))
        .await
        .expect(400);
}

#[test]
fn listing_creates_no_shop() {
    let shop = Shop::closed_with(&[]);
    for command in
        [&["admin", "list"][..], &["admin", "list", "--json"], &["admin", "reset-password", "boss"]]
    {
        shop.run(command, "a-good-password-1\n").expect_refusal().naming("no shop");
    }
    assert!(!shop.data().exists());
}

#[test]
fn the_password_prompt_asks_twice_without_echo() {
    let shop = Shop::closed_with(&[]);
    let create = ["admin", "create", "--username", "boss", "--email", ADMIN_EMAIL];

    let (ended, screen) = at_a_terminal(&shop, &create, &[PASSWORD, "something else"]);
    assert!(!ended.success() && screen.contains("not the same"), "{screen}");
    let (ended, screen) = at_a_terminal(&shop, &create, &["short"]);
    assert!(
        !ended.success() && screen.contains("password: This password is too short"),
        "{screen}"
    );
    let (ended, screen) = at_a_terminal(&shop, &create, &[PASSWORD, PASSWORD]);
    assert!(ended.success() && !screen.contains(PASSWORD), "{screen}");
    let reset = ["admin", "reset-password", "boss"];
    let (ended, screen) = at_a_terminal(&shop, &reset, &[ADMIN_PASSWORD, ADMIN_PASSWORD]);
    assert!(ended.success() && !screen.contains(ADMIN_PASSWORD), "{screen}");
}

/// Runs a command at a new terminal and types a line at each prompt. Returns how it ended and everything that was on
/// the screen; the terminal echoes again afterwards.
fn at_a_terminal(shop: &Shop, arguments: &[&str], lines: &[&str]) -> (ExitStatus, String) {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&terminal).expect("granted");
    unlockpt(&terminal).expect("unlocked");
    let name = ptsname(&terminal, Vec::new()).expect("a name");
    let keyboard = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("its other end");
    let keyboard = File::from(keyboard);
    let mut terminal = File::from(terminal);
    let stdio = || Stdio::from(keyboard.try_clone().expect("another handle"));
    let mut command = shop.command(arguments);
    let mut child =
        command.stdin(stdio()).stdout(stdio()).stderr(stdio()).spawn().expect("started");
    drop(command);

    let seen = screen_of(terminal.try_clone().expect("another handle"));
    let mut screen = String::new();
    for (question, line) in ["New password", "once more"].into_iter().zip(lines) {
        while !screen.contains(question) {
            screen.push_str(&seen.recv_timeout(PATIENCE).expect("a question"));
        }
        terminal.write_all(format!("{line}\n").as_bytes()).expect("typed");
    }
    let ended = child.wait().expect("it ends");
    let modes = tcgetattr(&keyboard).expect("a terminal").local_modes;
    assert!(modes.contains(LocalModes::ECHO), "the terminal is as it was");
    // Nobody has the terminal's other end any more, so the screen ends after what was written.
    drop(keyboard);
    loop {
        match seen.recv_timeout(PATIENCE) {
            Ok(more) => screen.push_str(&more),
            Err(RecvTimeoutError::Disconnected) => return (ended, screen),
            Err(RecvTimeoutError::Timeout) => panic!("the screen does not end: {screen}"),
        }
    }
}

fn screen_of(mut terminal: File) -> Receiver<String> {
    let (send, seen) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = [0; 1024];
        while let Ok(read @ 1..) = terminal.read(&mut bytes) {
            if send.send(String::from_utf8_lossy(&bytes[..read]).into_owned()).is_err() {
                return;
            }
        }
    });
    seen
}
