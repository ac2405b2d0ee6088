//! Messages that were given up, for `souk dead`: on the broker, or without one as files in
//! `DATA/mail/dead`.

use super::dead_letter_file::{DeadLetterFile, folder};
use crate::adapters::mail::{Mailer, open_mailer};
use crate::adapters::nats::{BrokerError, DeadBox};
use crate::adapters::{AdapterError, AdapterSettings};
use crate::error_chain::chain;
use souk_actors::store::{OpenError, Store, StoreKind};
use souk_domain::UnixMillis;
use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// A message that was given up.
#[derive(Clone, Debug)]
pub(crate) struct DeadLetter {
    /// Its id in `souk dead`.
    pub(crate) id: String,
    /// When it was given up.
    pub(crate) time: String,
    /// The subject the message came on.
    pub(crate) subject: String,
    /// How often it was tried.
    pub(crate) tries: u64,
    /// Why it was given up.
    pub(crate) reason: String,
    /// The message's body.
    pub(crate) body: Vec<u8>,
}

/// Why a command on dead letters failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeadLetterError {
    /// The broker's URL.
    #[error(transparent)]
    Address(#[from] BrokerError),
    /// There is no shop in this directory.
    #[error(transparent)]
    NoShop(OpenError),
    /// The broker does not answer.
    #[error("the broker does not answer; does it run, and is nats_url right?")]
    NoAnswer,
    /// No shop ever connected to the broker.
    #[error("the broker has no dead letters and no stream for them: has a shop connected to it?")]
    NoStream,
    /// The broker refused the request.
    #[error("the broker did not do it")]
    Broker(#[source] Box<dyn Error + Send + Sync>),
    /// The mail settings.
    #[error(transparent)]
    Adapters(#[from] AdapterError),
    /// No letter has this id.
    #[error("there is no dead letter {id}")]
    Unknown {
        /// The id that was asked for.
        id: String,
    },
    /// It cannot be retried.
    #[error("{id} cannot be tried again: {why}")]
    NotRepeatable { id: String, why: &'static str },
    /// The retry failed.
    #[error("{id} was not sent: {reason}")]
    NotSent { id: String, reason: String },
    /// A file cannot be read or written.
    #[error("{} cannot be used", .path.display())]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// Where dead letters are stored.
pub(crate) enum DeadLetters {
    /// On the broker.
    Broker(Box<DeadBox>),
    /// In files, where no broker is configured.
    Files(Box<AdapterSettings>),
}

impl DeadLetters {
    /// Opens the dead letters of these settings.
    ///
    /// # Errors
    /// [`DeadLetterError`]: the broker does not answer, or there is no shop.
    pub(crate) async fn open(settings: AdapterSettings) -> Result<Self, DeadLetterError> {
        Ok(match &settings.nats_url {
            Some(urls) => Self::Broker(Box::new(DeadBox::open(urls).await?)),
            None if settings.has_database || settings.data_dir.join(Store::FILE_NAME).exists() => {
                Self::Files(Box::new(settings))
            }
            None => {
                let (kind, directory) = (StoreKind::Shop, settings.data_dir);
                return Err(DeadLetterError::NoShop(OpenError::Missing { kind, directory }));
            }
        })
    }

    /// Their directory; `None` if they are on the broker.
    pub(crate) fn folder(&self) -> Option<PathBuf> {
        match self {
            Self::Broker(_) => None,
            Self::Files(settings) => Some(folder(settings)),
        }
    }

    /// The newest letters, oldest first, about `limit` of them.
    ///
    /// # Errors
    /// [`DeadLetterError`].
    pub(crate) async fn list(&self, limit: usize) -> Result<Vec<DeadLetter>, DeadLetterError> {
        match self {
            Self::Broker(dead) => dead.list(limit).await,
            Self::Files(settings) => list_files(&folder(settings), limit),
        }
    }

    /// One complete letter.
    ///
    /// # Errors
    /// [`DeadLetterError`].
    pub(crate) async fn show(&self, id: &str) -> Result<DeadLetter, DeadLetterError> {
        match self {
            Self::Broker(dead) => dead.show(id).await,
            Self::Files(settings) => read_file(&folder(settings), id),
        }
    }

    /// Retries a letter: publishes it to the broker's queue again, or without a broker sends its mail now.
    ///
    /// # Errors
    /// [`DeadLetterError`]; the letter still exists.
    pub(crate) async fn retry(&self, id: &str) -> Result<(), DeadLetterError> {
        let settings = match self {
            Self::Broker(dead) => return dead.retry(id).await,
            Self::Files(settings) => settings,
        };
        let letter = read_file(&folder(settings), id)?;
        let mailer = open_mailer(settings).await?;
        let sent = deliver(&mailer, &letter).await;
        mailer.close().await;
        sent?;
        remove_file(&folder(settings), id)
    }

    /// Deletes a letter.
    ///
    /// # Errors
    /// [`DeadLetterError`].
    pub(crate) async fn drop_letter(&self, id: &str) -> Result<(), DeadLetterError> {
        match self {
            Self::Broker(dead) => dead.drop_letter(id).await,
            Self::Files(settings) => remove_file(&folder(settings), id),
        }
    }
}

async fn deliver(mailer: &Mailer, letter: &DeadLetter) -> Result<(), DeadLetterError> {
    let sent = mailer.deliver(&letter.subject, &letter.body).await;
    sent.map_err(|error| DeadLetterError::NotSent { id: letter.id.clone(), reason: chain(&error) })
}

fn list_files(folder: &Path, limit: usize) -> Result<Vec<DeadLetter>, DeadLetterError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(DeadLetterError::File { path: folder.to_owned(), source }),
    };
    let mut letters = Vec::new();
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name();
        let id = name.to_str().and_then(|name| name.strip_suffix(".json"));
        // A name that starts with a dot is a file that is still being written.
        if let Some(id) = id.filter(|id| !id.starts_with('.')) {
            letters.push(read_file(folder, id)?);
        }
    }
    letters.sort_by(|a, b| (&a.time, &a.id).cmp(&(&b.time, &b.id)));
    Ok(letters.split_off(letters.len().saturating_sub(limit)))
}

fn read_file(folder: &Path, id: &str) -> Result<DeadLetter, DeadLetterError> {
    let path = path_of(folder, id)?;
    let failed = |source| DeadLetterError::File { path: path.clone(), source };
    let content = match fs::read(&path) {
        Ok(content) => content,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(DeadLetterError::Unknown { id: id.to_owned() });
        }
        Err(error) => return Err(failed(error)),
    };
    let letter: DeadLetterFile =
        serde_json::from_slice(&content).map_err(|error| failed(error.into()))?;
    let written_at = fs::metadata(&path).and_then(|file| file.modified()).map_err(failed)?;
    Ok(DeadLetter {
        id: id.to_owned(),
        time: moment(written_at),
        subject: letter.subject,
        tries: letter.tries.into(),
        reason: letter.reason,
        body: letter.body.into_bytes(),
    })
}

fn remove_file(folder: &Path, id: &str) -> Result<(), DeadLetterError> {
    let path = path_of(folder, id)?;
    match fs::remove_file(&path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(DeadLetterError::Unknown { id: id.to_owned() })
        }
        Err(source) => Err(DeadLetterError::File { path, source }),
    }
}

/// The file of a letter; an id cannot lead out of the folder.
fn path_of(folder: &Path, id: &str) -> Result<PathBuf, DeadLetterError> {
    let is_name = !id.is_empty() && !id.starts_with('.') && !id.contains(['/', '\\', '\0']);
    if !is_name {
        return Err(DeadLetterError::Unknown { id: id.to_owned() });
    }
    Ok(folder.join(format!("{id}.json")))
}

fn moment(time: SystemTime) -> String {
    let millis = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    UnixMillis::new(i64::try_from(millis).unwrap_or(i64::MAX)).to_string()
}
