//! Checkout Sessions: pages at Stripe where an order is paid
//! (<https://docs.stripe.com/api/checkout/sessions>).

use crate::client::Stripe;
use crate::error::CallError;
use crate::objects::{
    PAYMENT_ENTRY, Purchase, UNREADABLE, code, entry, require_id, shop_amount, stripe_amount,
    stripe_currency,
};
use souk_domain::{Currency, Money};
use stripe_checkout::checkout_session::{
    CreateCheckoutSession, CreateCheckoutSessionLineItems, CreateCheckoutSessionLineItemsPriceData,
    CreateCheckoutSessionPaymentIntentData, ExpireCheckoutSession, ProductData,
    RetrieveCheckoutSession,
};
use stripe_shared::{
    CheckoutSession, CheckoutSessionMode, CheckoutSessionPaymentStatus, CheckoutSessionStatus,
};

/// The URLs that a page leads to; `{CHECKOUT_SESSION_ID}` is replaced by the session's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pages {
    /// Opened after paying.
    pub success: String,
    /// Opened after cancelling.
    pub cancel: String,
}

/// The fields of a Checkout Session that the shop uses.
#[derive(Clone, PartialEq, Eq)]
pub struct Checkout {
    /// `cs_…`.
    pub id: String,
    /// The page; `None` when it can no longer be paid. Not printed, because everybody who has it
    /// can pay.
    pub url: Option<String>,
    /// The intent behind it; Stripe creates it when the customer begins to pay.
    pub intent: Option<String>,
    /// The amount.
    pub amount: Money,
    /// Its state.
    pub state: CheckoutState,
    /// The currency's code in lower case.
    pub currency: Option<String>,
    /// Our payment id from its metadata.
    pub payment: Option<String>,
}

impl std::fmt::Debug for Checkout {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = formatter.debug_struct("Checkout");
        shown.field("id", &self.id).field("intent", &self.intent).field("state", &self.state);
        shown.finish_non_exhaustive()
    }
}

/// The state of a Checkout Session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckoutState {
    /// It can be paid.
    Open,
    /// It is paid.
    Paid,
    /// The customer has done everything, and the bank is processing.
    Processing,
    /// It can no longer be paid.
    Expired,
}

impl Stripe {
    /// Opens a page where an order can be paid.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn open_checkout(
        &self,
        key: &str,
        purchase: &Purchase,
        pages: &Pages,
    ) -> Result<Checkout, CallError> {
        let currency = purchase.currency;
        let mut price = CreateCheckoutSessionLineItemsPriceData::new(stripe_currency(currency)?);
        price.unit_amount = Some(stripe_amount(purchase.amount, currency));
        price.product_data = Some(ProductData::new(purchase.title.clone()));
        let mut line = CreateCheckoutSessionLineItems::new();
        line.price_data = Some(price);
        line.quantity = Some(1);
        // So that a payment can be traced to its order from either end.
        let mut intent = CreateCheckoutSessionPaymentIntentData::new();
        intent.description = Some(purchase.title.clone());
        intent.metadata = Some(purchase.metadata());
        let request = CreateCheckoutSession::new()
            .mode(CheckoutSessionMode::Payment)
            .line_items(vec![line])
            .metadata(purchase.metadata())
            .payment_intent_data(intent)
            .success_url(pages.success.clone())
            .cancel_url(pages.cancel.clone());
        read(self.change(&request, key).await?, currency)
    }

    /// Retrieves a Checkout Session.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn retrieve_checkout(
        &self,
        id: &str,
        currency: Currency,
    ) -> Result<Checkout, CallError> {
        let request = RetrieveCheckoutSession::new(require_id(id)?);
        read(self.ask(&request).await?, currency)
    }

    /// Closes a page, so that it can no longer be paid.
    ///
    /// # Errors
    /// [`CallError`]; [`CallError::Invalid`] if it is already paid or closed: retrieve it then.
    pub async fn expire_checkout(
        &self,
        key: &str,
        id: &str,
        currency: Currency,
    ) -> Result<Checkout, CallError> {
        let request = ExpireCheckoutSession::new(require_id(id)?);
        read(self.change(&request, key).await?, currency)
    }
}

fn read(session: CheckoutSession, currency: Currency) -> Result<Checkout, CallError> {
    let state = match (&session.status, &session.payment_status) {
        (_, CheckoutSessionPaymentStatus::Paid) => CheckoutState::Paid,
        (Some(CheckoutSessionStatus::Open), _) => CheckoutState::Open,
        (Some(CheckoutSessionStatus::Expired), _) => CheckoutState::Expired,
        (Some(CheckoutSessionStatus::Complete), CheckoutSessionPaymentStatus::Unpaid) => {
            CheckoutState::Processing
        }
        _ => return Err(UNREADABLE),
    };
    Ok(Checkout {
        id: session.id.as_str().to_owned(),
        url: session.url,
        intent: session.payment_intent.map(|intent| intent.id().as_str().to_owned()),
        amount: shop_amount(session.amount_total.ok_or(UNREADABLE)?, currency)?,
        state,
        currency: session.currency.as_ref().map(code),
        payment: entry(session.metadata.as_ref(), PAYMENT_ENTRY),
    })
}
