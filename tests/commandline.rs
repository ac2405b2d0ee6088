//! The command line: what it offers, refuses and promises.

mod support;

use std::process::Command;

use serde_json::json;
use support::{ADMIN_EMAIL, Shop, id_of, run_souk};
use tokio::task::JoinSet;

#[test]
fn help_names_the_commands() {
    let help = run_souk(&["--help"]).expect_success();
    for command in ["serve", "admin", "check", "logs", "worker"] {
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

    shop.create_admin("other", "other@souk.example", "a-good-password-1").expect_refusal();
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
fn check_of_nothing_is_refused() {
    let shop = Shop::closed_with(&[]);

    shop.run(&["check"], "").expect_refusal();

    assert!(!shop.data().exists(), "looking creates nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_in_flight_is_answered_before_the_end() {
    let mut shop = Shop::open().await;
    let nobody = shop.nobody();
    // Hashing passwords takes long enough for the signal to come in between.
    let mut registrations = JoinSet::new();
    for number in 0..8 {
        let email = format!("ann{number}@souk.example");
        let body =
            json!({"email": email, "password": "password123", "password_confirm": "password123"});
        let ask = nobody.ask("POST", "/api/v1/auth/register/").json(&body);
        registrations.spawn(async move { (email, ask.attempt().await) });
    }
    // They are hashed one after the other: when one is answered, others are inside.
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
        // The listener may have closed before a connection was made; whoever was let in gets an answer.
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
    let ready = support::eventually("the printed walk", async || {
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
    // The catalogue is made once, and the credentials are shown once.
    let before = shop.output().len();
    shop.start_with(&["--demo"]);
    shop.nobody().get("/readyz").await.expect(200);
    let again = shop.output().split_off(before);
    assert!(!again.to_lowercase().contains("password:"), "{again}");
}

/// From the first to the last printed line that has to do with curl; what continues over a backslash included.
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
