//! Attacks the permissions of nats.conf: each user may do what README and docs/subscribers.md say, and nothing else.

use crate::support;
use crate::support::{Broker, Shop, eventually, id_of};
use async_nats::jetstream::{self, consumer};
use async_nats::{Client, ConnectOptions, Event};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// One user's connection, and the broker's errors on it.
struct Intruder {
    user: &'static str,
    client: Client,
    complaints: UnboundedReceiver<String>,
}

impl Intruder {
    async fn connect(broker: &Broker, user: &'static str) -> Self {
        let (tell, complaints) = unbounded_channel();
        let url = broker.url_of(user);
        let password = url.split([':', '@']).nth(2).expect("a password").to_owned();
        let client = ConnectOptions::with_user_and_password(user.to_owned(), password)
            .custom_inbox_prefix(format!("_INBOX_{user}"))
            .event_callback(move |event| {
                if let Event::ServerError(error) = event {
                    let _ = tell.send(error.to_string().to_lowercase());
                }
                async {}
            })
            .connect(url)
            .await
            .expect("the broker can be reached");
        Self { user, client, complaints }
    }

    /// Expects that the broker denies this user to publish there.
    async fn may_not_publish(&mut self, subject: &str) {
        self.client.publish(subject.to_owned(), "{}".into()).await.expect("sent");
        self.client.flush().await.expect("sent");
        self.is_told_off(&format!("publish to \"{subject}\"")).await;
    }

    async fn may_not_subscribe(&mut self, subject: &str) {
        let _subscription = self.client.subscribe(subject.to_owned()).await.expect("asked");
        self.client.flush().await.expect("sent");
        self.is_told_off(&format!("subscription to \"{subject}\"")).await;
    }

    async fn is_told_off(&mut self, what: &str) {
        let wanted = what.to_lowercase();
        let told = async {
            while let Some(complaint) = self.complaints.recv().await {
                if complaint.contains(&wanted) {
                    return;
                }
            }
        };
        tokio::time::timeout(support::PATIENCE, told)
            .await
            .unwrap_or_else(|_| panic!("{} is not told off for {what}", self.user));
    }

    async fn asks(&self, subject: &str, request: &Value) -> Value {
        let answer = self.client.request(subject.to_owned(), request.to_string().into()).await;
        serde_json::from_slice(&answer.expect("answered").payload).expect("JSON")
    }
}

/// A shop with an order, so that every stream exists and some have messages.
async fn open_shop(broker: &Broker) -> Shop {
    let shop = Shop::open_with(&[("SOUK_NATS_URL", &broker.url())]).await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 10).await;
    let order = id_of(&shop.customer("ann").await.buy(lamp, 1).await);
    broker.expect_history(order, &["placed"]).await;
    shop
}

async fn messages_on(broker: &Broker, stream: &str) -> u64 {
    let context = jetstream::new(broker.client_of("souk").await);
    context.get_stream(stream).await.expect("the stream is there").cached_info().state.messages
}

#[tokio::test]
async fn a_subscriber_reads_events_and_can_do_nothing_else() {
    let broker = Broker::start();
    let _shop = open_shop(&broker).await;
    let events = messages_on(&broker, "SOUK_EVENTS").await;
    let mut subscriber = Intruder::connect(&broker, "subscriber").await;

    let context = jetstream::new(subscriber.client.clone());
    let stream = context.get_stream("SOUK_EVENTS").await.expect("may look at the stream");
    let ordered = consumer::pull::OrderedConfig::default();
    let consumer = stream.create_consumer(ordered).await.expect("may replay the events");
    let mut replay = consumer.messages().await.expect("may read");
    for _ in 0..events {
        replay.next().await.expect("there are more").expect("read");
    }

    for subject in [
        "souk.event.v1.order.1.placed",
        "souk.notify.v1.email.welcome",
        "souk.log.v1.shop.info",
        "souk.dead.SOUK_NOTIFY.mailer",
        "$JS.API.STREAM.CREATE.OTHER",
        "$JS.API.STREAM.UPDATE.SOUK_EVENTS",
        "$JS.API.STREAM.DELETE.SOUK_EVENTS",
        "$JS.API.STREAM.PURGE.SOUK_EVENTS",
        "$JS.API.STREAM.MSG.DELETE.SOUK_EVENTS",
        "$JS.API.STREAM.SNAPSHOT.SOUK_EVENTS",
        "$JS.API.STREAM.RESTORE.SOUK_EVENTS",
        "$JS.API.STREAM.NAMES",
        "$JS.API.CONSUMER.DELETE.SOUK_EVENTS.of_another",
        "$JS.API.CONSUMER.CREATE.SOUK_NOTIFY",
        "$JS.API.CONSUMER.CREATE.SOUK_NOTIFY.mine.souk.notify.>",
        "$JS.API.CONSUMER.DURABLE.CREATE.SOUK_LOGS.mine",
        "$JS.API.CONSUMER.MSG.NEXT.SOUK_NOTIFY.mailer",
        "$JS.API.STREAM.MSG.GET.SOUK_NOTIFY",
        "$JS.API.STREAM.MSG.GET.SOUK_LOGS",
        "$JS.API.STREAM.MSG.GET.SOUK_DEAD",
        "$JS.API.DIRECT.GET.SOUK_NOTIFY",
        "$JS.API.DIRECT.GET.SOUK_LOGS.souk.log.v1.shop.info",
        "$JS.API.STREAM.INFO.SOUK_NOTIFY",
        "$JS.ACK.SOUK_NOTIFY.mailer.1.1.1.1.1",
        "_INBOX_souk.guess",
    ] {
        subscriber.may_not_publish(subject).await;
    }
    for subject in ["souk.>", "souk.notify.>", "souk.log.>", ">", "_INBOX_souk.>", "_INBOX.>"] {
        subscriber.may_not_subscribe(subject).await;
    }
    assert_eq!(messages_on(&broker, "SOUK_EVENTS").await, events);
}

#[tokio::test]
async fn a_consumer_made_by_a_subscriber_writes_nowhere() {
    let broker = Broker::start();
    let _shop = open_shop(&broker).await;
    let events = messages_on(&broker, "SOUK_EVENTS").await;
    let subscriber = Intruder::connect(&broker, "subscriber").await;

    // The broker itself would publish the events to these subjects.
    let targets = [
        "souk.notify.v1.email.welcome",
        "souk.log.v1.shop.info",
        "souk.dead.SOUK_NOTIFY.mailer",
        "$JS.API.STREAM.PURGE.SOUK_EVENTS",
        "$JS.API.STREAM.DELETE.SOUK_NOTIFY",
        "souk.event.v1.order.1.placed",
    ];
    for (number, target) in targets.into_iter().enumerate() {
        let name = format!("push{number}");
        let config = json!({"durable_name": name, "deliver_subject": target, "ack_policy": "none"});
        let request = json!({"stream_name": "SOUK_EVENTS", "config": config});
        let subject = format!("$JS.API.CONSUMER.DURABLE.CREATE.SOUK_EVENTS.{name}");
        subscriber.asks(&subject, &request).await;
    }
    // A consumer of another stream under the same name.
    let config = json!({"durable_name": "spy", "ack_policy": "none"});
    let request = json!({"stream_name": "SOUK_NOTIFY", "config": config});
    let subject = "$JS.API.CONSUMER.DURABLE.CREATE.SOUK_EVENTS.spy";
    let answer = subscriber.asks(subject, &request).await;
    assert!(answer["error"].is_object(), "{answer}");

    // Earlier requests are done once a consumer made later has delivered everything.
    let context = jetstream::new(subscriber.client.clone());
    let stream = context.get_stream("SOUK_EVENTS").await.expect("it is still there");
    let ordered = consumer::pull::OrderedConfig::default();
    let consumer = stream.create_consumer(ordered).await.expect("made");
    let mut replay = consumer.messages().await.expect("may read");
    for _ in 0..events {
        replay.next().await.expect("there are more").expect("read");
    }
    assert_eq!(messages_on(&broker, "SOUK_EVENTS").await, events);
    assert_eq!(messages_on(&broker, "SOUK_LOGS").await, 0);
    assert_eq!(messages_on(&broker, "SOUK_DEAD").await, 0, "no mail was made of an event");
}

#[tokio::test]
async fn a_mailer_has_its_consumer_and_its_dead_letters() {
    let broker = Broker::start();
    let mut shop = open_shop(&broker).await;
    eventually("the mails are handled", async || {
        (messages_on(&broker, "SOUK_NOTIFY").await == 0).then_some(())
    })
    .await;
    shop.stop().await;
    let shop_client = broker.client_of("souk").await;
    let requests = jetstream::new(shop_client);
    requests
        .publish("souk.notify.v1.email.welcome", "{}".into())
        .await
        .expect("sent")
        .await
        .expect("kept");
    let mut mailer = Intruder::connect(&broker, "mailer").await;

    let context = jetstream::new(mailer.client.clone());
    let config = consumer::pull::Config {
        durable_name: Some("mailer".to_owned()),
        filter_subject: "souk.notify.v1.email.>".to_owned(),
        ..Default::default()
    };
    let made =
        context.get_consumer_from_stream::<consumer::pull::Config, _, _>("mailer", "SOUK_NOTIFY");
    let consumer: consumer::PullConsumer = match made.await {
        Ok(consumer) => consumer,
        Err(_) => context.create_consumer_on_stream(config, "SOUK_NOTIFY").await.expect("made"),
    };
    let mut batch = consumer.fetch().max_messages(1).messages().await.expect("asked");
    let message = batch.next().await.expect("there is one").expect("read");
    context
        .publish("souk.dead.SOUK_NOTIFY.mailer", message.payload.clone())
        .await
        .expect("sent")
        .await
        .expect("may keep a dead letter");
    message.double_ack().await.expect("may answer for it");

    for subject in [
        "souk.event.v1.order.1.placed",
        "souk.notify.v1.email.welcome",
        "souk.log.v1.shop.info",
        "souk.dead.SOUK_LOGS.logger",
        "$JS.API.CONSUMER.CREATE.SOUK_NOTIFY.other.souk.notify.>",
        "$JS.API.CONSUMER.CREATE.SOUK_EVENTS.mailer.souk.event.>",
        "$JS.API.CONSUMER.DELETE.SOUK_NOTIFY.mailer",
        "$JS.API.STREAM.MSG.GET.SOUK_EVENTS",
        "$JS.API.STREAM.PURGE.SOUK_NOTIFY",
        "$JS.API.STREAM.DELETE.SOUK_NOTIFY",
        "$JS.ACK.SOUK_EVENTS.ledger.1.1.1.1.1",
    ] {
        mailer.may_not_publish(subject).await;
    }
    for subject in ["souk.>", "_INBOX_souk.>", "_INBOX_subscriber.>"] {
        mailer.may_not_subscribe(subject).await;
    }
}

#[tokio::test]
async fn a_logger_has_the_logs_only() {
    let broker = Broker::start();
    let _shop = open_shop(&broker).await;
    let mut logger = Intruder::connect(&broker, "logger").await;

    let context = jetstream::new(logger.client.clone());
    let line = json!({"message": "hello"}).to_string();
    context
        .publish("souk.log.v1.warehouse.info", line.into())
        .await
        .expect("sent")
        .await
        .expect("may write a line");

    for subject in [
        "souk.event.v1.order.1.placed",
        "souk.notify.v1.email.welcome",
        "souk.dead.SOUK_NOTIFY.mailer",
        "$JS.API.CONSUMER.CREATE.SOUK_LOGS.other.souk.log.>",
        "$JS.API.CONSUMER.CREATE.SOUK_EVENTS.logger.souk.event.>",
        "$JS.API.CONSUMER.MSG.NEXT.SOUK_NOTIFY.mailer",
        "$JS.API.STREAM.PURGE.SOUK_LOGS",
        "$JS.API.STREAM.MSG.GET.SOUK_NOTIFY",
    ] {
        logger.may_not_publish(subject).await;
    }
    for subject in ["souk.>", "souk.log.>", "_INBOX_souk.>"] {
        logger.may_not_subscribe(subject).await;
    }
}

#[tokio::test]
async fn the_shop_cannot_delete_a_stream() {
    let broker = Broker::start();
    let _shop = open_shop(&broker).await;
    let mut souk = Intruder::connect(&broker, "souk").await;

    for subject in [
        "$JS.API.STREAM.DELETE.SOUK_EVENTS",
        "$JS.API.STREAM.PURGE.SOUK_EVENTS",
        "$JS.API.STREAM.MSG.DELETE.SOUK_EVENTS",
        "$JS.API.CONSUMER.DELETE.SOUK_NOTIFY.mailer",
    ] {
        souk.may_not_publish(subject).await;
    }
}

#[tokio::test]
async fn nobody_comes_in_without_a_password() {
    let broker = Broker::start();
    let address = broker.url_of("souk").replace("souk:souk-password-1@", "");
    async_nats::connect(&address).await.expect_err("no user");
    let wrong = ConnectOptions::with_user_and_password("souk".to_owned(), "guess".to_owned());
    wrong.connect(&address).await.expect_err("a wrong password");

    // The user name and the password can be separate settings.
    let settings =
        [("SOUK_NATS_URL", address), ("SOUK_NATS_PASSWORD", "souk-password-1".to_owned())];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    let shop = Shop::open_with(&settings).await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 10).await;
    let order = id_of(&shop.customer("ann").await.buy(lamp, 1).await);
    broker.expect_history(order, &["placed"]).await;
    assert!(!shop.output().contains("souk-password-1"), "{}", shop.output());
}
