//! The drain with a scripted mail server.

use super::*;
use crate::adapters::mail::Transport;
use crate::adapters::tasks::keep_running;
use crate::adapters::testing::{HandOutbox, MailServer, eventually};
use std::path::Path;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A running drain.
struct Running {
    status: Arc<MailStatus>,
    switch: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Running {
    fn start(outbox: &HandOutbox, transport: Transport, data: &TempDir) -> Self {
        Self::starting(outbox, transport, data, false)
    }

    fn starting(
        outbox: &HandOutbox,
        transport: Transport,
        data: &TempDir,
        records_sent: bool,
    ) -> Self {
        let status = Arc::new(MailStatus::default());
        let from = "Souk <shop@souk.example>".parse().expect("an address");
        let memory = data.path().join("memory");
        let mailer =
            Mailer::open(from, "Souk".to_owned(), transport, None, &memory).expect("opens");
        let (first_wait, longest_wait) = match records_sent {
            // Longer than the test: another process makes the next try.
            true => (Duration::from_secs(3_600), Duration::from_secs(3_600)),
            false => (Duration::from_millis(100), Duration::from_millis(400)),
        };
        let (switch, stop) = Stop::new();
        let drain = Drain {
            rows: outbox.clone(),
            mailer: Arc::new(mailer),
            retry: RetryPolicy { max_tries: 3, first_wait, longest_wait },
            dead_letters: data.path().join("dead"),
            status: Arc::clone(&status),
            stop: stop.clone(),
            records_sent,
        };
        let work = Arc::clone(&status.work);
        let task = tokio::spawn(keep_running("drain", stop, work, move || drain.clone().session()));
        Self { status, switch, task }
    }

    fn by_smtp(outbox: &HandOutbox, server: &MailServer, data: &TempDir) -> Self {
        Self::start(outbox, Transport::smtp(&server.url()).expect("an address"), data)
    }

    /// One of several processes that share the outbox.
    fn of_several(outbox: &HandOutbox, server: &MailServer, data: &TempDir) -> Self {
        Self::starting(outbox, Transport::smtp(&server.url()).expect("an address"), data, true)
    }

    async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.is_err(), "it was running");
    }

    async fn stop(self) {
        self.switch.send_replace(true);
        tokio::time::timeout(Duration::from_secs(5), self.task)
            .await
            .expect("in time")
            .expect("well");
    }
}

fn data() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

async fn acknowledged(outbox: &HandOutbox, sequence: u64) {
    eventually("the outbox is acknowledged", async || {
        (outbox.cursor(Reader::Mail).expect("read") == sequence).then_some(())
    })
    .await;
}

fn recipients(server: &MailServer) -> Vec<String> {
    let to =
        |mail: &String| mail.lines().find_map(|line| line.strip_prefix("To: ")).map(str::to_owned);
    server.accepted().iter().filter_map(to).collect()
}

#[tokio::test]
async fn mails_go_out_in_order_and_events_are_passed_over() {
    let (server, outbox, data) = (MailServer::answering(&[]).await, HandOutbox::new("s"), data());
    outbox.mail("welcome", "1@souk.example");
    let drain = Running::by_smtp(&outbox, &server, &data);
    for number in 2..=20 {
        outbox.event("order.1.placed");
        outbox.mail("order_placed", &format!("{number}@souk.example"));
    }
    for _ in 0..200 {
        outbox.event("order.1.updated");
    }

    acknowledged(&outbox, 239).await;

    let expected: Vec<String> = (1..=20).map(|number| format!("{number}@souk.example")).collect();
    assert_eq!(recipients(&server), expected);
    assert!(outbox.acknowledgements() < 10, "acknowledged {} times", outbox.acknowledgements());
    drain.stop().await;
}

#[tokio::test]
async fn a_mail_that_is_put_off_holds_up_its_acknowledgement_and_no_other_mail() {
    let (server, outbox, data) =
        (MailServer::answering(&["451 later"]).await, HandOutbox::new("s"), data());
    outbox.mail("welcome", "slow@souk.example");
    outbox.mail("welcome", "quick@souk.example");
    let drain = Running::by_smtp(&outbox, &server, &data);

    acknowledged(&outbox, 2).await;

    assert_eq!(recipients(&server), ["quick@souk.example", "slow@souk.example"]);
    assert_eq!(drain.status.put_off.load(Ordering::Relaxed), 1);
    drain.stop().await;
}

#[tokio::test]
async fn another_process_that_takes_over_sends_only_what_was_not_sent() {
    let (server, outbox) = (MailServer::answering(&[]).await, HandOutbox::new("s"));
    server.answer_recipients(&["451 later", "250 ok", "550 never"]);
    for name in ["slow", "quick", "refused"] {
        outbox.mail("welcome", &format!("{name}@souk.example"));
    }
    let [first, second] = [data(), data()];
    let drain = Running::of_several(&outbox, &server, &first);
    eventually("the others are recorded", async || {
        (outbox.sent().expect("read") == BTreeSet::from([2, 3])).then_some(())
    })
    .await;
    assert_eq!(outbox.cursor(Reader::Mail).expect("read"), 0);
    drain.kill().await;

    outbox.mail("welcome", "new@souk.example");
    let drain = Running::of_several(&outbox, &server, &second);
    acknowledged(&outbox, 4).await;

    let mut sent = recipients(&server);
    sent.sort();
    assert_eq!(sent, ["new@souk.example", "quick@souk.example", "slow@souk.example"]);
    assert!(!second.path().join("dead").exists(), "the first process has given it up");
    assert!(outbox.sent().expect("read").is_empty());
    drain.stop().await;
}

#[tokio::test]
async fn mails_given_up_become_files_and_the_others_go_on() {
    let (server, outbox, data) =
        (MailServer::answering(&["550 never"]).await, HandOutbox::new("s"), data());
    let refused = outbox.mail("welcome", "refused@souk.example");
    server.answer_recipients(&["250 ok", "451 later", "250 ok", "451 later", "451 later"]);
    let tired = outbox.mail("welcome", "tired@souk.example");
    outbox.mail("welcome", "ann@souk.example");
    let drain = Running::by_smtp(&outbox, &server, &data);

    acknowledged(&outbox, 3).await;

    assert_eq!(recipients(&server), ["ann@souk.example"]);
    let letter = |id: &str| {
        let path = data.path().join("dead").join(format!("{id}.json"));
        let text = std::fs::read_to_string(path).expect("a dead letter");
        serde_json::from_str::<serde_json::Value>(&text).expect("JSON")
    };
    assert_eq!(letter(&refused)["tries"], 1);
    assert_eq!(letter(&tired)["tries"], 3);
    assert!(letter(&tired)["reason"].as_str().expect("text").contains("451"));
    assert!(letter(&tired)["body"].as_str().expect("text").contains("tired@souk.example"));
    assert_eq!(drain.status.dead.load(Ordering::Relaxed), 2);
    drain.stop().await;
}

#[tokio::test]
async fn a_restart_that_forgot_its_cursor_sends_nothing_twice() {
    let (server, outbox, data) = (MailServer::answering(&[]).await, HandOutbox::new("s"), data());
    outbox.mail("welcome", "ann@souk.example");
    let drain = Running::by_smtp(&outbox, &server, &data);
    acknowledged(&outbox, 1).await;
    drain.stop().await;

    let outbox = outbox.without_acknowledgements();
    outbox.mail("welcome", "bob@souk.example");
    let drain = Running::by_smtp(&outbox, &server, &data);
    acknowledged(&outbox, 2).await;

    assert_eq!(recipients(&server), ["ann@souk.example", "bob@souk.example"]);
    drain.stop().await;
}

#[tokio::test]
async fn many_mails_become_files_and_one_that_cannot_is_given_up() {
    const MAILS: u64 = 2_500;
    let (outbox, data) = (HandOutbox::new("s"), data());
    let directory = data.path().join("mail");
    let mut names = Vec::new();
    for number in 0..MAILS {
        outbox.event("order.1.placed");
        let template = if number == 300 { "no_such_template" } else { "welcome" };
        names.push(outbox.mail(template, &format!("{number}@souk.example")));
    }
    let drain = Running::start(&outbox, Transport::Files(directory.clone()), &data);

    acknowledged(&outbox, 2 * MAILS).await;

    let dead = names.remove(300);
    assert!(data.path().join("dead").join(format!("{dead}.json")).exists());
    assert!(names.iter().all(|name| directory.join(format!("{name}.eml")).exists()));
    assert_eq!(std::fs::read_dir(&directory).expect("there").count(), names.len());
    assert_eq!(drain.status.sent.load(Ordering::Relaxed), MAILS - 1);
    assert!(outbox.acknowledgements() < 10, "acknowledged {} times", outbox.acknowledgements());
    drain.stop().await;
}

#[tokio::test]
async fn without_a_mail_server_mails_become_files() {
    let (outbox, data) = (HandOutbox::new("s"), data());
    let directory = data.path().join("mail");
    let drain = Running::start(&outbox, Transport::Files(directory.clone()), &data);
    let id = outbox.mail("welcome", "ann@souk.example");
    acknowledged(&outbox, 1).await;
    assert!(Path::new(&directory).join(format!("{id}.eml")).exists());
    drain.stop().await;
}
