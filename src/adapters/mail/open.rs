//! Opens the mailer from the settings.

use super::{Mailer, Transport};
use crate::adapters::{AdapterError, AdapterSettings, DEFAULT_MAIL_FROM};
use lettre::message::Mailbox;

/// Opens the mailer. Its memory is locked: only one process at a time can use it.
///
/// # Errors
/// [`AdapterError`].
pub(in crate::adapters) async fn open_mailer(
    settings: &AdapterSettings,
) -> Result<Mailer, AdapterError> {
    let from = settings.mail_from.as_deref().unwrap_or(DEFAULT_MAIL_FROM);
    let wrong = |source| AdapterError::MailFrom { from: from.to_owned(), source };
    let from: Mailbox = from.parse().map_err(wrong)?;
    let transport = match &settings.smtp_url {
        Some(url) => Transport::smtp(url)?,
        None => Transport::Files(settings.data_dir.join("mail")),
    };
    let shop_name = settings.shop_name.clone();
    let memory = settings.data_dir.join("mail-memory");
    let texts = settings.mail_texts.clone();
    let open = move || Mailer::open(from, shop_name, transport, texts.as_deref(), &memory);
    Ok(tokio::task::spawn_blocking(open).await.map_err(AdapterError::Task)??)
}
