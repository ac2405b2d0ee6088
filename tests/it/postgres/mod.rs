//! A shop on PostgreSQL: what several processes must agree on, what happens when the database fails, and which
//! databases are refused.

mod agreement;
mod commands;
mod environment;
mod failover;
mod faults;
mod refusals;
mod several;
mod storm;
