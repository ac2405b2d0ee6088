//! The stream of events, `GET /api/v1/events`, as its readers get it.

use serde_json::Value;

use super::person::Person;
use super::shop::Shop;

/// The events of a stream: ids, names and bodies.
pub(crate) fn events_in(text: &str) -> Vec<(u64, String, Value)> {
    let field = |block: &str, name: &str| {
        block.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned)
    };
    // A chunk may end within an event.
    let (complete, _) = text.rsplit_once("\n\n").unwrap_or_default();
    complete
        .split("\n\n")
        .filter_map(|block| {
            let id = field(block, "id: ")?.parse().expect("a number");
            let body = serde_json::from_str(&field(block, "data: ")?).expect("JSON");
            Some((id, field(block, "event: ")?, body))
        })
        .collect()
}

/// An open stream.
pub(crate) struct Listening {
    response: reqwest::Response,
    text: String,
}

impl Listening {
    pub(crate) async fn open(shop: &Shop, person: &Person, query: &str, last: Option<u64>) -> Self {
        let url = format!("{}/api/v1/events{query}", shop.base());
        let mut asking = reqwest::Client::new().get(url).bearer_auth(&person.access);
        if let Some(last) = last {
            asking = asking.header("Last-Event-ID", last.to_string());
        }
        let response = asking.send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        Self { response, text: String::new() }
    }

    pub(crate) async fn until(&mut self, count: usize) -> Vec<(u64, String, Value)> {
        while events_in(&self.text).len() < count || !self.text.ends_with("\n\n") {
            let chunk = self.response.chunk().await.expect("the stream goes on").expect("and on");
            self.text.push_str(std::str::from_utf8(&chunk).expect("text"));
        }
        events_in(&self.text)
    }

    pub(crate) async fn expect_end(mut self) {
        while self.response.chunk().await.expect("it ends well").is_some() {}
    }

    /// Expects the stream's end within less than a heartbeat, without another event.
    pub(crate) async fn expect_end_at_once(mut self, heard: usize) {
        let rest = async {
            while let Some(chunk) = self.response.chunk().await.expect("it ends well") {
                self.text.push_str(std::str::from_utf8(&chunk).expect("text"));
            }
        };
        let soon = std::time::Duration::from_secs(10);
        tokio::time::timeout(soon, rest).await.expect("the stream ends with its session");
        assert_eq!(events_in(&self.text).len(), heard, "{}", self.text);
    }
}
