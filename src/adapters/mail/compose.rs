//! Turns a notification into a mail message; the same notification always gives the same message.

use super::plain_name;
use super::templates::{Template, TemplateError, Templates};
use lettre::address::{Address, Envelope};
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use serde::Deserialize;
use serde_json::{Map, Value};
use souk_domain::text::mail_line;
use souk_domain::{EmailAddress, TextErrors};
use std::time::SystemTime;

/// Longest subject that is sent; the rest is cut off.
const MAX_SUBJECT_CHARS: usize = 200;

/// The fields read from a notification's CloudEvents body.
#[derive(Debug, Deserialize)]
pub(super) struct Notification {
    pub(super) id: String,
    #[serde(default)]
    time: Option<String>,
    data: NotificationData,
}

#[derive(Debug, Deserialize)]
struct NotificationData {
    to: String,
    #[serde(default)]
    context: Option<Map<String, Value>>,
}

/// The notification can never become a message.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ComposeError {
    /// The recipient holds a line break or another control character, which could add headers.
    #[error("the recipient holds a control character")]
    ControlInRecipient,
    /// The recipient is longer than an address can be.
    #[error("the recipient is longer than {} characters", EmailAddress::MAX_CHARACTERS)]
    RecipientTooLong,
    /// The recipient is not a mail address.
    #[error("the recipient is no mail address")]
    Recipient(#[source] TextErrors),
    /// The template cannot be rendered with the notification's values.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// lettre rejects the parts.
    #[error("the parts make no message")]
    Message(#[source] lettre::error::Error),
}

/// Composes the shop's mails.
pub(super) struct Composer {
    pub(super) templates: Templates,
    pub(super) from: Mailbox,
    pub(super) shop_name: String,
}

impl Composer {
    /// # Errors
    /// [`ComposeError`].
    pub(super) fn compose(
        &self,
        template: Template,
        notification: &Notification,
    ) -> Result<Message, ComposeError> {
        let to = recipient(&notification.data.to)?;
        let none = Map::new();
        let context = notification.data.context.as_ref().unwrap_or(&none);
        let rendered = self.templates.render(template, &self.shop_name, context)?;
        let subject: String =
            mail_line(&rendered.subject).chars().take(MAX_SUBJECT_CHARS).collect();
        let name = plain_name(&notification.id);
        // A stable boundary, so that a message composed twice is identical octet for octet.
        let parts = MultiPart::alternative()
            .boundary(format!("=_souk_{}", plain_name(&format!("boundary {name}"))))
            .singlepart(SinglePart::plain(rendered.text))
            .singlepart(SinglePart::html(rendered.html));
        // Built by hand, because lettre would parse the recipient again with narrower rules than the shop's.
        let envelope = Envelope::new(Some(self.from.email.clone()), vec![to.clone()])
            .map_err(ComposeError::Message)?;
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to.clone()))
            .envelope(envelope)
            .subject(subject)
            .date(sent_at(notification.time.as_deref()))
            .message_id(Some(format!("<{name}@souk>")))
            .raw_header(text_header("X-Souk-Template", template.name()))
            .raw_header(text_header("Auto-Submitted", "auto-generated"))
            .multipart(parts)
            .map_err(ComposeError::Message)
    }
}

fn text_header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

fn recipient(to: &str) -> Result<Address, ComposeError> {
    if to.chars().any(char::is_control) {
        return Err(ComposeError::ControlInRecipient);
    }
    if to.chars().count() > EmailAddress::MAX_CHARACTERS {
        return Err(ComposeError::RecipientTooLong);
    }
    let address = EmailAddress::claimed(to).map_err(ComposeError::Recipient)?;
    let (local, domain) = address.for_mail();
    // Safe: an `EmailAddress` holds visible ASCII only.
    Ok(Address::new_dangerous(local, domain))
}

/// When the notification was made; now, if its time is missing or does not fit a `Date` header.
fn sent_at(time: Option<&str>) -> SystemTime {
    /// The last second of the year 9999, the latest that a `Date` header can hold.
    const LAST_SECOND: i64 = 253_402_300_799;
    let made_at = time.and_then(|time| time.parse::<jiff::Timestamp>().ok());
    match made_at {
        Some(at) if (0..=LAST_SECOND).contains(&at.as_second()) => at.into(),
        _ => SystemTime::now(),
    }
}
