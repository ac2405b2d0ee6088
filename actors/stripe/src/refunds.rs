//! Refunds (<https://docs.stripe.com/api/refunds>).

use crate::client::Stripe;
use crate::error::{CallError, Cause};
use crate::limits::{MESSAGE_CHARACTERS_MAX, PAGES_MAX, REFUNDS_PER_PAGE};
use crate::objects::{UNREADABLE, code, entry, require_id, shop_amount, stripe_amount};
use souk_domain::{Currency, Money};
use std::collections::HashMap;
use stripe_core::refund::{CreateRefund, ListRefund};

/// Where a refund keeps the key it was asked for with: Stripe forgets the key itself after a day.
const KEY_ENTRY: &str = "souk_key";
/// Where it keeps the words of whoever gave the money back.
const NOTE_ENTRY: &str = "souk_reason";

/// Money on its way back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// `re_…`.
    pub id: String,
    /// How much.
    pub amount: Money,
    /// Where it stands.
    pub state: RefundState,
    /// The key it was asked for with, if it was asked for through this crate.
    pub key: Option<String>,
    /// The intent it is of, if Stripe says so.
    pub intent: Option<String>,
    /// Code of its currency in small letters.
    pub currency: String,
}

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundState {
    /// On its way, or waiting for somebody to act; counted as given back.
    Pending,
    /// Given back.
    Succeeded,
    /// It came back to the account: the customer does not have it.
    Failed,
    /// Called off.
    Canceled,
}

impl RefundState {
    /// True if the customer has the money, or will.
    #[must_use]
    pub fn counts(self) -> bool {
        matches!(self, Self::Pending | Self::Succeeded)
    }
}

impl Stripe {
    /// Gives money of an intent back: `amount`, or with `None` all that is left. `note` is for the
    /// operator's eyes.
    ///
    /// # Errors
    /// [`CallError`]; [`CallError::WrongState`] if all is given back already,
    /// [`CallError::Invalid`] if there is less left.
    pub async fn refund(
        &self,
        key: &str,
        intent: &str,
        amount: Option<Money>,
        currency: Currency,
        note: Option<&str>,
    ) -> Result<Refund, CallError> {
        let mut about = HashMap::from([(KEY_ENTRY.to_owned(), key.to_owned())]);
        if let Some(note) = note {
            let note = note.chars().take(MESSAGE_CHARACTERS_MAX).collect();
            about.insert(NOTE_ENTRY.to_owned(), note);
        }
        let mut request = CreateRefund::new().payment_intent(require_id(intent)?).metadata(about);
        if let Some(amount) = amount {
            request = request.amount(stripe_amount(amount, currency));
        }
        read(&self.change(&request, key).await?, currency)
    }

    /// Every refund of an intent, the newest first.
    ///
    /// # Errors
    /// [`CallError`]; the outcome is unknown, because unreadable, if there are more than a thousand.
    pub async fn refunds_of(
        &self,
        intent: &str,
        currency: Currency,
    ) -> Result<Vec<Refund>, CallError> {
        let listing = self.every_refund_of(intent, currency);
        let timed_out = CallError::OutcomeUnknown { cause: Cause::TimedOut };
        tokio::time::timeout(self.call_time(), listing).await.unwrap_or(Err(timed_out))
    }

    async fn every_refund_of(
        &self,
        intent: &str,
        currency: Currency,
    ) -> Result<Vec<Refund>, CallError> {
        let mut refunds: Vec<Refund> = Vec::new();
        for _ in 0..PAGES_MAX {
            let mut request =
                ListRefund::new().payment_intent(require_id(intent)?).limit(REFUNDS_PER_PAGE);
            if let Some(last) = refunds.last() {
                request = request.starting_after(last.id.as_str());
            }
            let page = self.ask(&request).await?;
            for refund in &page.data {
                refunds.push(read(refund, currency)?);
            }
            if !page.has_more {
                return Ok(refunds);
            }
            if page.data.is_empty() {
                break;
            }
        }
        Err(UNREADABLE)
    }
}

fn read(refund: &stripe_shared::Refund, currency: Currency) -> Result<Refund, CallError> {
    let state = match refund.status.as_deref() {
        Some("succeeded") | None => RefundState::Succeeded,
        Some("pending" | "requires_action") => RefundState::Pending,
        Some("failed") => RefundState::Failed,
        Some("canceled") => RefundState::Canceled,
        Some(_) => return Err(UNREADABLE),
    };
    Ok(Refund {
        id: refund.id.as_str().to_owned(),
        amount: shop_amount(refund.amount, currency)?,
        state,
        key: entry(refund.metadata.as_ref(), KEY_ENTRY),
        intent: refund.payment_intent.as_ref().map(|intent| intent.id().as_str().to_owned()),
        currency: code(&refund.currency),
    })
}
