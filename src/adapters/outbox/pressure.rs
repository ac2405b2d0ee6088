//! Watches how full the outbox is: warns an operator early, and refuses changes when it is full.

use crate::adapters::tasks::{Interruption, Stop};
use souk_actors::clock;
use souk_actors::outbox::{Outbox, Reader};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often the outbox is checked. It grows by at most some ten thousand rows in between.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// The alarm starts at `max_rows` divided by this.
const ALARM_SHARE: u64 = 10;
/// The alarm also starts when the oldest row has waited this long for the broker.
const ALARM_AGE: Duration = Duration::from_secs(10 * 60);

/// How full the outbox is, as last checked.
#[derive(Debug)]
pub(crate) struct Pressure {
    max_rows: u64,
    is_high: AtomicBool,
    is_full: AtomicBool,
}

impl Pressure {
    /// `max_rows`: pending rows at which the outbox counts as full.
    pub(in crate::adapters) fn new(max_rows: u64) -> Arc<Self> {
        Arc::new(Self {
            max_rows,
            is_high: AtomicBool::new(false),
            is_full: AtomicBool::new(false),
        })
    }

    /// Whether an operator should look.
    pub(in crate::adapters) fn is_high(&self) -> bool {
        self.is_high.load(Ordering::Relaxed)
    }

    /// Whether the shop refuses changes.
    pub(in crate::adapters) fn is_full(&self) -> bool {
        self.is_full.load(Ordering::Relaxed)
    }

    fn update(&self, pending: u64, age: Duration) {
        let is_full = pending >= self.max_rows;
        let is_high = is_full || pending >= self.max_rows / ALARM_SHARE || age >= ALARM_AGE;
        let (was_full, was_high) = (
            self.is_full.swap(is_full, Ordering::Relaxed),
            self.is_high.swap(is_high, Ordering::Relaxed),
        );
        let age_seconds = age.as_secs();
        if is_full && !was_full {
            tracing::error!(pending, age_seconds, "the outbox is full: changes are refused");
        } else if is_high && !was_high {
            tracing::error!(
                pending,
                age_seconds,
                max_rows = self.max_rows,
                "messages pile up in the outbox: nothing takes them out"
            );
        } else if was_high && !is_high {
            tracing::info!(pending, "the outbox is being emptied again");
        }
    }
}

/// Checks the outbox at intervals until `stop`.
pub(in crate::adapters) async fn watch(
    outbox: Outbox,
    reader: Reader,
    pressure: Arc<Pressure>,
    stop: Stop,
) -> Result<(), Interruption> {
    loop {
        let (pending, oldest) = outbox.backlog(reader)?;
        let oldest = match reader {
            Reader::Broker => oldest,
            // A single mail may wait hours for its mail server, so the age of mails raises no alarm.
            Reader::Mail => None,
        };
        let millis = oldest.map_or(0, |oldest| clock::now().get() - oldest.get());
        pressure.update(pending, Duration::from_millis(u64::try_from(millis).unwrap_or(0)));
        tokio::select! {
            () = tokio::time::sleep(LOOK_INTERVAL) => {}
            () = stop.requested() => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_alarm_comes_long_before_the_bound() {
        let pressure = Pressure::new(1_000);
        let young = Duration::from_secs(1);
        let state_at = |pending, age| {
            pressure.update(pending, age);
            (pressure.is_high(), pressure.is_full())
        };
        assert_eq!(state_at(99, young), (false, false));
        assert_eq!(state_at(100, young), (true, false));
        assert_eq!(state_at(999, young), (true, false));
        assert_eq!(state_at(1_000, young), (true, true));
        assert_eq!(state_at(1, ALARM_AGE), (true, false));
        assert_eq!(state_at(0, Duration::ZERO), (false, false));
    }
}
