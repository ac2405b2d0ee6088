//! Delivers events to the webhook endpoints that administrators registered.
//!
//! Each endpoint gets one event at a time, in commit order. A failed event waits for its retry while
//! later events go on, and no endpoint waits for another.

use super::post::{AddressPolicy, Poster, SignedRequest};
use super::retry::{RetrySchedule, is_final};
use super::until;
use crate::adapters::tasks::{Interruption, Stop};
use crate::error_chain::chain;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use souk_actors::outbox::Message;
use souk_actors::store::{Snapshot, StoreError};
use souk_actors::webhooks::{
    self, AdvanceCursor, Delivery, Endpoint, Progress, RecordTry, Recorded, Verdict,
};
use souk_actors::{Failure, Shop, clock};
use souk_domain::UnixMillis;
use std::collections::{HashMap, HashSet};
use url::Url;

/// Rows read from the outbox at a time.
const MAX_ROWS_PER_READ: usize = 64;
/// After skipping this many rows that an endpoint did not subscribe to, its cursor is saved.
const PASSED_OVER_MAX: u64 = 512;

/// The store has stopped.
#[derive(Debug, thiserror::Error)]
#[error("the store is closed")]
struct StoreClosed;

/// Delivers events to the registered endpoints.
#[derive(Clone)]
pub(super) struct Dispatcher {
    pub(super) shop: Shop,
    pub(super) poster: Poster,
    pub(super) reach: AddressPolicy,
    pub(super) stop: Stop,
}

/// The next job of an endpoint.
enum Job {
    /// Deliver this event; `before` holds its earlier tries.
    Deliver { message: Message, event: String, before: Option<Delivery>, cursor: u64 },
    /// Only save that the cursor has reached this row.
    SaveCursor(u64),
    /// An event that waited for a retry has left the outbox.
    Expired { sequence: u64, before: Delivery },
    /// Nothing to do before this time; `None`: nothing until the next commit.
    Wait(Option<UnixMillis>),
}

impl Dispatcher {
    /// Delivers whatever is due, until `stop`.
    ///
    /// # Errors
    /// [`Interruption`]; undelivered events are still in the outbox.
    pub(super) async fn session(self) -> Result<(), Interruption> {
        let this = &self;
        let mut commits = self.shop.store.commits();
        // How far each endpoint has read; its saved cursor may lag behind.
        let mut read = HashMap::new();
        let mut busy = HashSet::new();
        let mut jobs: FuturesUnordered<BoxFuture<'_, (u64, Result<(), Failure>)>> =
            FuturesUnordered::new();
        loop {
            commits.borrow_and_update();
            let snapshot = self.shop.store.snapshot();
            let mut wake_at: Option<UnixMillis> = None;
            for (id, endpoint) in webhooks::active(&*snapshot)? {
                if busy.contains(&id) {
                    continue;
                }
                let job = match this.job(&snapshot, id, &endpoint, &mut read)? {
                    Job::Wait(None) => continue,
                    Job::Wait(Some(due)) => {
                        wake_at = Some(wake_at.map_or(due, |earlier| earlier.min(due)));
                        continue;
                    }
                    job => job,
                };
                busy.insert(id);
                jobs.push(Box::pin(async move { (id, this.run(id, endpoint, job).await) }));
            }
            // A snapshot that stays open keeps old pages from being reused.
            drop(snapshot);
            tokio::select! {
                Some((id, done)) = jobs.next() => {
                    busy.remove(&id);
                    done?;
                }
                changed = commits.changed() => changed.map_err(|_| StoreClosed)?,
                () = until(wake_at) => {}
                () = self.stop.requested() => return Ok(()),
            }
        }
    }

    fn job(
        &self,
        snapshot: &Snapshot,
        id: u64,
        endpoint: &Endpoint,
        read: &mut HashMap<u64, u64>,
    ) -> Result<Job, StoreError> {
        let Progress { cursor, waiting, .. } = webhooks::progress(snapshot, id)?;
        let due = webhooks::next_due(snapshot, id)?;
        if let Some((at, sequence)) = due
            && at <= clock::now()
            && let Some(before) = webhooks::delivery(snapshot, id, sequence)?
        {
            return self.again(sequence, before, cursor);
        }
        let rest = Job::Wait(due.map(|(at, _)| at));
        if waiting >= webhooks::WAITING_MAX {
            return Ok(rest);
        }
        let mut at = read.get(&id).copied().unwrap_or(cursor).max(cursor);
        loop {
            let rows = self.shop.outbox.after(at, MAX_ROWS_PER_READ)?;
            let has_more = rows.len() == MAX_ROWS_PER_READ;
            for message in rows {
                let sequence = message.sequence;
                let event =
                    message.event().filter(|name| webhooks::matches(&endpoint.events, name));
                if let Some(event) = event {
                    return Ok(Job::Deliver { message, event, before: None, cursor: sequence });
                }
                at = sequence;
                read.insert(id, at);
            }
            if at - cursor >= PASSED_OVER_MAX {
                return Ok(Job::SaveCursor(at));
            }
            if !has_more {
                return Ok(rest);
            }
        }
    }

    /// The retry of an event.
    fn again(&self, sequence: u64, before: Delivery, cursor: u64) -> Result<Job, StoreError> {
        let row = self.shop.outbox.after(sequence - 1, 1)?;
        let row = row.into_iter().find(|message| message.sequence == sequence);
        Ok(match row {
            Some(message) => {
                let event = before.event.clone();
                Job::Deliver { message, event, before: Some(before), cursor }
            }
            None => Job::Expired { sequence, before },
        })
    }

    async fn run(&self, id: u64, endpoint: Endpoint, job: Job) -> Result<(), Failure> {
        let tried = match job {
            Job::Wait(_) => return Ok(()),
            Job::SaveCursor(cursor) => {
                let advance = AdvanceCursor { endpoint: id, cursor };
                return self.shop.turn(move |turn| async move { turn.ask(advance).await }).await;
            }
            Job::Expired { sequence, before } => RecordTry {
                endpoint: id,
                sequence,
                cursor: 0,
                event_id: before.event_id,
                event: before.event,
                answer: None,
                reason: "the event is not kept any more".to_owned(),
                verdict: Verdict::GivenUp,
            },
            Job::Deliver { message, event, before, cursor } => {
                self.deliver(id, &endpoint, message, event, before, cursor).await
            }
        };
        if tried.verdict != Verdict::Taken {
            let RecordTry { event_id, reason, .. } = &tried;
            tracing::warn!(
                endpoint = id,
                event_id,
                reason,
                "a webhook endpoint did not take an event"
            );
        }
        let recording = self.shop.turn(move |turn| async move { turn.ask(tried).await });
        if recording.await? == Recorded::SwitchedOff {
            // The URL is not logged: it may contain a password.
            let what = "a webhook endpoint took nothing for three days and is switched off";
            tracing::error!(endpoint = id, "{what}");
        }
        Ok(())
    }

    /// Makes one delivery try and judges its result.
    async fn deliver(
        &self,
        id: u64,
        endpoint: &Endpoint,
        message: Message,
        event: String,
        before: Option<Delivery>,
        cursor: u64,
    ) -> RecordTry {
        let now = clock::now();
        let (tries, since) = before.map_or((1, now), |before| (before.tries + 1, before.since));
        let (answer, reason, may_try_again) = match self.post(endpoint, &message).await {
            Ok(status) if status.is_success() => (Some(status), String::new(), false),
            Ok(status) => (Some(status), format!("it answered {status}"), !is_final(status)),
            Err(reason) => (None, reason, true),
        };
        let next = || RetrySchedule::WEBHOOKS.next_try(tries, since, clock::now());
        let verdict = match may_try_again.then(next).flatten() {
            _ if reason.is_empty() => Verdict::Taken,
            Some(at) => Verdict::Again(at),
            None => Verdict::GivenUp,
        };
        RecordTry {
            endpoint: id,
            sequence: message.sequence,
            cursor,
            event_id: message.id,
            event,
            answer: answer.map(|status| status.as_u16()),
            reason,
            verdict,
        }
    }

    async fn post(
        &self,
        endpoint: &Endpoint,
        message: &Message,
    ) -> Result<http::StatusCode, String> {
        let url = Url::parse(&endpoint.url).map_err(|error| error.to_string())?;
        let message = SignedRequest {
            url,
            reach: self.reach,
            id: message.id.clone(),
            secret: endpoint.secret.clone(),
            content_type: "application/cloudevents+json",
            body: message.body.clone().into(),
        };
        self.poster.post(&message).await.map_err(|error| chain(&error))
    }
}
