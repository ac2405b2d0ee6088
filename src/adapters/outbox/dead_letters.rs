//! Messages that could not be handled, as an operator finds and handles them: on the broker, or
//! without one as files in `DATA/mail/dead`.

use super::letter_file::{LetterFile, folder};
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

/// One message that was given up.
#[derive(Clone, Debug)]
pub(crate) struct DeadLetter {
    /// What `souk dead` calls it.
    pub(crate) id: String,
    /// When it was given up.
    pub(crate) time: String,
    /// What it came on.
    pub(crate) subject: String,
    /// How often it was tried.
    pub(crate) tries: u64,
    /// Why it was given up.
    pub(crate) reason: String,
    /// What it said.
    pub(crate) body: Vec<u8>,
}

/// Why nothing can be done with a dead letter.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeadLetterError {
    /// The broker's address.
    #[error(transparent)]
    Address(#[from] BrokerError),
    /// No shop, so no letters either.
    #[error(transparent)]
    NoShop(OpenError),
    /// The broker is away.
    #[error("the broker does not answer; does it run, and is nats_url right?")]
    NoAnswer,
    /// No shop was ever there.
    #[error("the broker has no dead letters and no stream for them: has a shop connected to it?")]
    NoStream,
    /// The broker refused.
    #[error("the broker did not do it")]
    Broker(#[source] Box<dyn Error + Send + Sync>),
    /// The settings of mails.
    #[error(transparent)]
    Adapters(#[from] AdapterError),
    /// There is none.
    #[error("there is no dead letter {id}")]
    Unknown {
        /// What was asked for.
        id: String,
    },
    /// It cannot be repeated.
    #[error("{id} cannot be tried again: {why}")]
    NotRepeatable {
        /// Which.
        id: String,
        /// Why.
        why: &'static str,
    },
    /// It was tried again and failed.
    #[error("{id} was not sent: {reason}")]
    NotSent {
        /// Which.
        id: String,
        /// Why.
        reason: String,
    },
    /// A file.
    #[error("{} cannot be used", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Where dead letters are.
pub(crate) enum DeadLetters {
    /// On the broker.
    Broker(Box<DeadBox>),
    /// In files, where no broker is configured.
    Files(Box<AdapterSettings>),
}

impl DeadLetters {
    /// Where these settings have them kept.
    ///
    /// # Errors
    /// [`DeadLetterError`]: the broker does not answer, or there is no shop.
    pub(crate) async fn open(settings: AdapterSettings) -> Result<Self, DeadLetterError> {
        Ok(match &settings.nats_url {
            Some(urls) => Self::Broker(Box::new(DeadBox::open(urls).await?)),
            None if settings.data_dir.join(Store::FILE_NAME).exists() => {
                Self::Files(Box::new(settings))
            }
            None => {
                let (kind, directory) = (StoreKind::Shop, settings.data_dir);
                return Err(DeadLetterError::NoShop(OpenError::Missing { kind, directory }));
            }
        })
    }

    /// The directory they are in; `None` where they are on the broker.
    pub(crate) fn folder(&self) -> Option<PathBuf> {
        match self {
            Self::Broker(_) => None,
            Self::Files(settings) => Some(folder(settings)),
        }
    }

    /// The newest, oldest first, about `limit`.
    ///
    /// # Errors
    /// [`DeadLetterError`].
    pub(crate) async fn list(&self, limit: usize) -> Result<Vec<DeadLetter>, DeadLetterError> {
        match self {
            Self::Broker(dead) => dead.list(limit).await,
            Self::Files(settings) => list_files(&folder(settings), limit),
        }
    }

    /// One of them, whole.
    ///
    /// # Errors
    /// [`DeadLetterError`].
    pub(crate) async fn show(&self, id: &str) -> Result<DeadLetter, DeadLetterError> {
        match self {
            Self::Broker(dead) => dead.show(id).await,
            Self::Files(settings) => read_file(&folder(settings), id),
        }
    }

    /// Has one handled again: by the worker of the broker's queue, or here and now.
    ///
    /// # Errors
    /// [`DeadLetterError`]; it is still there.
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

    /// Deletes one.
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
        // What begins with a point is being written.
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
    let letter: LetterFile =
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

/// An id is a file's name and leads nowhere else.
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
