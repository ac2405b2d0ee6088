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

/// The fields of a payment intent that the shop uses.
#[derive(Clone, PartialEq, Eq)]
pub struct Intent {
    /// `pi_…`.
    pub id: String,
    /// The secret that the customer's browser pays with. Not printed, because everybody who has it
    /// can pay.
    pub client_secret: String,
    /// The amount to charge.
    pub amount: Money,
    /// The amount taken.
    pub amount_received: Money,
    /// Its state.
    pub state: IntentState,
    /// Why the last attempt to charge was declined, if it was.
    pub last_decline: Option<Decline>,
    /// The currency's code in lower case.
    pub currency: String,
    /// Our payment id from its metadata.
    pub payment: Option<String>,
}

impl std::fmt::Debug for Intent {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = formatter.debug_struct("Intent");
        shown.field("id", &self.id).field("amount", &self.amount).field("state", &self.state);
        shown.finish_non_exhaustive()
    }
}

/// The state of a payment intent (<https://docs.stripe.com/payments/paymentintents/lifecycle>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntentState {
    /// No usable payment method yet; also the state after a decline.
    RequiresPaymentMethod,
    /// It has a payment method, which must be confirmed.
    RequiresConfirmation,
    /// The customer must act (3-D Secure).
    RequiresAction,
    /// The bank is processing.
    Processing,
    /// The money is held but not taken; the shop never requests that.
    RequiresCapture,
    /// The money is taken.
    Succeeded,
    /// Given up.
    Canceled,
}

/// The result of an attempt to charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// The intent after the attempt: paid, or waiting for the customer or the bank.
    Answered(Intent),
    /// The card was declined; another one may be tried.
    Declined(Decline),
}

impl Stripe {
    /// Creates an intent. It allows only payment methods without a redirect, so that the shop can
    /// confirm it with a method alone.
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
    /// [`CallError`]; [`CallError::WrongState`] if it is paid or canceled: retrieve it then.
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

    /// Retrieves an intent.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn retrieve_intent(&self, id: &str, currency: Currency) -> Result<Intent, CallError> {
        let request = RetrievePaymentIntent::new(require_id(id)?);
        read(self.ask(&request).await?, currency)
    }

    /// Cancels an intent, so that it can never be paid.
    ///
    /// # Errors
    /// [`CallError`]; [`CallError::WrongState`] if it is already paid or canceled.
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
