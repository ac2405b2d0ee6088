//! Sends one mail per notification, however often the notification is delivered.

use super::compose::{ComposeError, Composer, Notification};
use super::files::{self, NewFile};
use super::memory::SentMails;
use super::templates::{Template, TemplateError, Templates};
use super::transport::{SendError, Transport};
use super::{SUBJECT_PREFIX, plain_name};
use lettre::message::Mailbox;
use lettre::transport::smtp::Error as SmtpError;
use souk_actors::outbox::Message;
use souk_actors::store::{OpenError, StoreError};
use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinError;

/// Largest notification, in octets; an order with the most lines a cart may have fits well.
const MAX_NOTIFICATION_BYTES: usize = 256 << 10;
/// Mails that are written to files together, and become durable together.
const FILES_PER_BATCH: usize = 1_024;
/// Time limit of one delivery; shorter than the time the broker waits for an acknowledgement.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(45);

/// A notification, and whether its mail was sent.
pub(crate) type Delivered = (Message, Result<(), DeliveryError>);

/// A mail was not sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeliveryError {
    /// A retry may succeed.
    #[error("not sent yet")]
    Temporary(#[from] TemporaryCause),
    /// A retry cannot succeed.
    #[error("cannot be sent")]
    Permanent(#[from] PermanentCause),
}

/// Why a mail may be sent later.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TemporaryCause {
    /// The mail server cannot be reached, is not ready, or rejects the log-in.
    #[error("the mail server did not take it")]
    MailServer(#[source] SmtpError),
    /// The mail server did not answer in time.
    #[error("the mail server took longer than {} s", DELIVERY_TIMEOUT.as_secs())]
    Timeout,
    /// The file cannot be written.
    #[error("the mail cannot be written")]
    File(#[source] io::Error),
    /// The memory of sent mails cannot be read.
    #[error("the memory of sent mails cannot be read")]
    Memory(#[source] StoreError),
    /// Another delivery is sending the same mail.
    #[error("it is being sent")]
    UnderWay,
}

/// Why a mail will never be sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PermanentCause {
    /// The subject names no template.
    #[error("{subject} names no template")]
    UnknownTemplate {
        /// The subject the notification came on.
        subject: String,
    },
    /// The body is larger than any mail needs.
    #[error("the body has {octets} octets, more than {MAX_NOTIFICATION_BYTES}")]
    TooLarge { octets: usize },
    /// The body is not a notification.
    #[error("the body is no notification")]
    Malformed(#[source] serde_json::Error),
    /// The notification cannot become a message.
    #[error("no message can be made of it")]
    Composition(#[from] ComposeError),
    /// The mail server rejected it permanently.
    #[error("the mail server refused it")]
    Refused(#[source] SmtpError),
    /// The last delivery was used up without an acknowledgement.
    #[error("none of its deliveries was answered for")]
    NeverAnswered,
}

/// The mailer could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MailerError {
    /// A mail text cannot be used.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The memory of sent mails cannot be opened.
    #[error("the memory of sent mails cannot be opened")]
    Memory(#[from] OpenError),
}

/// Sends mails and remembers which were sent.
pub(crate) struct Mailer {
    composer: Composer,
    transport: Transport,
    /// `None` if mails become files: the file's name shows that the mail was written.
    memory: Option<SentMails>,
    under_way: Mutex<HashSet<String>>,
}

impl Mailer {
    /// Opens a mailer with the texts of a directory, or the built-in ones. Only a mailer with a mail
    /// server uses `memory_directory`. Reads and writes the disk.
    ///
    /// # Errors
    /// [`MailerError`].
    pub(crate) fn open(
        from: Mailbox,
        shop_name: String,
        transport: Transport,
        texts: Option<&Path>,
        memory_directory: &Path,
    ) -> Result<Self, MailerError> {
        let templates = Templates::load(texts)?;
        let memory = match &transport {
            Transport::Smtp(_) => Some(SentMails::open(memory_directory)?),
            Transport::Files(_) => None,
        };
        let composer = Composer { templates, from, shop_name };
        Ok(Self { composer, transport, memory, under_way: Mutex::default() })
    }

    /// Sends the mail of a notification, unless it was sent before.
    ///
    /// # Errors
    /// [`DeliveryError`].
    pub(crate) async fn deliver(&self, subject: &str, body: &[u8]) -> Result<(), DeliveryError> {
        let (template, notification) = read(subject, body)?;
        let name = plain_name(&notification.id);
        let _in_flight = InFlight::take(&self.under_way, &name).ok_or(TemporaryCause::UnderWay)?;
        if let Some(memory) = &self.memory
            && memory.contains(&name).map_err(TemporaryCause::Memory)?
        {
            tracing::debug!(name, "skipped a mail that was already sent");
            return Ok(());
        }
        let message =
            self.composer.compose(template, &notification).map_err(PermanentCause::from)?;
        let sending = self.transport.send(&name, &message);
        match tokio::time::timeout(DELIVERY_TIMEOUT, sending).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => return Err(TemporaryCause::Timeout.into()),
        }
        if let Some(memory) = &self.memory
            && let Err(error) = memory.remember(&name).await
        {
            // The mail was sent; reporting a failure would send it again.
            tracing::error!(name, %error, "could not remember a sent mail");
        }
        tracing::info!(name, template = template.name(), "sent a mail");
        Ok(())
    }

    /// How many mails [`Mailer::deliver_batch`] should get at a time.
    pub(crate) fn batch_size(&self) -> usize {
        match self.transport {
            Transport::Smtp(_) => 1,
            Transport::Files(_) => FILES_PER_BATCH,
        }
    }

    /// Delivers mails in order, as [`Mailer::deliver`] does. Returns them with the result of each.
    ///
    /// # Errors
    /// The thread that writes files panicked, or the process stops; some mails may be delivered.
    pub(crate) async fn deliver_batch(
        self: &Arc<Self>,
        batch: Vec<Message>,
    ) -> Result<Vec<Delivered>, JoinError> {
        let mut delivered = Vec::with_capacity(batch.len());
        let Transport::Files(directory) = &self.transport else {
            for message in batch {
                let result = self.deliver(&message.subject, &message.body).await;
                delivered.push((message, result));
            }
            return Ok(delivered);
        };
        let (mailer, directory) = (Arc::clone(self), directory.clone());
        tokio::task::spawn_blocking(move || {
            let results = mailer.write_batch(&directory, &batch);
            batch.into_iter().zip(results).collect()
        })
        .await
    }

    fn write_batch(&self, directory: &Path, batch: &[Message]) -> Vec<Result<(), DeliveryError>> {
        let (mut files, mut names) = (Vec::new(), Vec::new());
        let mut results = Vec::with_capacity(batch.len());
        for message in batch {
            let composed = self.file_of(message).map(|(file, name, template)| {
                files.push(file);
                names.push((name, template.name()));
            });
            results.push(composed.map_err(DeliveryError::from));
        }
        let written = files::write_all(directory, &files);
        let composed = results.iter_mut().filter(|result| result.is_ok());
        for (result, (written, (name, template))) in composed.zip(written.into_iter().zip(names)) {
            match written {
                Ok(()) if batch.len() == 1 => tracing::info!(name, template, "sent a mail"),
                // A line for each would cost as much as the mail.
                Ok(()) => tracing::debug!(name, template, "sent a mail of a batch"),
                Err(error) => *result = Err(TemporaryCause::File(error).into()),
            }
        }
        if batch.len() > 1 {
            let mails = results.iter().filter(|result| result.is_ok()).count();
            tracing::info!(mails, "sent a batch of mails");
        }
        results
    }

    fn file_of(&self, message: &Message) -> Result<(NewFile, String, Template), PermanentCause> {
        let (template, notification) = read(&message.subject, &message.body)?;
        let name = plain_name(&notification.id);
        let content = self.composer.compose(template, &notification)?.formatted();
        Ok((NewFile { name: format!("{name}.eml"), content }, name, template))
    }

    /// Turns true when the disk failed under the memory of sent mails; `None` without a memory.
    pub(crate) fn broken(&self) -> Option<watch::Receiver<bool>> {
        self.memory.as_ref().map(SentMails::broken)
    }

    /// Waits until the memory of sent mails is durable, and closes the connections.
    pub(crate) async fn close(&self) {
        self.transport.close().await;
        if let Some(memory) = &self.memory {
            memory.close().await;
        }
    }
}

/// Reads a notification and the template that its subject names.
fn read(subject: &str, body: &[u8]) -> Result<(Template, Notification), PermanentCause> {
    let template = subject
        .strip_prefix(SUBJECT_PREFIX)
        .and_then(Template::named)
        .ok_or_else(|| PermanentCause::UnknownTemplate { subject: subject.to_owned() })?;
    if body.len() > MAX_NOTIFICATION_BYTES {
        return Err(PermanentCause::TooLarge { octets: body.len() });
    }
    let notification = serde_json::from_slice(body).map_err(PermanentCause::Malformed)?;
    Ok((template, notification))
}

impl From<SendError> for DeliveryError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::File(error) => TemporaryCause::File(error).into(),
            SendError::Smtp(error) if error.is_permanent() && !is_about_us(&error) => {
                PermanentCause::Refused(error).into()
            }
            SendError::Smtp(error) => TemporaryCause::MailServer(error).into(),
        }
    }
}

/// Whether the server rejected our log-in or encryption instead of the mail. Such mails are retried,
/// so that the shop loses no mail while an operator corrects the settings.
fn is_about_us(error: &SmtpError) -> bool {
    /// RFC 4954, section 6, and RFC 3207.
    const LOGIN_CODES: [u16; 4] = [530, 534, 535, 538];
    error.status().is_some_and(|code| LOGIN_CODES.contains(&u16::from(code)))
}

/// A mail that is being sent; removed from the set when the delivery ends or is cancelled.
struct InFlight<'a> {
    under_way: &'a Mutex<HashSet<String>>,
    name: String,
}

impl<'a> InFlight<'a> {
    fn take(under_way: &'a Mutex<HashSet<String>>, name: &str) -> Option<Self> {
        lock(under_way).insert(name.to_owned()).then(|| Self { under_way, name: name.to_owned() })
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        lock(self.under_way).remove(&self.name);
    }
}

fn lock(under_way: &Mutex<HashSet<String>>) -> MutexGuard<'_, HashSet<String>> {
    under_way.lock().unwrap_or_else(PoisonError::into_inner)
}
