//! An outbox that a test fills by hand.

use crate::adapters::rows::Rows;
use serde_json::json;
use souk_actors::Failure;
use souk_actors::outbox::{Message, Reader, Stream, StreamMarks};
use souk_actors::store::StoreError;
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

/// Rows and cursors in memory. Clones are the same outbox.
#[derive(Clone)]
pub(in crate::adapters) struct HandOutbox {
    state: Arc<Mutex<State>>,
    changes: watch::Sender<u64>,
}

#[derive(Clone, Default)]
struct State {
    store: String,
    rows: Vec<Message>,
    broker: u64,
    mail: u64,
    marks: StreamMarks,
    acknowledgements: usize,
}

impl HandOutbox {
    /// An empty outbox of this store.
    pub(in crate::adapters) fn new(store: &str) -> Self {
        let state = State { store: store.to_owned(), ..State::default() };
        Self { state: Arc::new(Mutex::new(state)), changes: watch::Sender::new(0) }
    }

    /// The same rows, as they are found after a crash that lost every acknowledgement.
    pub(in crate::adapters) fn without_acknowledgements(&self) -> Self {
        let state = State {
            broker: 0,
            mail: 0,
            marks: StreamMarks::default(),
            ..self.state.lock().expect("sound").clone()
        };
        Self { state: Arc::new(Mutex::new(state)), changes: watch::Sender::new(0) }
    }

    /// Commits an event; answers its id.
    pub(in crate::adapters) fn event(&self, what: &str) -> String {
        let id = self.next_id("event");
        let body = json!({"specversion": "1.0", "id": id, "data": {}});
        self.commit(Stream::Events, format!("souk.event.v1.{what}"), &id, &body.to_string());
        id
    }

    /// Commits a mail; answers its id.
    pub(in crate::adapters) fn mail(&self, template: &str, to: &str) -> String {
        let id = self.next_id("mail");
        let body = json!({
            "specversion": "1.0", "id": id, "time": "2024-01-01T00:00:00Z",
            "data": {"to": to, "context": {"customer_name": "Ann"}},
        });
        self.commit(
            Stream::Notify,
            format!("souk.notify.v1.email.{template}"),
            &id,
            &body.to_string(),
        );
        id
    }

    /// Commits a row as it is given.
    pub(in crate::adapters) fn commit(
        &self,
        stream: Stream,
        subject: String,
        id: &str,
        body: &str,
    ) {
        let mut state = self.state.lock().expect("sound");
        let sequence = state.rows.len() as u64 + 1;
        let (id, body) = (id.to_owned(), body.as_bytes().to_vec());
        state.rows.push(Message { sequence, stream, subject, id, body });
        drop(state);
        self.changes.send_modify(|commits| *commits += 1);
    }

    /// How often a reader said how far it is.
    pub(in crate::adapters) fn acknowledgements(&self) -> usize {
        self.state.lock().expect("sound").acknowledgements
    }

    fn next_id(&self, kind: &str) -> String {
        let state = self.state.lock().expect("sound");
        format!("{}.{kind}.{}", state.store, state.rows.len() + 1)
    }
}

impl Rows for HandOutbox {
    fn after(&self, sequence: u64, limit: usize) -> Result<Vec<Message>, StoreError> {
        let state = self.state.lock().expect("sound");
        let later = state.rows.iter().filter(|row| row.sequence > sequence);
        Ok(later.take(limit).cloned().collect())
    }

    fn cursor(&self, reader: Reader) -> Result<u64, StoreError> {
        let state = self.state.lock().expect("sound");
        Ok(match reader {
            Reader::Broker => state.broker,
            Reader::Mail => state.mail,
        })
    }

    async fn acknowledge(&self, reader: Reader, through: u64) -> Result<(), Failure> {
        let mut state = self.state.lock().expect("sound");
        let cursor = match reader {
            Reader::Broker => &mut state.broker,
            Reader::Mail => &mut state.mail,
        };
        assert!(*cursor < through, "an acknowledgement that says nothing new");
        *cursor = through;
        state.acknowledgements += 1;
        drop(state);
        // As in the shop's store, where an acknowledgement is a commit like any other.
        self.changes.send_modify(|commits| *commits += 1);
        Ok(())
    }

    fn marks(&self) -> Result<StreamMarks, StoreError> {
        Ok(self.state.lock().expect("sound").marks)
    }

    async fn acknowledge_published(&self, through: u64, marks: StreamMarks) -> Result<(), Failure> {
        let mut state = self.state.lock().expect("sound");
        assert!(state.broker < through || state.marks != marks, "says nothing new");
        state.broker = state.broker.max(through);
        state.marks = marks;
        state.acknowledgements += 1;
        drop(state);
        self.changes.send_modify(|commits| *commits += 1);
        Ok(())
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}
