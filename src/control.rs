//! Serves operator commands while the shop is open, on a socket in the data directory: copies the
//! store, exports its events, manages its administrators. Only a user who may read the data can
//! connect.

use crate::administrators::{self, AdministratorName};
use crate::error_chain::chain;
use crate::local_socket::{self, LocalSocket, Output};
use serde::{Deserialize, Serialize};
use souk_actors::Shop;
use souk_actors::outbox::{Outbox, PlaceError};
use souk_actors::store::StoreError;
use souk_actors::webhooks;
use souk_domain::{EmailAddress, Password, UnixMillis, Username};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) use crate::local_socket::AskError;

/// Name of the socket in the data directory.
pub(crate) const SOCKET_FILE: &str = "souk.sock";
/// Longest wait for a client that does not read the answer: whoever pages through events takes a while.
const WRITE_WITHIN: Duration = Duration::from_secs(60 * 60);
/// Requests served at once.
const AT_ONCE_MAX: usize = 4;
/// Rows read from the outbox at a time.
const MAX_ROWS_PER_READ: usize = 64;

/// A request.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ControlRequest {
    /// Copy the store into this new file. The path is absolute.
    Backup(PathBuf),
    /// Send the stored events.
    Export(Export),
    /// Check that the shop answers.
    Ping,
    /// Create an administrator.
    CreateAdministrator {
        /// User name.
        username: String,
        /// E-mail address.
        email: String,
        /// Password.
        password: HiddenPassword,
    },
    /// Send every administrator, as one JSON object per row.
    Administrators,
    /// Set a new password for an administrator.
    ResetPassword {
        /// User name or e-mail address.
        who: String,
        /// Password.
        password: HiddenPassword,
    },
}

/// A password on its way through the socket. It is never printed.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct HiddenPassword(String);

impl HiddenPassword {
    /// Wraps a password.
    pub(crate) fn of(password: &Password) -> Self {
        Self(String::from_utf8_lossy(password.as_bytes()).into_owned())
    }
}

impl std::fmt::Debug for HiddenPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HiddenPassword(…)")
    }
}

/// Which events to export.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Export {
    /// Where to begin.
    #[serde(flatten)]
    pub(crate) start: ExportStart,
    /// Patterns such as `*`, `order.*`, `order.paid`.
    pub(crate) types: Vec<String>,
}

/// Where an export begins.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ExportStart {
    /// With the events from this time on, in milliseconds since 1970.
    Since(i64),
    /// After this place in the stream of events.
    After(String),
}

/// Why events cannot be exported.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExportError {
    /// There is no event at the place to begin after.
    #[error("--after")]
    Place(#[from] PlaceError),
    /// The store failed.
    #[error("the events cannot be read")]
    Read(#[from] StoreError),
}

/// Sends a request to the open shop with its data in `directory`, and calls `on_event` with each event.
/// Returns the shop's last sentence. Blocks.
///
/// # Errors
/// [`AskError`].
pub(crate) fn ask(
    directory: &Path,
    request: &ControlRequest,
    on_event: impl FnMut(&str) -> io::Result<()>,
) -> Result<String, AskError> {
    // A copy of a large store takes its time.
    local_socket::ask(directory, SOCKET_FILE, request, None, on_event)
}

/// Serves requests on the socket until it is dropped.
pub(crate) struct Control(JoinHandle<()>);

impl Control {
    /// Opens the socket of the shop with its data in `directory`. This process MUST have the store open.
    ///
    /// # Errors
    /// The system's error.
    pub(crate) fn open(directory: &Path, shop: Shop) -> io::Result<Self> {
        let socket = LocalSocket::open(directory, SOCKET_FILE)?;
        let answering = tokio::spawn(async move {
            let answer = move |request, output| answer(shop.clone(), request, output);
            socket.serve(AT_ONCE_MAX, WRITE_WITHIN, answer).await;
        });
        Ok(Self(answering))
    }
}

impl Control {
    /// Stops serving and removes the socket. Call it while the store is still open: once the store is released,
    /// the socket in the directory may be the one of the next process.
    pub(crate) async fn close(self) {
        self.0.abort();
        // The task was aborted, so it ends with an error.
        let _ = self.0.await;
    }
}

async fn answer(shop: Shop, request: String, mut output: Output) -> io::Result<()> {
    let answered = match serde_json::from_str(&request) {
        Ok(ControlRequest::Backup(file)) => backup(&shop, file).await,
        Ok(ControlRequest::Export(export)) => send_events(&shop, &export, &mut output).await?,
        Ok(ControlRequest::Ping) => Ok("the shop is open".to_owned()),
        Ok(ControlRequest::CreateAdministrator { username, email, password }) => {
            create_administrator(&shop, &username, &email, password).await
        }
        Ok(ControlRequest::Administrators) => match administrators::list(&*shop.store.snapshot()) {
            Ok(found) => {
                for listed in &found {
                    output.json(listed).await?;
                }
                Ok(format!("{} administrators", found.len()))
            }
            Err(error) => Err(chain(&error)),
        },
        Ok(ControlRequest::ResetPassword { who, password }) => {
            reset_password(&shop, &who, password).await
        }
        Err(_) => Err("the shop does not know this request: it runs another version".to_owned()),
    };
    output.end(answered).await
}

/// Sends the events; returns the place after the last row that was read.
async fn send_events(
    shop: &Shop,
    asked: &Export,
    output: &mut Output,
) -> io::Result<Result<String, String>> {
    let mut at = match asked.start(&shop.outbox) {
        Ok(start) => start,
        Err(error) => return Ok(Err(chain(&error))),
    };
    loop {
        match asked.read_on(&shop.outbox, at) {
            Ok(Some((events, next))) => {
                for event in events {
                    output.event(&event).await?;
                }
                at = next;
            }
            Ok(None) => return Ok(place(&shop.outbox, at).map_err(|error| chain(&error))),
            Err(error) => return Ok(Err(chain(&error))),
        }
    }
}

/// The place of a row in the stream of events.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn place(outbox: &Outbox, row: u64) -> Result<String, StoreError> {
    Ok(outbox.identity()?.place(row))
}

async fn create_administrator(
    shop: &Shop,
    username: &str,
    email: &str,
    password: HiddenPassword,
) -> Result<String, String> {
    let username = Username::parse(username).map_err(|error| format!("username: {error}"))?;
    let email = EmailAddress::parse(email).map_err(|error| format!("email: {error}"))?;
    let password = chosen(password)?;
    let created = administrators::create(shop, username, email, password).await;
    let username = created.map_err(|error| chain(&error))?;
    tracing::info!(%username, "an administrator was created on the command line");
    Ok(administrators::created(&username))
}

async fn reset_password(
    shop: &Shop,
    who: &str,
    password: HiddenPassword,
) -> Result<String, String> {
    let password = chosen(password)?;
    let who = match who.contains('@') {
        true => EmailAddress::parse(who).map(AdministratorName::Email),
        false => Username::parse(who).map(AdministratorName::Username),
    };
    let who = who.map_err(|error| error.to_string())?;
    let changed = administrators::reset_password(shop, &who, password).await;
    let username = changed.map_err(|error| chain(&error))?;
    tracing::warn!(%username, "a password was changed on the command line");
    Ok(administrators::changed(&username))
}

fn chosen(password: HiddenPassword) -> Result<Password, String> {
    Password::choose(password.0).map_err(|error| format!("password: {error}"))
}

async fn backup(shop: &Shop, file: PathBuf) -> Result<String, String> {
    let (done, copied) = oneshot::channel();
    let store = shop.store.clone();
    // Its own thread: unlike a thread of the runtime, it does not delay the shop's shutdown.
    let copying = std::thread::Builder::new().name("backup".to_owned()).spawn(move || {
        let copied = souk_actors::copy_store(&store, &file).map(|()| file);
        // Fails if the client went away.
        let _ = done.send(copied);
    });
    copying.map_err(|error| error.to_string())?;
    match copied.await {
        Ok(Ok(file)) => {
            tracing::info!(file = %file.display(), "the store was copied");
            Ok(format!("the store was copied to {}", file.display()))
        }
        Ok(Err(error)) => Err(chain(&error)),
        Err(_) => Err("the copy died".to_owned()),
    }
}

/// Events to send, and the outbox sequence to continue from.
type Events = (Vec<Vec<u8>>, u64);

impl Export {
    /// The outbox sequence to start from.
    ///
    /// # Errors
    /// [`ExportError`].
    pub(crate) fn start(&self, outbox: &Outbox) -> Result<u64, ExportError> {
        match &self.start {
            ExportStart::Since(time) => Ok(outbox.before(UnixMillis::new(*time))?),
            ExportStart::After(place) => Ok(outbox.row_at(place)??),
        }
    }

    /// The next events, each on one line; `None` at the end.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn read_on(
        &self,
        outbox: &Outbox,
        after: u64,
    ) -> Result<Option<Events>, StoreError> {
        let rows = outbox.after(after, MAX_ROWS_PER_READ)?;
        let Some(last) = rows.last().map(|row| row.sequence) else { return Ok(None) };
        let wanted = rows
            .into_iter()
            .filter(|row| row.event().is_some_and(|event| webhooks::matches(&self.types, &event)));
        Ok(Some((wanted.map(|row| row.body).collect(), last)))
    }
}
