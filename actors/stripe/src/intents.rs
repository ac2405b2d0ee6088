//! Payment intents (<https://docs.stripe.com/api/payment_intents>).

use crate::client::Stripe;
use crate::error::{CallError, Decline};
use crate::objects::{
    PAYMENT_ENTRY, Purchase, UNREADABLE, code, entry, require_id, shop_amount, stripe_amount,
    stripe_currency,
};
use souk_domain::{Currency, Money};
use stripe_core::payment_intent::{
    CancelPaymentIntent, ConfirmPaymentIntent, CreatePaymentIntent,
    CreatePaymentIntentAutomaticPaymentMethods,
    CreatePaymentIntentAutomaticPaymentMethodsAllowRedirects, RetrievePaymentIntent,
};
use stripe_shared::{PaymentIntent, PaymentIntentStatus};

/// A payment intent, as far as the shop cares.
#[derive(Clone, PartialEq, Eq)]
pub struct Intent {
    /// `pi_…`.
    pub id: String,
    /// What the customer's browser pays with. Whoever has it can pay, so it is not printed.
    pub client_secret: String,
    /// How much it is to charge.
    pub amount: Money,
    /// How much was taken.
    pub amount_received: Money,
    /// Where it stands.
    pub state: IntentState,
    /// Why the last attempt to charge was refused, if it was.
    pub last_decline: Option<Decline>,
    /// Code of its currency in small letters.
    pub currency: String,
    /// The payment of the shop it was made for, by its metadata.
    pub payment: Option<String>,
}

impl std::fmt::Debug for Intent {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = formatter.debug_struct("Intent");
        shown.field("id", &self.id).field("amount", &self.amount).field("state", &self.state);
        shown.finish_non_exhaustive()
    }
}

/// Where a payment intent stands (<https://docs.stripe.com/payments/paymentintents/lifecycle>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntentState {
    /// No usable payment method yet; a decline leads back here.
    RequiresPaymentMethod,
    /// A method is there and must be confirmed.
    RequiresConfirmation,
    /// The customer must act (3-D Secure).
    RequiresAction,
    /// The bank is at it.
    Processing,
    /// The money is held and not yet taken; the shop never asks for that.
    RequiresCapture,
    /// The money is taken.
    Succeeded,
    /// Given up.
    Canceled,
}

/// What came of an attempt to charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// The intent as it stands now: paid, or waiting for the customer or the bank.
    Answered(Intent),
    /// The card was refused; another one may be tried.
    Declined(Decline),
}

impl Stripe {
    /// Makes an intent, payable by whatever needs no redirect, so that it can be confirmed from here
    /// with a method alone.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn create_intent(&self, key: &str, purchase: &Purchase) -> Result<Intent, CallError> {
        let currency = purchase.currency;
        let methods = CreatePaymentIntentAutomaticPaymentMethods {
            allow_redirects: Some(CreatePaymentIntentAutomaticPaymentMethodsAllowRedirects::Never),
            enabled: true,
        };
        let amount = stripe_amount(purchase.amount, currency);
        let request = CreatePaymentIntent::new(amount, stripe_currency(currency)?)
            .automatic_payment_methods(methods)
            .description(purchase.title.clone())
            .metadata(purchase.metadata());
        read(self.change(&request, key).await?, currency)
    }

    /// Tries to charge a payment method.
    ///
    /// # Errors
    /// [`CallError`]; [`CallError::WrongState`] if it is paid or canceled: ask how it stands.
    pub async fn confirm_intent(
        &self,
        key: &str,
        id: &str,
        payment_method: &str,
        currency: Currency,
    ) -> Result<Confirmation, CallError> {
        let request = ConfirmPaymentIntent::new(require_id(id)?).payment_method(payment_method);
        match self.change(&request, key).await {
            Ok(intent) => Ok(Confirmation::Answered(read(intent, currency)?)),
            Err(CallError::Declined(decline)) => Ok(Confirmation::Declined(decline)),
            Err(error) => Err(error),
        }
    }

    /// Asks how an intent stands.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn retrieve_intent(&self, id: &str, currency: Currency) -> Result<Intent, CallError> {
        let request = RetrievePaymentIntent::new(require_id(id)?);
        read(self.ask(&request).await?, currency)
    }

    /// Gives an intent up, so that it can never be paid.
    ///
    /// # Errors
    /// [`CallError`]; [`CallError::WrongState`] if it is paid or canceled already.
    pub async fn cancel_intent(
        &self,
        key: &str,
        id: &str,
        currency: Currency,
    ) -> Result<Intent, CallError> {
        let request = CancelPaymentIntent::new(require_id(id)?);
        read(self.change(&request, key).await?, currency)
    }
}

fn read(intent: PaymentIntent, currency: Currency) -> Result<Intent, CallError> {
    let last_decline = intent.last_payment_error.map(|error| Decline::of(*error));
    Ok(Intent {
        id: intent.id.as_str().to_owned(),
        client_secret: intent.client_secret.unwrap_or_default(),
        amount: shop_amount(intent.amount, currency)?,
        amount_received: shop_amount(intent.amount_received, currency)?,
        state: state(&intent.status).ok_or(UNREADABLE)?,
        last_decline,
        currency: code(&intent.currency),
        payment: entry(Some(&intent.metadata), PAYMENT_ENTRY),
    })
}

fn state(status: &PaymentIntentStatus) -> Option<IntentState> {
    Some(match status {
        PaymentIntentStatus::RequiresPaymentMethod => IntentState::RequiresPaymentMethod,
        PaymentIntentStatus::RequiresConfirmation => IntentState::RequiresConfirmation,
        PaymentIntentStatus::RequiresAction => IntentState::RequiresAction,
        PaymentIntentStatus::Processing => IntentState::Processing,
        PaymentIntentStatus::RequiresCapture => IntentState::RequiresCapture,
        PaymentIntentStatus::Succeeded => IntentState::Succeeded,
        PaymentIntentStatus::Canceled => IntentState::Canceled,
        _ => return None,
    })
}
