//! Searches the log: in this process, or in the process that keeps it.

use super::query::LogQuery;
use super::socket::ask;
use super::store::{LogStore, SearchResult};
use crate::local_socket::AskError;
use crate::panics;
use souk_actors::store::StoreError;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Searches at a time: each keeps one processor busy, and the shop's customers come first.
const SEARCHES_MAX: usize = 1;
/// Longest wait for a search to start.
const WAIT: Duration = Duration::from_secs(5);

/// Why the log could not be searched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArchiveError {
    /// The store failed.
    #[error("the log cannot be read")]
    Store(#[from] StoreError),
    /// The process that keeps the log does not answer.
    #[error("the process that keeps the log does not answer")]
    Away(#[from] AskError),
    /// The runtime ends.
    #[error("the process ends")]
    Ending,
    /// Other searches take too long.
    #[error("too many search the log")]
    Busy,
}

#[derive(Clone)]
enum Place {
    Here(LogStore),
    There(PathBuf),
}

/// Searches the log. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Archive {
    place: Place,
    searches: Arc<Semaphore>,
}

impl Archive {
    /// An archive that this process keeps.
    pub(crate) fn local(store: LogStore) -> Self {
        Self::of(Place::Here(store))
    }

    /// An archive that `souk worker log` keeps in this data directory, if it runs.
    pub(crate) fn of_worker(data: PathBuf) -> Self {
        Self::of(Place::There(data))
    }

    fn of(place: Place) -> Self {
        Self { place, searches: Arc::new(Semaphore::new(SEARCHES_MAX)) }
    }

    /// Runs `search`, which blocks, with access to the log.
    ///
    /// # Errors
    /// The error of `search`; [`ArchiveError::Busy`].
    pub(crate) async fn search<T, E>(
        &self,
        search: impl FnOnce(&Self) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<ArchiveError> + Send + 'static,
    {
        let turn = tokio::time::timeout(WAIT, Arc::clone(&self.searches).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else { return Err(ArchiveError::Busy.into()) };
        let archive = self.clone();
        let searching = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            search(&archive)
        });
        panics::outcome(searching.await).unwrap_or_else(|| Err(ArchiveError::Ending.into()))
    }

    /// The lines that `query` matches, newest first: `limit` of them after the first `offset`. Blocks.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub(crate) fn find(
        &self,
        query: &LogQuery,
        offset: u64,
        limit: usize,
    ) -> Result<SearchResult, ArchiveError> {
        match &self.place {
            Place::Here(store) => Ok(store.search(query, offset, limit)?),
            Place::There(data) => Ok(ask(data, query, offset, limit)?),
        }
    }
}
