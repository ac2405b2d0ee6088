//! Logs each change of the connection to the broker once.

use crate::adapters::tasks::RelayStatus;
use async_nats::{Event, ServerError};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// Words in the errors of a broker that rejects the user or the password.
const REFUSALS: [&str; 2] = ["authorization", "authentication"];

/// The state of the connection as last logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Never connected, and not logged yet.
    New,
    /// Connected.
    Up,
    /// Not connected.
    Away,
    /// The broker rejects the user or the password.
    Refused,
    /// Closed by us.
    Left,
}

/// The connection to the servers of one broker.
pub(super) struct Link {
    /// Addresses without user and password.
    broker: String,
    state: Mutex<State>,
    /// Counts lost connections.
    lost: watch::Sender<u64>,
    status: Arc<RelayStatus>,
}

impl Link {
    pub(super) fn to(broker: String, lost: watch::Sender<u64>, status: Arc<RelayStatus>) -> Self {
        Self { broker, state: Mutex::new(State::New), lost, status }
    }

    /// Records that we close the connection, so that its end is not logged as a loss.
    pub(super) fn will_close(&self) {
        self.change_to(State::Left);
    }

    /// Logs the change that an event of the client reports.
    pub(super) fn record(&self, event: &Event) {
        let broker = self.broker.as_str();
        match event {
            Event::Connected => {
                self.status.is_connected.store(true, Ordering::Relaxed);
                match self.change_to(State::Up) {
                    State::New => tracing::info!(broker, "connected to the broker"),
                    State::Away | State::Refused => {
                        tracing::info!(broker, "connected to the broker again");
                    }
                    State::Up | State::Left => {}
                }
            }
            Event::Disconnected | Event::Closed => {
                self.status.is_connected.store(false, Ordering::Relaxed);
                self.lost.send_modify(|losses| *losses += 1);
                if self.is(State::Up) {
                    self.change_to(State::Away);
                    tracing::warn!(
                        broker,
                        "the connection to the broker is lost; events wait in the store"
                    );
                }
            }
            Event::ServerError(error) => {
                let is_refusal = *error == ServerError::AuthorizationViolation;
                self.fails(&error.to_string(), is_refusal);
            }
            Event::ClientError(error) => {
                // The client hides the operating system's error.
                let reason = error.to_string().replace("nats: IO error", "nobody answers there");
                let lower = reason.to_lowercase();
                self.fails(&reason, REFUSALS.iter().any(|word| lower.contains(word)));
            }
            other => tracing::info!(broker, event = %other, "the broker reports"),
        }
    }

    /// Records one failed connection attempt.
    fn fails(&self, reason: &str, is_refusal: bool) {
        let broker = self.broker.as_str();
        self.status.work.record_interruption(reason.to_owned());
        match (is_refusal, self.state()) {
            (true, State::New | State::Away) => {
                self.change_to(State::Refused);
                tracing::warn!(
                    broker,
                    reason,
                    "the broker does not take the user or the password; what happens waits in the \
                     store (nats_user, nats_password)"
                );
            }
            (false, State::New | State::Refused) => {
                self.change_to(State::Away);
                tracing::warn!(
                    broker,
                    reason,
                    "the broker cannot be reached; what happens waits in the store"
                );
            }
            _ => tracing::debug!(broker, reason, "the broker cannot be reached"),
        }
    }

    fn state(&self) -> State {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is(&self, state: State) -> bool {
        self.state() == state
    }

    /// Changes the state and returns the old one; a connection closed by us stays closed.
    fn change_to(&self, state: State) -> State {
        let mut now = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let before = *now;
        if before != State::Left {
            *now = state;
        }
        before
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_nats::ClientError;

    #[test]
    fn a_state_is_kept_until_it_changes() {
        let (lost, losses) = watch::channel(0);
        let link = Link::to("nats://127.0.0.1:4222".to_owned(), lost, Arc::default());
        let other = |text: &str| Event::ClientError(ClientError::Other(text.to_owned()));
        for (event, state) in [
            (other("connection refused"), State::Away),
            (other("timed out"), State::Away),
            (other("authorization violation"), State::Refused),
            (other("authorization violation"), State::Refused),
            (Event::Connected, State::Up),
            // A refused message does not end the connection.
            (Event::ServerError(ServerError::Other("permissions violation".into())), State::Up),
            (Event::Disconnected, State::Away),
            (other("connection refused"), State::Away),
            (Event::Connected, State::Up),
        ] {
            link.record(&event);
            assert_eq!(link.state(), state, "{event}");
        }
        assert_eq!(*losses.borrow(), 1);
        link.will_close();
        link.record(&Event::Closed);
        assert_eq!((link.state(), *losses.borrow()), (State::Left, 2));
    }
}
