//! NATS JetStream: publishes outbox rows, consumes notifications and log messages.

mod ahead;
mod connection;
mod consumer;
mod dead_box;
mod dead_letter;
mod examine;
mod link;
mod log_consumer;
mod log_forwarder;
mod relay;
mod resume;
mod streams;
#[cfg(test)]
mod tests;

pub(crate) use connection::{Broker, BrokerError};
pub(crate) use consumer::NotifyConsumer;
pub(crate) use dead_box::DeadBox;
pub(crate) use examine::{BrokerReport, examine};
pub(crate) use log_consumer::LogConsumer;
pub(crate) use log_forwarder::LogForwarder;
pub(crate) use relay::Relay;
