//! What the log says of the broker: each change of the connection once, with its address, and nothing in between.

use crate::support::{Broker, Shop, eventually, id_of};

/// Lines of this level that have these words.
fn lines(shop: &Shop, level: &str, words: &str) -> Vec<String> {
    let output = shop.output();
    let lines = output.lines().filter(|line| line.contains(level) && line.contains(words));
    lines.map(str::to_owned).collect()
}

/// Warnings that are not about the sandbox.
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
async fn a_first_start_with_a_broker_warns_of_nothing() {
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
async fn a_broker_that_is_away_is_one_warning_and_its_return_one_line() {
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
async fn a_broker_that_refuses_the_password_says_so_once() {
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
async fn closing_the_shop_is_no_loss_of_the_broker() {
    let broker = Broker::start();
    let mut shop = Shop::open_with(&[("SOUK_NATS_URL", &broker.url())]).await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 10).await;
    let order = id_of(&shop.customer("ann").await.buy(lamp, 1).await);
    broker.expect_history(order, &["placed"]).await;
    shop.stop().await;
    assert_eq!(warnings(&shop), Vec::<String>::new());
}
