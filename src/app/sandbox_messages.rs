//! The sandbox's messages on their way to the shop: signed, and handed to the very webhook that a
//! gateway elsewhere would call, in the order in which they happened, each until it is taken.

use super::App;
use crate::edge::Request;
use crate::edge::headers::STRIPE_SIGNATURE;
use bytes::Bytes;
use http::Method;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use souk_actors::sandbox::{SandboxEvent, SandboxGateway};
use souk_actors::{Failure, clock};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Where the shop hears of payments (storefront document, 24).
const WEBHOOK_PATH: &str = "/api/v1/webhooks/stripe/";
/// Messages that are delivered before they are ticked off together.
const BATCH: usize = 50;
/// How long somebody waits for the shop to have heard what happened.
const SOON: Duration = Duration::from_secs(2);
/// How long the sandbox waits before it sends a message again.
const PAUSE: Duration = Duration::from_secs(1);

impl App {
    /// Delivers messages until `stop` turns true.
    pub(crate) async fn keep_delivering_sandbox_messages(
        self: Arc<Self>,
        mut stop: watch::Receiver<bool>,
    ) {
        let Some(sandbox) = self.shop.sandbox.clone() else { return };
        let mut commits = self.shop.store.commits();
        while !*stop.borrow_and_update() {
            commits.mark_unchanged();
            if let Err(failure) = self.deliver_sandbox_messages(&sandbox).await {
                tracing::warn!(%failure, "the sandbox will send its message again");
                // Either the time or the stop ends the wait.
                let _ = tokio::time::timeout(PAUSE, stop.changed()).await;
                continue;
            }
            tokio::select! {
                _ = stop.changed() => {}
                changed = commits.changed() => {
                    if changed.is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// Lets who looks at once see what happened. If that takes too long, the messages arrive a
    /// little later.
    pub(crate) async fn deliver_sandbox_messages_soon(self: &Arc<Self>) {
        let Some(sandbox) = &self.shop.sandbox else { return };
        let delivering = self.deliver_sandbox_messages(sandbox);
        match tokio::time::timeout(SOON, delivering).await {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => tracing::warn!(%failure, "the sandbox will send it again"),
            Err(_) => tracing::warn!("the shop is slow to hear the sandbox"),
        }
    }

    /// Delivers what there is, in order; one that is not taken holds up those behind it.
    async fn deliver_sandbox_messages(
        self: &Arc<Self>,
        sandbox: &SandboxGateway,
    ) -> Result<(), Failure> {
        let _in_order = self.sandbox_delivery.lock().await;
        loop {
            let events = sandbox.undelivered(BATCH)?;
            if events.is_empty() {
                return Ok(());
            }
            let mut taken = Vec::with_capacity(events.len());
            let mut failed = None;
            for event in events {
                let sequence = event.sequence;
                match self.deliver(event).await {
                    Ok(()) => taken.push(sequence),
                    Err(failure) => {
                        failed = Some(failure);
                        break;
                    }
                }
            }
            if !taken.is_empty() {
                sandbox.delivered(taken).await?;
            }
            if let Some(failure) = failed {
                return Err(failure);
            }
        }
    }

    async fn deliver(self: &Arc<Self>, event: SandboxEvent) -> Result<(), Failure> {
        let Some(secret) = self.webhook_secrets.first() else { return Err(Failure::Unavailable) };
        let signature = souk_stripe::sign(secret, &event.body, clock::now().seconds());
        let body = event.body.into_bytes();
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let signature = HeaderValue::try_from(signature).expect("digits and letters");
        headers.insert(STRIPE_SIGNATURE, signature);
        let path = WEBHOOK_PATH.to_owned();
        let mut request = Request::new(Method::POST, path, String::new(), headers);
        request.body = Bytes::from(body);
        let answer = Arc::clone(self).answer(request).await;
        if answer.status.is_success() {
            return Ok(());
        }
        tracing::warn!(event = event.id, status = %answer.status, "a message was not taken");
        Err(Failure::Unavailable)
    }
}
