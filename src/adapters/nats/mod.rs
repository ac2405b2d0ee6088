//! NATS JetStream: outbox rows out, notifications in.

mod connection;
mod consumer;
mod dead_box;
mod dead_letter;
mod relay;
mod resume;
mod streams;
#[cfg(test)]
mod tests;

pub(crate) use connection::{Broker, BrokerError};
pub(crate) use consumer::NotifyConsumer;
pub(crate) use dead_box::DeadBox;
pub(crate) use relay::Relay;
