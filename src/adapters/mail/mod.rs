//! Mails: from a notification to a message, and out by SMTP or into files.

mod compose;
mod files;
mod memory;
mod open;
mod retry;
mod templates;
#[cfg(test)]
mod tests;
mod transport;
mod worker;

pub(crate) use files::write_once;
pub(super) use open::open_mailer;
pub(crate) use retry::RetryPolicy;
pub(crate) use transport::{SmtpUrlError, Transport, server as smtp_server};
pub(crate) use worker::{DeliveryError, Mailer, MailerError, PermanentCause};

/// What precedes the template's name in the subject of a notification.
pub(crate) const SUBJECT_PREFIX: &str = "souk.notify.v1.email.";

/// What stands for an id in file names, message ids and the memory of sent mails: the id itself
/// if it is plain, otherwise (other systems may ask for mails too) a digest of it.
pub(crate) fn plain_name(id: &str) -> String {
    /// Longest id used as it is; with an ending it fits every file system.
    const MAX_PLAIN_CHARS: usize = 128;
    let is_plain = !id.is_empty()
        && id.len() <= MAX_PLAIN_CHARS
        && !id.starts_with('.')
        && !id.ends_with('.')
        && !id.contains("..")
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if is_plain {
        return id.to_owned();
    }
    use sha2::Digest;
    sha2::Sha256::digest(id.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
