//! Mails: composes notifications into messages and sends them by SMTP or writes them to files.

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

/// Precedes the template's name in the subject of a notification.
pub(crate) const SUBJECT_PREFIX: &str = "souk.notify.v1.email.";

/// The form of an id for file names, message ids and the memory of sent mails: the id itself if it is
/// plain, otherwise a digest of it. Other systems may publish notifications with any id.
pub(crate) fn plain_name(id: &str) -> String {
    /// Longest id used unchanged; with a file extension it fits every file system.
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
