//! Behaviour of every contract: permissions, bad input, idempotency keys, throttles.

mod access;
mod as_django;
mod as_django_ids;
mod as_drf;
mod bad_input;
mod caching;
mod clients;
mod cors;
mod cross_contract;
mod descriptions;
mod free_orders;
mod fresh_lists;
mod guest_limits;
mod kept_bounds;
mod request_log;
mod scenarios;
mod sessions;
mod stored_answers;
mod texts;
mod throttle;
