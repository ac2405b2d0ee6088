//! The command line: its help, its refusals and its promises.

use std::net::TcpListener;
use std::process::Command;

use crate::support::{ADMIN_EMAIL, MailSink, Shop, eventually, id_of, run_souk, run_souk_with};
use serde_json::json;
use tokio::task::JoinSet;

#[test]
fn help_names_the_commands() {
    let help = run_souk(&["--help"]).expect_success();
    for command in ["serve", "admin", "check", "logs", "worker", "doctor", "completions"] {
        assert!(help.stdout.contains(command), "{command}: {}", help.stdout);
    }
    let help = run_souk(&["serve", "--help"]).expect_success();
    for option in ["--listen", "--data", "--config", "--demo"] {
        assert!(help.stdout.contains(option), "{option}: {}", help.stdout);
    }
    run_souk(&["--version"]).expect_success();
    run_souk(&["sell"]).expect_refusal().naming("sell");
    run_souk(&["serve", "--colour"]).expect_refusal().naming("--colour");
}

#[tokio::test]
async fn an_administrator_is_made_once_and_with_a_good_password() {
    let mut shop = Shop::closed_with(&[]);
    shop.create_admin("boss", ADMIN_EMAIL, "short").expect_refusal().naming("password");
    shop.create_admin("boss", ADMIN_EMAIL, "").expect_refusal().naming("password");
    shop.create_admin("boss", ADMIN_EMAIL, &"x".repeat(129)).expect_refusal().naming("password");
    shop.create_admin("boss", "no address", "a-good-password-1").expect_refusal().naming("email");
    shop.create_admin("no spaces!", ADMIN_EMAIL, "a-good-password-1")
        .expect_refusal()
        .naming("username");

    let made = shop.create_admin("boss", ADMIN_EMAIL, "a-good-password-1").expect_success();
    assert!(
        !made.stdout.contains("a-good-password-1") && !made.stderr.contains("a-good-password-1"),
        "{made:#?}"
    );
    shop.create_admin("BOSS", "other@souk.example", "a-good-password-1")
        .expect_refusal()
        .naming("username");
    shop.create_admin("other", "Boss@souk.example", "a-good-password-1")
        .expect_refusal()
        .naming("email");

    shop.start();
    let boss = shop.nobody().log_in(ADMIN_EMAIL, "a-good-password-1").await;
    let profile = boss.get("/api/v1/auth/profile/").await.expect(200);
    assert_eq!((&profile["user_type"], &profile["username"]), (&json!("admin"), &json!("boss")));
    boss.add_category("Books").await;
}

#[tokio::test]
async fn a_store_has_one_user_at_a_time() {
    let shop = Shop::open().await;

    shop.run(&["check"], "").expect_refusal().naming("in use");
    shop.run(&["serve", "--listen", "127.0.0.1:0"], "").expect_refusal();

    shop.admin().await;
}

#[tokio::test]
async fn check_is_green_on_a_good_store() {
    let mut shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;
    ann.pay(id_of(&ann.buy(lamp, 1).await)).await;
    boss.set_status(id_of(&ann.buy(lamp, 2).await), "cancelled").await.expect(200);
    ann.delete_order(id_of(&ann.buy(lamp, 3).await)).await.expect(200);
    boss.patch(&format!("/api/v1/products/{lamp}/"), json!({"stock_quantity": 3}))
        .await
        .expect(200);
    ann.put_in_cart(lamp, 1).await.expect(201);

    shop.stop().await;
    let checked = shop.check();
    assert!(!checked.stdout.trim().is_empty(), "says what was checked: {checked:#?}");
    shop.start();
    assert_eq!(boss.stock_of(lamp).await, 3);

    // After a crash as well.
    shop.kill();
    shop.check();
}

#[test]
fn check_refuses_a_directory_without_a_shop() {
    let shop = Shop::closed_with(&[]);

    shop.run(&["check"], "").expect_refusal();

    assert!(!shop.data().exists(), "looking creates nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_in_flight_is_answered_before_the_end() {
    let mut shop = Shop::open().await;
    let nobody = shop.nobody();
    // Hashing passwords takes long enough for the signal to arrive meanwhile.
    let mut registrations = JoinSet::new();
    for number in 0..8 {
        let email = format!("ann{number}@souk.example");
        let body =
            json!({"email": email, "password": "password123", "password_confirm": "password123"});
        let ask = nobody.ask("POST", "/api/v1/auth/register/").json(&body);
        registrations.spawn(async move { (email, ask.attempt().await) });
    }
    // Passwords are hashed one after another: when one request is answered, others still run.
    let first = registrations.join_next().await.expect("one of eight");

    shop.ask_to_stop();
    shop.stop().await;

    let mut answered = Vec::new();
    let mut all = vec![first];
    while let Some(registration) = registrations.join_next().await {
        all.push(registration);
    }
    for registration in all {
        let (email, answer) = registration.expect("the request ends");
        // The listener may have closed before a connection was accepted; every accepted one gets an answer.
        if let Ok(answer) = answer {
            assert!([201, 503].contains(&answer.status), "{answer}");
            answered.push((email, answer.status));
        }
    }
    assert!(answered.iter().any(|(_, status)| *status == 201), "{answered:?}");
    shop.check();
    shop.start();
    for (email, _) in answered.iter().filter(|(_, status)| *status == 201) {
        shop.nobody().log_in(email, "password123").await;
    }
}

#[tokio::test]
async fn health_readiness_and_metrics_are_open_to_all() {
    let shop = Shop::open().await;
    let nobody = shop.nobody();

    assert_eq!(nobody.get("/healthz").await.status, 200);
    assert_eq!(nobody.get("/readyz").await.status, 200);
    let metrics = nobody.get("/metrics").await;
    assert_eq!(metrics.status, 200, "{metrics}");
    assert!(metrics.text.contains("# TYPE "), "Prometheus text: {metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demonstration_prints_an_order_that_works_when_pasted() {
    let mut shop = Shop::closed_with(&[]);
    shop.start_with(&["--demo"]);
    let ready = eventually("the printed walk", async || {
        Some(walk_in(&shop.output())).filter(|walk| !walk.is_empty())
    });
    let walk = ready.await;
    assert!(walk.contains(&shop.base()), "the walk goes to the port that was taken: {walk}");

    let has = |program: &str| Command::new(program).arg("--version").output().is_ok();
    if !has("curl") {
        eprintln!("there is no curl here; the walk was printed but not run:\n{walk}");
        return;
    }
    let pasted = Command::new("sh").arg("-euc").arg(&walk).output().expect("there is a shell");
    let said = String::from_utf8_lossy(&pasted.stdout);
    let complaints = String::from_utf8_lossy(&pasted.stderr);
    assert!(pasted.status.success(), "{walk}\n{said}\n{complaints}");
    assert!(said.contains("Payment confirmed successfully"), "{walk}\n{said}\n{complaints}");

    shop.stop().await;
    shop.check();
    // The catalogue is created once, and the credentials are shown once.
    let before = shop.output().len();
    shop.start_with(&["--demo"]);
    shop.nobody().get("/readyz").await.expect(200);
    let again = shop.output().split_off(before);
    assert!(!again.to_lowercase().contains("password:"), "{again}");
}

/// The printed curl commands, with lines continued over a backslash.
fn walk_in(output: &str) -> String {
    let lines: Vec<&str> = output.lines().collect();
    let Some(first) = lines.iter().position(|line| line.contains("curl ")) else {
        return String::new();
    };
    let mut last = lines.iter().rposition(|line| line.contains("curl ")).unwrap_or(first);
    while lines[last].ends_with('\\') && last + 1 < lines.len() {
        last += 1;
    }
    lines[first..=last].join("\n")
}

#[test]
fn shells_complete_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        // Invalid settings do not prevent it.
        let script = run_souk_with(&[("SOUK_CURRENCY", "none")], &["completions", shell]);
        let script = script.expect_success().stdout;
        for word in ["souk", "doctor", "reset-password", "reconcile"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    run_souk(&["completions", "tcsh"]).expect_refusal().naming("fish");
}

#[tokio::test]
async fn listen_addresses_have_short_forms() {
    for listen in ["localhost:0", ":0", "0", "127.0.0.1:0"] {
        let mut shop = Shop::closed_with(&[("SOUK_LISTEN", listen)]);
        shop.start_where_it_is_set();
        assert!(shop.base().starts_with("http://127.0.0.1:"), "{listen}: {}", shop.base());
        shop.nobody().get("/healthz").await.expect(200);
        shop.stop().await;
    }
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("bound").port();
    for listen in [format!("127.0.0.1:{port}"), format!(":{port}"), port.to_string()] {
        run_souk(&["serve", "--listen", &listen])
            .expect_refusal()
            .naming(&format!("127.0.0.1:{port}"))
            .naming("another program")
            .naming("--listen");
    }
    for listen in ["nowhere", "127.0.0.1", "localhost:http", ":70000", "http://127.0.0.1:1"] {
        run_souk(&["serve", "--listen", listen]).expect_refusal().naming("--listen");
    }
    run_souk(&["serve", "--listen", "no-such-host.invalid:0"])
        .expect_refusal()
        .naming("no-such-host.invalid:0");
}

#[tokio::test]
async fn prints_a_banner_before_listening() {
    let mail = MailSink::start();
    let mut shop = Shop::closed_with(&[("SOUK_SMTP_URL", &mail.url())]);
    shop.start();
    // Standard output may arrive before earlier output on standard error.
    let said = eventually("the banner", async || {
        Some(shop.output()).filter(|said| said.contains("no administrator yet"))
    })
    .await;
    for line in [
        concat!("Souk ", env!("CARGO_PKG_VERSION")).to_owned(),
        format!("docs      {}/docs", shop.base()),
        shop.data().display().to_string(),
        "no administrator yet: run `souk admin create".to_owned(),
        "the sandbox".to_owned(),
        format!("listening on {}", shop.base()),
    ] {
        assert!(said.contains(&line), "{line}: {said}");
    }
    assert!(said.lines().any(|line| line == format!("listening on {}", shop.base())), "{said}");
    shop.stop().await;

    // In the JSON format the banner is a log line.
    shop.set("SOUK_LOG_FORMAT", "json");
    shop.create_admin("boss", ADMIN_EMAIL, "a-good-password-1").expect_success();
    let before = said.len();
    shop.start();
    let said = eventually("the line of the log", async || {
        Some(shop.output().split_off(before)).filter(|said| said.contains("the shop opens"))
    })
    .await;
    assert!(!said.contains("no administrator"), "{said}");
    let opens = said.lines().find(|line| line.contains("the shop opens")).expect("a line");
    let opens: serde_json::Value = serde_json::from_str(opens).expect("JSON");
    assert_eq!(opens["fields"]["version"], env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn times_are_written_as_people_write_them() {
    let shop = Shop::open().await;
    shop.admin().await.add_product("Lamp", "10.00", 10).await;
    for since in ["1h", "30m", "90s", "7d", "2w", "2020-01-31", "2020-01-31T12:00:00Z"] {
        let events = shop.run(&["events", "export", "--since", since], "").expect_success();
        assert!(events.stdout.contains("product.created"), "{since}: {events:#?}");
        shop.run(&["logs", "--since", since], "").expect_success();
    }
    for since in ["soon", "1y", "1.5h", "2020-13-31", "12:00"] {
        shop.run(&["events", "export", "--since", since], "").expect_refusal().naming("2h");
        shop.run(&["logs", "--since", since], "").expect_refusal().naming("2h");
    }
}

#[tokio::test]
async fn an_empty_answer_says_that_it_is_empty() {
    let mut shop = Shop::open().await;
    let nothing: [(&[&str], &str); 3] = [
        (&["events", "export", "--since", "2099-01-01"], "no such events"),
        (&["logs", "--q", "nobody says this"], "no such lines"),
        (&["dead", "list"], "no dead letters"),
    ];
    for (command, words) in nothing {
        let said = shop.run(command, "").expect_success();
        assert!(said.stdout.is_empty() && said.stderr.contains(words), "{command:?}: {said:#?}");
    }
    // Without a broker the command lists the mails of this process.
    let dead = shop.run(&["dead", "list"], "").expect_success();
    assert!(dead.stderr.contains("nats_url is not set"), "{dead:#?}");
    shop.stop().await;
    let said = shop.run(&["crm", "replay"], "").expect_success();
    assert!(said.stderr.contains("nothing will be sent"), "{said:#?}");
}

#[tokio::test]
async fn scripts_read_json() {
    let mut shop = Shop::open().await;
    let json = |answer: &str| -> serde_json::Value {
        serde_json::from_str(answer).unwrap_or_else(|error| panic!("{error}: {answer}"))
    };
    let admins = shop.run(&["admin", "list", "--json"], "").expect_success();
    assert_eq!(json(&admins.stdout)[0]["username"], "boss");
    let dead = shop.run(&["dead", "list", "--json"], "").expect_success();
    assert_eq!(json(&dead.stdout), json!([]));
    let line = eventually("a line of the log", async || {
        let logs = shop.run(&["logs", "--json", "--lines", "1"], "").expect_success();
        Some(logs.stdout.trim().to_owned()).filter(|line| !line.is_empty())
    })
    .await;
    assert!(json(&line)["message"].is_string(), "{line}");
    let backup = shop.run(&["backup", "open.copy", "--json"], "").expect_success();
    assert!(json(&backup.stdout)["file"].as_str().is_some_and(|it| it.ends_with("/open.copy")));
    shop.stop().await;
    let backup = shop.run(&["backup", "closed.copy", "--json"], "").expect_success();
    assert!(json(&backup.stdout)["file"].as_str().is_some_and(|it| it.ends_with("/closed.copy")));
    let check = shop.run(&["check", "--json"], "").expect_success();
    let check = json(&check.stdout);
    assert_eq!((&check["sound"], &check["violations"]), (&json!(true), &json!([])));
    assert_eq!(check["counts"]["users"], 1);
    let reconciled = shop.run(&["payments", "reconcile", "--json"], "").expect_success();
    assert_eq!(json(&reconciled.stdout)["unsettled"], 0);
}

#[test]
fn a_message_for_people_names_no_type_of_the_program() {
    let shop = Shop::closed_with(&[]);
    let commands: &[&[&str]] = &[
        &["check"],
        &["admin", "list"],
        &["admin", "reset-password", "nobody"],
        &["admin", "create", "--username", "a b", "--email", "x"],
        &["backup", "copy"],
        &["restore", "no-such-file"],
        &["events", "export", "--since", "1h"],
        &["events", "export", "--since", "x", "--types", "x.y.z"],
        &["logs", "--level", "loud"],
        &["logs", "--follow"],
        &["dead", "show", "nothing"],
        &["dead", "retry", "../x"],
        &["crm", "replay", "--order", "0"],
        &["payments", "reconcile"],
        &["worker", "mail"],
        &["openapi", "none"],
        &["serve", "--listen", "127.0.0.1:99999"],
        &["serve", "--config", "no-such-file"],
        &["serve", "--config", "."],
    ];
    for command in commands {
        let said = shop.run(command, "").expect_refusal().stderr;
        for mark in ["Error", "Some(", "None", "Utf8", "ParseInt", "{ ", "::", "Os {"] {
            assert!(!said.contains(mark), "{command:?} says {mark}: {said}");
        }
    }
    assert!(!shop.data().exists(), "looking creates nothing");
}
