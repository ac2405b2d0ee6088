//! Refunds (<https://docs.stripe.com/api/refunds>).

use crate::client::Stripe;
use crate::error::{CallError, Cause};
use crate::limits::{MESSAGE_CHARACTERS_MAX, PAGES_MAX, REFUNDS_PER_PAGE};
use crate::objects::{UNREADABLE, code, entry, require_id, shop_amount, stripe_amount};
use souk_domain::{Currency, Money};
use std::collections::HashMap;
use stripe_core::refund::{CreateRefund, ListRefund};

/// The metadata entry with the idempotency key of a refund: Stripe itself forgets the key after a
/// day.
const KEY_ENTRY: &str = "souk_key";
/// The metadata entry with the reason for the refund.
const NOTE_ENTRY: &str = "souk_reason";

/// A refund as Stripe reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// `re_…`.
    pub id: String,
    /// The amount.
    pub amount: Money,
    /// Its state.
    pub state: RefundState,
    /// The idempotency key of the call, if it was made through this crate.
    pub key: Option<String>,
    /// The refunded intent, if Stripe reports it.
    pub intent: Option<String>,
    /// The currency's code in lower case.
    pub currency: String,
}

/// The state of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundState {
    /// On its way, or waiting for an action; counts as refunded.
    Pending,
    /// Refunded.
    Succeeded,
    /// It failed: the money is back in the account, and the customer does not have it.
    Failed,
    /// Canceled.
    Canceled,
}

impl RefundState {
    /// True if the customer has the money, or will have it.
    #[must_use]
    pub fn counts(self) -> bool {
        matches!(self, Self::Pending | Self::Succeeded)
    }
}

impl Stripe {
    /// Refunds money of an intent: `amount`, or all that is left for `None`. `note` is for the
    /// operator.
    ///
    /// # Errors
    /// [`CallError`]; [`CallError::WrongState`] if everything is already refunded,
    /// [`CallError::Invalid`] if less is left.
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
    /// [`CallError`]; reports an unknown outcome if there are more than a thousand refunds.
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
