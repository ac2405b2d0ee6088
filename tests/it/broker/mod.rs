//! Events, mails and logs that leave the shop, with a real NATS server and a mail server.

mod broker_log;
mod dead_letters;
mod event_schemas;
mod events;
mod logs;
mod mails;
mod nats_permissions;
mod relay;
mod subscribers;
mod workers;
