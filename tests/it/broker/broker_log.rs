//! The log reports each change of the broker connection once, with its address.

use crate::support::{Broker, Shop, eventually, id_of};

/// Lines of this level that contain these words.
fn lines(shop: &Shop, level: &str, words: &str) -> Vec<String> {
    let output = shop.output();
    let lines = output.lines().filter(|line| line.contains(level) && line.contains(words));
    lines.map(str::to_owned).collect()
}

/// Warnings, except those about the sandbox.
fn warnings(shop: &Shop) -> Vec<String> {
    let mut lines = lines(shop, " WARN ", "");
    lines.retain(|line| !line.contains("SANDBOX"));
    lines
}

async fn tried_in_vain(shop: &Shop, times: usize) {
    eventually("attempts to connect", async || {
        let tries = lines(shop, " DEBUG ", "the broker cannot be reached").len();
        (tries >= times).then_some(())
    })
    .await;
}

#[tokio::test]
async fn first_start_with_a_broker_logs_no_warning() {
    let broker = Broker::start();
    let shop = Shop::open_with(&[("SOUK_NATS_URL", &broker.url())]).await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 10).await;
    let order = id_of(&shop.customer("ann").await.buy(lamp, 1).await);
    broker.expect_history(order, &["placed"]).await;
    eventually("the mails are sent", async || {
        (lines(&shop, " INFO ", "sent a mail").len() >= 3).then_some(())
    })
    .await;
    assert_eq!(warnings(&shop), Vec::<String>::new());
    assert_eq!(lines(&shop, " INFO ", "connected to the broker").len(), 1);
}

#[tokio::test]
async fn logs_one_warning_for_a_broker_outage_and_one_line_for_its_return() {
    let mut broker = Broker::start();
    broker.kill();
    let settings = [("SOUK_NATS_URL", broker.url()), ("SOUK_LOG", "souk=debug,info".to_owned())];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    let shop = Shop::open_with(&settings).await;
    let address = broker.url().replace("souk:souk-password-1@", "");

    tried_in_vain(&shop, 5).await;
    let warned = warnings(&shop);
    assert!(warned.len() == 1 && warned[0].contains("cannot be reached"), "{warned:#?}");
    assert!(warned[0].contains(&address), "{warned:#?}");

    broker.restart();
    eventually("the return", async || {
        (lines(&shop, " INFO ", "connected to the broker").len() == 1).then_some(())
    })
    .await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 10).await;
    let order = id_of(&shop.customer("ann").await.buy(lamp, 1).await);
    broker.expect_history(order, &["placed"]).await;

    for away in 1..=2 {
        let tries = lines(&shop, " DEBUG ", "the broker cannot be reached").len();
        broker.kill();
        tried_in_vain(&shop, tries + 5).await;
        let warned = warnings(&shop);
        assert_eq!(warned.len(), 1 + away, "{warned:#?}");
        assert!(warned[away].contains("is lost") && warned[away].contains(&address), "{warned:#?}");
        broker.restart();
        eventually("the return", async || {
            let again = lines(&shop, " INFO ", "connected to the broker");
            (again.len() == 1 + away).then_some(())
        })
        .await;
    }
    assert!(!shop.output().contains("souk-password-1"), "{}", shop.output());
}

#[tokio::test]
async fn logs_a_refused_broker_password_once() {
    let broker = Broker::start();
    let url = broker.url().replace("souk-password-1", "p-guess");
    let shop = Shop::open_with(&[("SOUK_NATS_URL", &url), ("SOUK_LOG", "souk=debug,info")]).await;
    tried_in_vain(&shop, 3).await;
    let warned = warnings(&shop);
    assert!(
        warned.len() == 1 && warned[0].contains("does not take the user or the password"),
        "{warned:#?}"
    );
    assert!(!shop.output().contains("p-guess"), "{}", shop.output());
}

#[tokio::test]
async fn closing_the_shop_logs_no_broker_outage() {
    let broker = Broker::start();
    let mut shop = Shop::open_with(&[("SOUK_NATS_URL", &broker.url())]).await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 10).await;
    let order = id_of(&shop.customer("ann").await.buy(lamp, 1).await);
    broker.expect_history(order, &["placed"]).await;
    shop.stop().await;
    assert_eq!(warnings(&shop), Vec::<String>::new());
}
