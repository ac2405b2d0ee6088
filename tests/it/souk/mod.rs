//! Souk's own API: its conventions, orders, the catalog, customers, the caller's own data; refunds,
//! order links, pages, events, webhook endpoints.

mod admin_orders;
mod catalog;
mod conventions;
mod customers;
mod event_stream;
mod me;
mod order_links;
mod pages;
mod refunds;
mod webhooks;
