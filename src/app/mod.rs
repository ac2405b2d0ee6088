//! The application that all contracts share: the open shop, authentication, and the commit of a
//! request.

mod accounts;
mod caller;
mod commit;
mod failures;
mod gateway_messages;
mod guest_orders;
mod guests;
mod idempotency;
mod kept_bounds;
mod lists;
mod order_card;
mod orders;
mod password_reset;
mod payment_page;
mod privacy;
mod problem;
mod product_bodies;
mod products;
mod returns;
mod sandbox_messages;
mod seal;
mod services;
mod streams;
#[cfg(test)]
mod tests;
mod throttle;

pub(crate) use caller::{IssuedTokens, Principal, Visitor};
pub(crate) use failures::failure_answer;
pub(crate) use gateway_messages::{Event, GatewayMessageError};
pub(crate) use guest_orders::{GuestLimits, GuestSlot};
pub(crate) use guests::{CartKeyHeaders, cart_key_field, presented_cart_key, presents_cart_key};
pub(crate) use idempotency::Repeat;
pub(crate) use kept_bounds::KeptLimits;
pub(crate) use lists::Reading;
pub(crate) use order_card::OrderCard;
pub(crate) use password_reset::RESET_LINK_PATH;
pub(crate) use problem::{Problem, Wording};
pub(crate) use product_bodies::ProductShape;
pub(crate) use products::{NamedCategory, plain_draft, stock_range};
pub(crate) use returns::ReturnSettings;
pub(crate) use services::{ServiceName, ServiceTokens};

use crate::adapters::AdapterStatus;
use crate::adapters::http::AddressPolicy;
use crate::edge::openapi::Contract;
use crate::edge::{Answer, CursorSeal, Request, Router, TokenKey};
use crate::logs::Archive;
use guests::GuestSeal;
use idempotency::RunningKeys;
use kept_bounds::KeptBounds;
use product_bodies::ProductBodies;
use returns::Returns;
use seal::AnswerSeal;
use souk_actors::orders::{OrderLinks, OrderSeal};
use souk_actors::{Failure, Shop};
use souk_stripe::WebhookSecret;
use std::net::SocketAddr;
use std::sync::Arc;
use streams::Streams;
use throttle::Throttle;

/// The application: one per process.
pub(crate) struct App {
    /// The open shop.
    pub(crate) shop: Shop,
    /// The base of links in answers, if the operator sets one.
    pub(crate) public_url: Option<String>,
    /// The base of links in mails: the public URL, otherwise the address we listen on. Never taken
    /// from a request, because the mail goes to somebody else.
    pub(crate) mailed_url: String,
    /// The name of the shop.
    pub(crate) shop_name: String,
    /// The state of the adapters: broker, mail, webhooks.
    pub(crate) adapters: AdapterStatus,
    /// The store of log lines.
    pub(crate) archive: Archive,
    /// The gateway signs its messages with one of these.
    pub(crate) webhook_secrets: Vec<WebhookSecret>,
    /// Whether the gateway's `payment_failed` cancels a pending order.
    pub(crate) cancels_on_payment_failed: bool,
    /// Which addresses administrators' webhook endpoints may have.
    pub(crate) webhook_reach: AddressPolicy,
    /// What guests may do.
    pub(crate) guest_limits: GuestLimits,
    returns: Returns,
    tokens: TokenKey,
    services: ServiceTokens,
    guests: GuestSeal,
    answers: AnswerSeal,
    order_seal: OrderSeal,
    /// Signs the cursors of lists.
    pub(crate) cursors: CursorSeal,
    running_keys: RunningKeys,
    /// Locked while the sandbox's messages are delivered, to keep them in order.
    sandbox_delivery: tokio::sync::Mutex<()>,
    kept_bounds: KeptBounds,
    /// `None` if the operator has switched throttling off.
    throttle: Option<Throttle>,
    /// Streaming answers, which last until the shop closes.
    pub(crate) streams: Streams,
    product_bodies: ProductBodies,
    /// Threads that read lists for clients in turn.
    pub(crate) reading: Reading,
    /// The routes of every contract.
    pub(crate) router: Router<App>,
    /// The contracts that have an OpenAPI description.
    pub(crate) contracts: &'static [Contract],
}

/// The operator's settings for the application.
#[derive(Clone, Debug)]
pub(crate) struct AppSettings {
    /// The key that signs tokens.
    pub(crate) jwt_secret: Vec<u8>,
    /// The base of links in answers; `None`: derived from each request.
    pub(crate) public_url: Option<String>,
    /// The address we listen on.
    pub(crate) address: SocketAddr,
    /// The name of the shop.
    pub(crate) shop_name: String,
    /// Where customers are redirected after paying.
    pub(crate) returns: ReturnSettings,
    /// Whether log-in attempts, registrations and guests' orders are throttled.
    pub(crate) throttles_guessing: bool,
    /// What guests may do.
    pub(crate) guest_limits: GuestLimits,
    /// How much data is stored for strangers.
    pub(crate) kept_limits: KeptLimits,
    /// Other systems that may call the shop.
    pub(crate) services: ServiceTokens,
    /// The gateway signs its messages with one of these.
    pub(crate) webhook_secrets: Vec<WebhookSecret>,
    /// Whether the gateway's `payment_failed` cancels a pending order.
    pub(crate) cancels_on_payment_failed: bool,
    /// Which addresses administrators' webhook endpoints may have.
    pub(crate) webhook_reach: AddressPolicy,
}

impl AppSettings {
    /// The base of links in mails, without a slash at the end.
    fn mailed_url(&self) -> String {
        let own_url = || format!("http://{}", self.address);
        let url = self.public_url.clone().unwrap_or_else(own_url);
        url.trim_end_matches('/').to_owned()
    }

    /// Makes the links in mails about orders.
    pub(crate) fn order_links(&self) -> OrderLinks {
        OrderLinks { base_url: self.mailed_url(), seal: OrderSeal::new(&self.jwt_secret) }
    }
}

impl App {
    /// An application that serves the routes of `router`.
    pub(crate) fn new(
        shop: Shop,
        settings: AppSettings,
        adapters: AdapterStatus,
        archive: Archive,
        reading: Reading,
        router: Router<Self>,
        contracts: &'static [Contract],
    ) -> Arc<Self> {
        let mailed_url = settings.mailed_url();
        let mut own_urls = vec![mailed_url.clone()];
        if settings.public_url.is_none() && settings.address.ip().is_loopback() {
            own_urls.push(format!("http://localhost:{}", settings.address.port()));
        }
        Arc::new(Self {
            shop,
            mailed_url,
            public_url: settings.public_url,
            shop_name: settings.shop_name,
            webhook_secrets: settings.webhook_secrets,
            cancels_on_payment_failed: settings.cancels_on_payment_failed,
            webhook_reach: settings.webhook_reach,
            adapters,
            archive,
            returns: Returns::new(settings.returns, &own_urls),
            tokens: TokenKey::new(&settings.jwt_secret),
            services: settings.services,
            guests: GuestSeal::new(&settings.jwt_secret),
            answers: AnswerSeal::new(&settings.jwt_secret),
            order_seal: OrderSeal::new(&settings.jwt_secret),
            cursors: CursorSeal::new(&settings.jwt_secret),
            running_keys: RunningKeys::default(),
            sandbox_delivery: tokio::sync::Mutex::default(),
            guest_limits: settings.guest_limits,
            kept_bounds: KeptBounds::new(settings.kept_limits),
            throttle: settings.throttles_guessing.then(|| Throttle::new(&settings.guest_limits)),
            streams: Streams::default(),
            product_bodies: ProductBodies::default(),
            reading,
            router,
            contracts,
        })
    }

    /// Answers one request. What it reads is never older than what another process answered before.
    pub(crate) async fn answer(self: Arc<Self>, request: Request) -> Answer {
        let has_problems = self.router.has_problems(&request);
        let answer = self.answer_in_turn(request).await;
        if has_problems { answer.into_problem() } else { answer }
    }

    async fn answer_in_turn(self: Arc<Self>, mut request: Request) -> Answer {
        self.reading.note(request.client);
        if !request.method.is_safe() && self.adapters.is_outbox_full() {
            return failure_answer(&Failure::OutboxFull);
        }
        if !is_about_the_process(&request)
            && let Err(error) = self.shop.store.catch_up().await
        {
            return failure_answer(&Failure::Store(error));
        }
        let is_personal = privacy::is_personal(&request);
        let held = match self.hold_idempotency_key(&mut request) {
            Ok(held) => held,
            Err(answer) => return privacy::with_no_store(is_personal, answer),
        };
        let answer = self.router.answer(&self, request).await;
        let answer = match &held {
            Some(held) => held.judge_failed(answer),
            None => answer,
        };
        // Releases the key. A successful answer is stored by now; a refused request stores no answer.
        drop(held);
        privacy::with_no_store(is_personal, answer)
    }
}

/// True for operations that tell about this process, and answer while the database is away.
fn is_about_the_process(request: &Request) -> bool {
    matches!(request.path.as_str(), "/healthz" | "/readyz" | "/metrics")
}
