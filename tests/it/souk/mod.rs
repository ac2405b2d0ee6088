//! Souk's own API: refunds, order links, pages, events, webhook endpoints.

mod event_stream;
mod order_links;
mod pages;
mod refunds;
mod webhooks;
