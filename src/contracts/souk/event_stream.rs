//! `GET /api/v1/events`: past and new events as server-sent events, for administrators who have no
//! access to the broker (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).

use crate::app::{App, Visitor, failure_answer};
use crate::edge::headers::LAST_EVENT_ID;
use crate::edge::{Answer, Call, Client, Errors, Share, limits, standard};
use bytes::Bytes;
use http::StatusCode;
use http::header::{CACHE_CONTROL, HeaderValue};
use souk_actors::outbox::PlaceError;
use souk_actors::store::StoreError;
use souk_actors::{Failure, users, webhooks};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// Rows to read from the outbox at a time.
const MAX_ROWS_PER_READ: usize = 64;
/// Most patterns in one request.
const PATTERNS_MAX: usize = 50;
/// The first chunk. Its only content is the time, in milliseconds, after which a browser
/// reconnects.
const GREETING: &[u8] = b"retry: 1000\n\n";
const HEARTBEAT: &[u8] = b": nothing new\n\n";

/// One client of the stream.
struct Listener {
    app: Arc<App>,
    client: Client,
    visitor: Visitor,
    patterns: Vec<String>,
    /// The last row that was sent or skipped.
    position: u64,
    follows: bool,
    chunks: mpsc::Sender<Bytes>,
    _share: Share,
}

pub(super) async fn follow(app: Arc<App>, call: Call) -> Result<Answer, Answer> {
    let visitor = app.administrator(&call)?;
    let (patterns, position, follows) = parse_request(&app, &call)?;
    let share = app.streams.room_for(call.request.client);
    let share = share.ok_or_else(|| standard::unavailable(limits::RETRY_AFTER_SECONDS))?;
    let (chunks, taken) = mpsc::channel(limits::STREAM_CHUNKS_MAX);
    let client = call.request.client;
    let listener =
        Listener { app, client, visitor, patterns, position, follows, chunks, _share: share };
    tokio::spawn(async move {
        if let Err(error) = listener.run().await {
            // The client reconnects with the id of the last event that it received.
            failure_answer(&error);
        }
    });
    let content_type = HeaderValue::from_static("text/event-stream; charset=utf-8");
    Ok(Answer::streaming(content_type, taken)
        .with_header(CACHE_CONTROL, HeaderValue::from_static("no-store")))
}

/// Reads the patterns, the position to start after, and whether to follow new events. A position
/// that the shop does not have is refused, because the client would miss events without noticing.
fn parse_request(app: &App, call: &Call) -> Result<(Vec<String>, u64, bool), Answer> {
    let mut errors = Errors::new();
    let types = call.request.query("types").unwrap_or("*");
    let patterns: Vec<String> =
        types.split(',').take(PATTERNS_MAX + 1).map(|pattern| pattern.trim().to_owned()).collect();
    if patterns.len() > PATTERNS_MAX {
        errors.add("types", format!("Ensure this has no more than {PATTERNS_MAX} elements."));
    }
    for pattern in &patterns {
        if let Err(unknown) = webhooks::check_pattern(pattern) {
            errors.add("types", unknown.to_string());
        }
    }
    let last = call.request.header(LAST_EVENT_ID.as_str()).or(call.request.query("last_event_id"));
    let position = match last {
        None => Ok(0),
        Some(last) => {
            let found = app.shop.outbox.row_at(last.trim());
            found.map_err(|error| failure_answer(&error.into()))?
        }
    };
    if position == Err(PlaceError::Malformed) {
        errors.add("last_event_id", "Not an id of an event here.");
    }
    let follows = match call.request.query("follow") {
        None | Some("true") => true,
        Some("false") => false,
        Some(_) => {
            errors.add("follow", "Must be a valid boolean.");
            true
        }
    };
    match position {
        _ if !errors.is_empty() => Err(errors.into()),
        Ok(position) => Ok((patterns, position, follows)),
        Err(error) => Err(gone(error)),
    }
}

/// The refusal of a position that the shop does not have.
pub(super) fn unknown_place() -> Answer {
    gone(PlaceError::NotKept)
}

fn gone(error: PlaceError) -> Answer {
    Answer::detail(StatusCode::GONE, &sentence(error))
}

fn sentence(error: PlaceError) -> String {
    let mut text = error.to_string();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text + "."
}

/// Matching events from one read of the outbox.
struct Part {
    chunk: Vec<u8>,
    /// The position of the last row that was read.
    position: u64,
    has_more: bool,
}

/// Reads and renders the matching events after a position.
fn read(app: &App, patterns: &[String], mut position: u64) -> Result<Part, StoreError> {
    let outbox = &app.shop.outbox;
    let rows = outbox.after(position, MAX_ROWS_PER_READ)?;
    let identity = outbox.identity()?;
    let has_more = rows.len() == MAX_ROWS_PER_READ;
    let mut chunk = Vec::new();
    for message in rows {
        position = message.sequence;
        let Some(event) = message.event() else { continue };
        if webhooks::matches(patterns, &event) {
            let place = identity.place(message.sequence);
            let head = format!("id: {place}\nevent: {event}\ndata: ");
            chunk.extend_from_slice(head.as_bytes());
            // An event is JSON on one line.
            chunk.extend_from_slice(&message.body);
            chunk.extend_from_slice(b"\n\n");
        }
    }
    Ok(Part { chunk, position, has_more })
}

impl Listener {
    async fn run(mut self) -> Result<(), Failure> {
        let mut commits = self.app.shop.store.commits();
        let end = self.app.streams.end();
        let mut heartbeat = tokio::time::interval(Duration::from_secs(limits::HEARTBEAT_SECONDS));
        if !self.send(Bytes::from_static(GREETING)).await {
            return Ok(());
        }
        loop {
            commits.borrow_and_update();
            while let Some(chunk) = self.read_on().await? {
                // Checked before each chunk, because the client's session may have ended while it
                // read slowly.
                if !self.may_listen()? || !self.send(chunk).await {
                    return Ok(());
                }
            }
            if !self.follows {
                return Ok(());
            }
            tokio::select! {
                changed = commits.changed() => {
                    if changed.is_err() || !self.may_listen()? {
                        return Ok(());
                    }
                }
                _ = heartbeat.tick() => {
                    if !self.may_listen()? || !self.send(Bytes::from_static(HEARTBEAT)).await {
                        return Ok(());
                    }
                }
                () = closed(end.clone()) => return Ok(()),
                () = self.chunks.closed() => return Ok(()),
            }
        }
    }

    /// Renders the next events; `None` if there are no more for now. Reading runs on the reading
    /// threads, so many streams that read the whole outbox do not block other tasks.
    async fn read_on(&mut self) -> Result<Option<Bytes>, Failure> {
        loop {
            let (app, patterns, position) =
                (Arc::clone(&self.app), self.patterns.clone(), self.position);
            let reading =
                self.app.reading.run(self.client, move || read(&app, &patterns, position));
            let Part { chunk, position, has_more } = reading.await??;
            self.position = position;
            if !chunk.is_empty() || !has_more {
                return Ok((!chunk.is_empty()).then(|| chunk.into()));
            }
        }
    }

    /// False if the client has disconnected or the shop closes.
    async fn send(&self, chunk: Bytes) -> bool {
        tokio::select! {
            sent = self.chunks.send(chunk) => sent.is_ok(),
            () = closed(self.app.streams.end()) => false,
        }
    }

    /// False once the session has ended (log-out, new password, closed account) or the user is no
    /// longer an administrator.
    fn may_listen(&self) -> Result<bool, StoreError> {
        let snapshot = self.app.shop.store.snapshot();
        let session = users::session(&*snapshot, self.visitor.session)?;
        let user = users::user(&*snapshot, self.visitor.id())?;
        let role = self.visitor.caller.role;
        Ok(session.is_some() && user.is_some_and(|user| user.role == role))
    }
}

/// Returns once the shop closes.
async fn closed(mut end: watch::Receiver<bool>) {
    // If the sender is gone, the shop closes too.
    let _ = end.wait_for(|is_over| *is_over).await;
}
