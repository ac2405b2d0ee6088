//! An outbox that a test fills by hand.

use crate::adapters::outbox::Rows;
use serde_json::json;
use souk_actors::Failure;
use souk_actors::outbox::{Identity, Mails, Message, Numbered, Reader, Stream, StreamMarks};
use souk_actors::store::StoreError;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

static WRITTEN: AtomicU64 = AtomicU64::new(0);

/// Rows and cursors in memory. Clones are the same outbox.
#[derive(Clone)]
pub(in crate::adapters) struct HandOutbox {
    state: Arc<Mutex<State>>,
    changes: watch::Sender<u64>,
}

#[derive(Clone)]
struct State {
    identity: Identity,
    rows: Vec<Message>,
    broker: u64,
    mail: u64,
    sent: BTreeSet<u64>,
    marks: StreamMarks,
    acknowledgements: usize,
}

impl HandOutbox {
    /// An empty outbox of this store.
    pub(in crate::adapters) fn new(store: &str) -> Self {
        let state = State {
            identity: Identity::of_store(store, 0),
            rows: Vec::new(),
            broker: 0,
            mail: 0,
            sent: BTreeSet::new(),
            marks: StreamMarks::default(),
            acknowledgements: 0,
        };
        Self::with(state)
    }

    fn with(state: State) -> Self {
        Self { state: Arc::new(Mutex::new(state)), changes: watch::Sender::new(0) }
    }

    /// A copy of the outbox, for a test that goes back to this state later. With `by_restore` the store
    /// records the restore, as `souk restore` does.
    pub(in crate::adapters) fn copy(&self, by_restore: bool) -> Self {
        let mut state = self.state.lock().expect("sound").clone();
        if by_restore {
            let rows = state.rows.len() as u64;
            state.identity = state.identity.put_back(rows);
        }
        Self::with(state)
    }

    /// The same rows as after a crash that lost every acknowledgement.
    pub(in crate::adapters) fn without_acknowledgements(&self) -> Self {
        let state = State {
            broker: 0,
            mail: 0,
            marks: StreamMarks::default(),
            ..self.state.lock().expect("sound").clone()
        };
        Self::with(state)
    }

    /// Commits an event; returns its id.
    pub(in crate::adapters) fn event(&self, what: &str) -> String {
        let id = self.next_id("event");
        // No two rows are written at the same time.
        let time = WRITTEN.fetch_add(1, Ordering::Relaxed).to_string();
        let body = json!({"specversion": "1.0", "id": id, "time": time, "data": {}});
        self.commit(Stream::Events, format!("souk.event.v1.{what}"), &id, &body.to_string());
        id
    }

    /// Commits a mail; returns its id.
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

    /// Commits a row.
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
        let store = state.identity.of_number(Numbered::Row, sequence);
        state.rows.push(Message { sequence, store, stream, subject, id, body });
        drop(state);
        self.changes.send_modify(|commits| *commits += 1);
    }

    /// How often readers have acknowledged rows.
    pub(in crate::adapters) fn acknowledgements(&self) -> usize {
        self.state.lock().expect("sound").acknowledgements
    }

    fn next_id(&self, kind: &str) -> String {
        let state = self.state.lock().expect("sound");
        let sequence = state.rows.len() as u64 + 1;
        format!("{}.{kind}.{sequence}", state.identity.of_number(Numbered::Row, sequence))
    }
}

impl Rows for HandOutbox {
    fn after(&self, sequence: u64, limit: usize) -> Result<Vec<Message>, StoreError> {
        let state = self.state.lock().expect("sound");
        let later = state.rows.iter().filter(|row| row.sequence > sequence);
        Ok(later.take(limit).cloned().collect())
    }

    fn mails_after(&self, sequence: u64, limit: usize) -> Result<Mails, StoreError> {
        let state = self.state.lock().expect("sound");
        let mut mails = Mails { through: sequence, ..Mails::default() };
        for row in state.rows.iter().filter(|row| row.sequence > sequence) {
            if mails.messages.len() == limit {
                mails.may_have_more = true;
                break;
            }
            mails.through = row.sequence;
            mails.messages.extend((row.stream == Stream::Notify).then(|| row.clone()));
        }
        Ok(mails)
    }

    fn identity(&self) -> Result<Identity, StoreError> {
        let state = self.state.lock().expect("sound");
        Ok(state.identity.clone().with_last_row(state.rows.len() as u64))
    }

    async fn begin_generation(&self, through: u64) -> Result<(), Failure> {
        let mut guard = self.state.lock().expect("sound");
        let State { identity, rows, .. } = &mut *guard;
        *identity = identity.clone().put_back(through);
        // Renders the rows again, as the shop does.
        for row in rows.iter_mut().filter(|row| row.sequence > through) {
            let store = identity.of_number(Numbered::Row, row.sequence);
            let id = row.id.replacen(&row.store, &store, 1);
            let body = String::from_utf8_lossy(&row.body).replacen(&row.id, &id, 1);
            (row.id, row.body, row.store) = (id, body.into_bytes(), store);
        }
        Ok(())
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
        // In the shop's store an acknowledgement is a commit too.
        self.changes.send_modify(|commits| *commits += 1);
        Ok(())
    }

    fn sent(&self) -> Result<BTreeSet<u64>, StoreError> {
        Ok(self.state.lock().expect("sound").sent.clone())
    }

    async fn acknowledge_mails(&self, through: u64, sent: BTreeSet<u64>) -> Result<(), Failure> {
        let mut state = self.state.lock().expect("sound");
        assert!(state.mail < through || !sent.is_empty(), "says nothing new");
        state.mail = state.mail.max(through);
        state.sent.extend(sent);
        state.sent = state.sent.split_off(&(through + 1));
        state.acknowledgements += 1;
        drop(state);
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
