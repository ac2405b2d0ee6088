//! Streaming answers: how many there may be, and how they end.

use super::App;
use crate::edge::{Client, Pool, Share, limits};
use std::sync::Arc;
use tokio::sync::watch;

/// The open streaming answers.
pub(crate) struct Streams {
    room: Arc<Pool>,
    end: watch::Sender<bool>,
}

impl Default for Streams {
    fn default() -> Self {
        Self { room: Pool::new(limits::STREAMS_MAX), end: watch::Sender::new(false) }
    }
}

impl Streams {
    /// Room for one more stream of this client; `None` if the client or the shop has reached its
    /// limit.
    pub(crate) fn room_for(&self, client: Client) -> Option<Share> {
        self.room.take(client, 1)
    }

    /// Turns true once the shop closes.
    pub(crate) fn end(&self) -> watch::Receiver<bool> {
        self.end.subscribe()
    }
}

impl App {
    /// Ends all streams, because the shop closes.
    pub(crate) fn end_streams(&self) {
        self.streams.end.send_replace(true);
    }
}
