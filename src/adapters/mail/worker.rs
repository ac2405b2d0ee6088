//! One notification becomes one mail, however often it is delivered.

use super::compose::{ComposeError, Composer, Notification};
use super::memory::SentMails;
use super::templates::{Template, TemplateError, Templates};
use super::transport::{SendError, Transport};
use super::{SUBJECT_PREFIX, plain_name};
use lettre::message::Mailbox;
use lettre::transport::smtp::Error as SmtpError;
use souk_actors::store::{OpenError, StoreError};
use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Largest notification: an order with as many lines as a cart may have, with room to spare.
const MAX_NOTIFICATION_BYTES: usize = 256 << 10;
/// Longest time one delivery may take; shorter than the broker waits for an answer.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(45);

/// A mail was not sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeliveryError {
    /// It may go well later.
    #[error("not sent yet")]
    Temporary(#[from] TemporaryCause),
    /// It never will.
    #[error("cannot be sent")]
    Permanent(#[from] PermanentCause),
}

/// Why a mail may be sent later.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TemporaryCause {
    /// The mail server cannot be reached, is not ready, or does not know us.
    #[error("the mail server did not take it")]
    MailServer(#[source] SmtpError),
    /// The mail server is too slow.
    #[error("the mail server took longer than {} s", DELIVERY_TIMEOUT.as_secs())]
    Timeout,
    /// The file cannot be written.
    #[error("the mail cannot be written")]
    File(#[source] io::Error),
    /// What was sent before cannot be looked up.
    #[error("the memory of sent mails cannot be read")]
    Memory(#[source] StoreError),
    /// The same mail is being sent at this moment.
    #[error("it is being sent")]
    UnderWay,
}

/// Why a mail will never be sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PermanentCause {
    /// The subject names no template.
    #[error("{subject} names no template")]
    UnknownTemplate {
        /// What it came on.
        subject: String,
    },
    /// The body is larger than any mail needs.
    #[error("the body has {octets} octets, more than {MAX_NOTIFICATION_BYTES}")]
    TooLarge {
        /// How many.
        octets: usize,
    },
    /// The body is no notification.
    #[error("the body is no notification")]
    Malformed(#[source] serde_json::Error),
    /// No message can be made of it.
    #[error("no message can be made of it")]
    Composition(#[from] ComposeError),
    /// The mail server refused it for good.
    #[error("the mail server refused it")]
    Refused(#[source] SmtpError),
    /// It was delivered as often as it may be, and nobody said what became of it.
    #[error("none of its deliveries was answered for")]
    NeverAnswered,
}

/// The mailer could not be set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MailerError {
    /// A text cannot be used.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The memory of sent mails cannot be opened.
    #[error("the memory of sent mails cannot be opened")]
    Memory(#[from] OpenError),
}

/// Sends mails and remembers which.
pub(crate) struct Mailer {
    composer: Composer,
    transport: Transport,
    /// `None` where the mails are files: those remember themselves by their names.
    memory: Option<SentMails>,
    under_way: Mutex<HashSet<String>>,
}

impl Mailer {
    /// A mailer with the texts of a directory, or those built in; `memory_directory` is used with a
    /// mail server only. Reads and writes the disk.
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

    /// Sends the mail a notification asks for, unless it was sent before.
    ///
    /// # Errors
    /// [`DeliveryError`].
    pub(crate) async fn deliver(&self, subject: &str, body: &[u8]) -> Result<(), DeliveryError> {
        let template = subject
            .strip_prefix(SUBJECT_PREFIX)
            .and_then(Template::named)
            .ok_or_else(|| PermanentCause::UnknownTemplate { subject: subject.to_owned() })?;
        if body.len() > MAX_NOTIFICATION_BYTES {
            return Err(PermanentCause::TooLarge { octets: body.len() }.into());
        }
        let notification: Notification =
            serde_json::from_slice(body).map_err(PermanentCause::Malformed)?;
        let name = plain_name(&notification.id);
        let _place = Place::take(&self.under_way, &name).ok_or(TemporaryCause::UnderWay)?;
        if let Some(memory) = &self.memory
            && memory.contains(&name).map_err(TemporaryCause::Memory)?
        {
            tracing::debug!(name, "a mail that was sent before is not sent again");
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
            // The mail is out; to say otherwise would send it again for certain.
            tracing::error!(name, %error, "a sent mail could not be remembered");
        }
        tracing::info!(name, template = template.name(), "sent a mail");
        Ok(())
    }

    /// Turns true when the disk failed under the memory of sent mails; `None` without one.
    pub(crate) fn broken(&self) -> Option<watch::Receiver<bool>> {
        self.memory.as_ref().map(SentMails::broken)
    }

    /// Waits until what was sent is remembered durably, and closes connections.
    pub(crate) async fn close(&self) {
        self.transport.close().await;
        if let Some(memory) = &self.memory {
            memory.close().await;
        }
    }
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

/// Whether a refusal is about our log-in or encryption, and not about the mail: an operator who
/// mends the settings finds no mail lost.
fn is_about_us(error: &SmtpError) -> bool {
    /// RFC 4954, section 6, and RFC 3207.
    const LOGIN_CODES: [u16; 4] = [530, 534, 535, 538];
    error.status().is_some_and(|code| LOGIN_CODES.contains(&u16::from(code)))
}

/// A mail that is being sent; given up when the delivery ends or is cut off.
struct Place<'a> {
    under_way: &'a Mutex<HashSet<String>>,
    name: String,
}

impl<'a> Place<'a> {
    fn take(under_way: &'a Mutex<HashSet<String>>, name: &str) -> Option<Self> {
        lock(under_way).insert(name.to_owned()).then(|| Self { under_way, name: name.to_owned() })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        lock(self.under_way).remove(&self.name);
    }
}

fn lock(under_way: &Mutex<HashSet<String>>) -> MutexGuard<'_, HashSet<String>> {
    under_way.lock().unwrap_or_else(PoisonError::into_inner)
}
